#include "verify_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "console.hpp"
#include "json_output.hpp"
#include "options.hpp"
#include "pamkit/proofs/record.hpp"
#include "pamkit/properties/verify_json.hpp"
#include "verify_text.hpp"

namespace pamkit::cli {
namespace {

using properties::result;
using properties::run_status;

// The row that says that a backend which was asked for is not here.
result absent_row(const std::string& backend) {
  result row;
  row.property = "all";
  row.operation = "all";
  row.format = row.arithmetic = row.policy = row.overflow = "any";
  row.backend = backend;
  row.domain = "any";
  row.status = run_status::not_run;
  row.reason = absent_backend_message(backend);
  return row;
}

}  // namespace

void require_writable(const verify_output& output, bool force) {
  cli::require_writable(output.file, force);
  if (!output.json_file.empty() && output.json_file != "-")
    require_writable(output.json_file, true);
  if (!output.junit_file.empty() && output.junit_file != "-")
    require_writable(output.junit_file, true);
  if (output.json_file == "-" && output.junit_file == "-")
    throw failure("--junit: --json has standard output already; name a file for one of them");
  // --json may name verify.json itself: both are the same document.
  require_distinct({output.file, output.journal, output.junit_file});
  require_distinct({output.json_file, output.journal, output.junit_file});
}

void add_proofs(const properties::suite_options& asked, const verify_output& output,
                properties::suite_results& results) {
  // The proofs are about the default profile.
  if (!asked.profiles.empty() && std::ranges::find(asked.profiles, profile::standard) == asked.profiles.end())
    return;
  try {
    const auto folder = proofs::read_folder(proofs::default_folder());
    const auto record = output.file.parent_path() / "prove.json";
    for (result& row : proofs::proved_rows(record, folder, asked))
      results.rows.push_back(std::move(row));
  } catch (const std::exception& error) {
    // An installed program may be far from the proof files.
    result row;
    row.property = row.operation = "all";
    row.format = row.arithmetic = row.policy = row.overflow = row.domain = "any";
    row.backend = "specification";
    row.mode = properties::run_mode::proved;
    row.status = run_status::not_run;
    row.reason = error.what();
    results.rows.push_back(std::move(row));
  }
}

bool has_verdict(const properties::suite_results& results) {
  return results.rows.size() > results.count(run_status::not_run);
}

failure nothing_verified(const properties::suite_results& results) {
  // The reason of most rows, of several such the one met first: what one arithmetic lacks is not why
  // the others were not run.
  std::vector<std::pair<std::string, std::size_t>> reasons;
  for (const result& row : results.rows) {
    if (row.status != run_status::not_run || row.reason.empty()) continue;
    auto it = std::ranges::find(reasons, row.reason, &std::pair<std::string, std::size_t>::first);
    if (it == reasons.end()) it = reasons.insert(it, {row.reason, 0});
    ++it->second;
  }
  const auto usual =
      std::ranges::max_element(reasons, {}, &std::pair<std::string, std::size_t>::second);
  return failure(fmt::format("nothing to verify: no statement could be run ({} of them){}",
                             results.count(run_status::not_run),
                             usual == reasons.end() ? "" : ": " + usual->first));
}

exit_code show_results(properties::suite_results results,
                       const std::vector<std::string>& absent_backends,
                       const verify_output& output, std::string document) {
  for (const std::string& name : absent_backends) results.rows.push_back(absent_row(name));
  // With --json - or --junit - standard output is that document alone.
  const bool prints = output.json_file != "-" && output.junit_file != "-";
  if (prints) {
    if (!output.quiet) write_out(tallies_text(results.rows) + reasons_text(results.rows));
    write_out(failures_text(results.rows, output.errors));
  }
  if (document.empty()) document = properties::write_verify_json(results);
  const auto write_to = [](const std::string& text, const std::string& file) {
    if (file == "-") {
      write_out(text);
    } else if (!file.empty()) {
      write_text(text, file);
    }
  };
  write_text(document, output.file);
  write_to(document, output.json_file);
  if (!output.junit_file.empty())
    write_to(properties::write_junit_xml(results), output.junit_file);
  if (prints) {
    print_out("{}{} passed, {} failed, {} not promised, {} not run; {} written\n",
              output.quiet ? "" : "\n", results.count(run_status::pass),
              results.count(run_status::fail), results.count(run_status::not_promised),
              results.count(run_status::not_run), output.file.string());
  }
  const exit_code code = absent_backends.empty() ? exit_code::passed : exit_code::missing;
  return results.passed() ? code : graver(code, exit_code::wrong);
}

}  // namespace pamkit::cli
