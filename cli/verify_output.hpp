#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "failure.hpp"
#include "pamkit/properties/suite.hpp"

namespace pamkit::cli {

/// Where the results of a run go, and how many failures are printed in full.
struct verify_output {
  explicit verify_output(const std::filesystem::path& folder)
      : file(folder / "verify.json"), journal(folder / "verify.journal") {}

  std::filesystem::path file;
  std::filesystem::path journal;  ///< what an exhaustive run keeps beside it
  std::string json_file;
  std::string junit_file;
  std::uint64_t errors = 0;
  bool quiet = false;
};

/// Refuses, before any work is done, files that could not be written.
void require_writable(const verify_output& output, bool force);

/// Adds what `prove` has on record in the folder of the output, for what was asked.
void add_proofs(const properties::suite_options& asked, const verify_output& output,
                properties::suite_results& results);

/// Whether a statement was judged at all, or is known not to be promised; a run without one has
/// verified nothing.
bool has_verdict(const properties::suite_results& results);

/// What such a run ends with: how many statements could not be run, and why the first could not.
failure nothing_verified(const properties::suite_results& results);

/// Prints and writes the results of a whole run, with a row for each backend that is not here.
/// `document` is what goes to the file; empty: the results as pamkit.verify/1.
exit_code show_results(properties::suite_results results,
                       const std::vector<std::string>& absent_backends,
                       const verify_output& output, std::string document = {});

}  // namespace pamkit::cli
