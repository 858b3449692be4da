#include "pamkit/properties/suite.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "kernel_rows.hpp"
#include "pamkit/profiles.hpp"
#include "pamkit/properties/suite_record.hpp"
#include "row_joining.hpp"
#include "suite_context.hpp"
#include "task_registry.hpp"

namespace pamkit::properties {
namespace {

// Below this many cases a sampled run is not expected to meet every class.
constexpr std::size_t kFewestCasesForCoverage = 2000;

result coverage_row(const suite_options& options, const used_cases& entry,
                    const format_description& format, const std::vector<case_class>& required) {
  result row{.property = "generator", .operation = entry.what, .format = format.name};
  std::set<std::string> labels;
  for (const arithmetic_choice& a : options.arithmetics) {
    const configuration c = a.configure(entry.shape.format, {}, {});
    const bool covered = under_profile(a, entry.shape.profile).has_value();
    if (covered && c.compensation == entry.shape.compensation) labels.insert(a.label);
  }
  row.arithmetic = fmt::format("{}", fmt::join(labels, ","));
  row.policy = row.overflow = row.backend = "any";
  row.compensation = entry.shape.compensation;
  row.profile = name_of(entry.shape.profile);
  row.domain = "the case classes that sampled runs have to reach";
  row.cases = entry.cases;
  row.seed = options.seed;
  std::vector<std::string_view> missed;
  for (const case_class c : required) {
    if (entry.reached[static_cast<std::size_t>(c)] == 0) missed.push_back(name_of(c));
  }
  if (missed.empty()) return row;
  const bool too_few = options.count != 0 && options.count < kFewestCasesForCoverage;
  row.status = too_few ? run_status::not_run : run_status::fail;
  row.reason = fmt::format("{}not reached: {}", too_few ? "too few cases were asked for; " : "",
                           fmt::join(missed, ", "));
  return row;
}

// Scalar cases first, then those of contractions, then those of layers.
using cases_key = std::tuple<int, std::string, std::int32_t, std::string>;

cases_key key_of(const used_cases& c) {
  const int kind = c.is_layer ? 2 : find_tensor_operation(c.what) != nullptr ? 1 : 0;
  return {kind, describe(c.shape.format).name, c.shape.compensation, c.what};
}

// Several processes may have made the same cases: they count once.
void add_coverage(const suite_options& options, const std::vector<used_cases>& cases,
                  suite_results& results) {
  std::map<cases_key, const used_cases*> entries;
  for (const used_cases& c : cases) entries.emplace(key_of(c), &c);
  for (const auto& [key, entry] : entries) {
    const format_description format = describe(entry->shape.format);
    results.coverage.add(format.name, entry->reached);
    std::vector<case_class> required;
    if (std::get<0>(key) == 0 && entry->shape.arity <= 2) {
      required = required_classes(entry->shape);
    }
    if (entry->is_layer && entry->what == "softmax") {
      required = {case_class::training_logits, case_class::training_recorded};
    }
    if (entry->what == "matmul") required = required_contraction_classes(format);
    if (required.empty()) continue;
    results.rows.push_back(coverage_row(options, *entry, format, required));
  }
}

void keep_first_counterexamples(const suite_options& options, suite_results& results) {
  std::size_t failures = 0;
  for (result& row : results.rows) {
    const bool failed = row.status == run_status::fail;
    if (failed && options.errors != 0 && ++failures > options.errors) row.counterexample.reset();
  }
}

// No case, no pass; and where a whole run reached no case of a statement in any format, that is a
// fault of the statement or of the generators.
void judge_empty_domains(bool is_whole, suite_results& results) {
  struct reach {
    bool is_promised = false;
    bool is_reached = false;
  };
  std::map<std::pair<std::string, std::string>, reach> reached;  // by statement and arithmetic
  const auto key = [](const result& row) { return std::pair(row.statement, row.arithmetic); };
  for (result& row : results.rows) {
    if (row.status == run_status::pass && row.cases == 0) {
      row.status = run_status::not_run;
      row.reason = no_case_reason;
    }
    reach& r = reached[key(row)];
    r.is_promised |= row.status == run_status::not_run && row.reason == no_case_reason;
    r.is_reached |= row.cases != 0;
  }
  if (!is_whole) return;
  for (result& row : results.rows) {
    const reach& r = reached[key(row)];
    if (!r.is_promised || r.is_reached || row.reason != no_case_reason) continue;
    row.status = run_status::fail;
    row.reason = "no case of any format was inside the domain";
  }
}

// The number of "P12"; rows without one come last.
int order_of(const result& row) {
  int number = 0;
  const std::string& id = row.property;
  const auto end = id.data() + id.size();
  const bool is_number =
      id.front() == 'P' && std::from_chars(id.data() + 1, end, number).ec == std::errc{};
  return is_number ? number : std::numeric_limits<int>::max();
}

}  // namespace

const std::vector<task_family>& task_families() {
  static const std::vector<task_family> all = [] {
    std::vector<task_family> list;
    for (const auto function : task_functions) list.push_back(function());
    return list;
  }();
  return all;
}

std::uint64_t suite_results::count(run_status status) const {
  return static_cast<std::uint64_t>(std::ranges::count(rows, status, &result::status));
}

std::vector<any_format> level_formats(suite_level level) {
  std::vector<any_format> formats = default_formats();
  if (level == suite_level::quick) return formats;
  for (const int kept : {1, 3, 10, 22, 23}) formats.emplace_back(binary32m{kept});
  return formats;
}

suite_results run_suite(const suite_options& options, const progress_function& progress,
                        std::stop_token stop) {
  suite_record record;
  const bool finished =
      run_tasks(options, {.progress = progress, .stop = std::move(stop)}, record);
  suite_results results = results_of(options, record);
  results.interrupted = !finished;
  return results;
}

suite_results results_of(const suite_options& options, const suite_record& record) {
  const suite_options all = resolved(options);
  suite_results results;
  for (const auto& [number, found] : record.done) {
    results.rows.insert(results.rows.end(), found.begin(), found.end());
  }
  results.rows = joined(std::move(results.rows));
  if (record.is_complete()) add_missing_kernel_rows(all, results.rows);
  // A part of a run may reach a domain nowhere.
  if (record.is_complete()) judge_empty_domains(is_whole_run(options), results);
  add_coverage(all, record.cases, results);
  std::ranges::stable_sort(results.rows, {}, order_of);
  keep_first_counterexamples(all, results);
  return results;
}

}  // namespace pamkit::properties
