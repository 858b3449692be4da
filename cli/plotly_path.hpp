#pragma once

#include <cstdlib>
#include <filesystem>

namespace pamkit::cli {

/// The plotly.min.js that pages inline: named by the environment variable PAMKIT_PLOTLY_JS, else
/// where the build was told to find it.
inline std::filesystem::path plotly_path() {
  const char* const named = std::getenv("PAMKIT_PLOTLY_JS");
  return named != nullptr && *named != '\0' ? named : PAMKIT_PLOTLY_JS;
}

}  // namespace pamkit::cli
