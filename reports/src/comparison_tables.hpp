#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "run_folder.hpp"

namespace pamkit::reports {

/// A mean over seeds, with the half width of its 95 % interval where there are two or more.
struct estimate {
  double mean = 0;
  std::optional<double> half_width;
  int count = 0;
};

/// The mean of some numbers; nothing of none. The interval is Student's, of independent normal
/// samples.
std::optional<estimate> estimate_mean(const std::vector<double>& values);

/// All runs of one recipe that differ in the seed only.
struct arm_summary {
  std::string recipe;
  std::string arm;
  std::string metric;
  std::vector<const training_run*> runs;
  std::optional<estimate> value;
  std::optional<estimate> valid_loss;
  std::optional<estimate> value_difference;       ///< to exact, of runs with the same seed
  std::optional<estimate> valid_loss_difference;  ///< to exact, of runs with the same seed
  std::optional<estimate> throughput;
  std::string throughput_unit;
  std::optional<double> speed;  ///< throughput relative to native's
};

struct comparison {
  std::string command;
  std::vector<training_run> runs;
  std::vector<arm_summary> arms;  ///< pointers into `runs`
  std::vector<std::string> hazards;
  std::vector<std::string> problems;
};

/// Groups runs into arms: exact and native first, then as found. Diverged and unfinished runs enter
/// no mean. `runs` must not change afterwards.
void summarise(comparison& c);

/// The file of schema pamkit.compare/1.
nlohmann::ordered_json to_compare_json(const comparison& c);

std::string comparison_text(const comparison& c);
std::string render_comparison_page(const comparison& c, const nlohmann::ordered_json& json,
                                   const std::string& plotly);

}  // namespace pamkit::reports
