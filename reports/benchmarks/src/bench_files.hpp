#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "run.hpp"

namespace pamkit::benchmarks {

/// pamkit.bench/1.
nlohmann::ordered_json bench_json(const run_result& r, const std::string& target,
                                  const std::string& command);

/// One self-contained page from a pamkit.bench/1. `plotly` is the text of plotly.min.js.
std::string bench_page(const nlohmann::ordered_json& bench, const std::string& plotly);

/// The same as tables in Markdown.
std::string bench_markdown(const nlohmann::ordered_json& bench);

/// The ratios as lines for a terminal.
std::string bench_table(const run_result& r);

}  // namespace pamkit::benchmarks
