#pragma once

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace pamkit::cli {

/// --plotly: the plotly.min.js that pages inline. Without it the environment variable
/// PAMKIT_PLOTLY_JS names one, else the build was told where it is.
class plotly_option {
 public:
  void attach(CLI::App& app) {
    app.add_option("--plotly", text_,
                   "the plotly.min.js to put into the page (default: the pinned one)")
        ->type_name("FILE");
  }

  std::filesystem::path read() const {
    if (!text_.empty()) return text_;
    const char* const named = std::getenv("PAMKIT_PLOTLY_JS");
    return named != nullptr && *named != '\0' ? named : PAMKIT_PLOTLY_JS;
  }

 private:
  std::string text_;
};

}  // namespace pamkit::cli
