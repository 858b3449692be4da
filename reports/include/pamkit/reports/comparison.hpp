#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "pamkit/reports/error_report.hpp"

/// The comparison page of training runs: a table over arithmetics and seeds and the learning
/// curves, from the run folders that training writes. Reads files only: no LibTorch.

namespace pamkit::reports {

struct compare_options {
  /// Run folders (those that hold config.json), or folders of run folders. Order is kept; a folder
  /// that is named twice is read once.
  std::vector<std::filesystem::path> directories;
  std::filesystem::path out_dir = "compare";
  std::filesystem::path plotly;    ///< as in error_report_options
  std::filesystem::path markdown;  ///< also a page of Markdown with the tables, where not empty
  /// Where not empty, KEEP/RECIPE/ARM-SEED gets what comparisons read of each run: no checkpoints,
  /// no parameters and no sentences. Each such folder appears whole or not at all, and replaces an
  /// earlier one; one that holds anything else is refused.
  std::filesystem::path keep{};
  /// Arms that every recipe should have, named as in the tables; one that has no run is shown as
  /// not run. Further ones of a recipe stand beside its run folders in a file expected.txt, one a
  /// line.
  std::vector<std::string> expected;
  std::string command = "./pamkit compare";
};

struct compare_result {
  std::filesystem::path json_file;  ///< OUT/compare.json, schema pamkit.compare/1
  std::filesystem::path page_file;  ///< OUT/index.html, empty if it was not written
  std::string page_problem;         ///< one line (exit code 2) if it was not
  std::vector<std::string>
      problems;  ///< one line per damaged run (exit code 2); the others are compared
  std::size_t runs = 0;
  std::string summary;  ///< the table as plain text, for standard output
};

/// Writes OUT/compare.json, OUT/index.html and the page of Markdown, each whole or not at all.
/// Throws input_error if no folder holds a readable run, if a named folder does not exist and where
/// OUT cannot be written.
compare_result compare_runs(const compare_options& options);

}  // namespace pamkit::reports
