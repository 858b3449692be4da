#include "pamkit/properties/suite.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <mutex>
#include <set>

#include "pamkit/profiles.hpp"
#include "suite_context.hpp"
#include "task_registry.hpp"
#include "work_queue.hpp"

namespace pamkit::properties {
namespace {

// Below this many cases a sampled run is not expected to meet every class.
constexpr std::size_t kFewestCasesForCoverage = 2000;

result coverage_row(const suite_context& context, const case_cache::coverage_entry& entry,
                    const format_description& format, const std::vector<case_class>& required) {
  result row{.property = "generator", .operation = entry.what, .format = format.name};
  std::set<std::string> labels;
  for (const arithmetic_choice& a : context.options().arithmetics) {
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
  row.seed = context.options().seed;
  std::vector<std::string_view> missed;
  for (const case_class c : required) {
    if (entry.reached[static_cast<std::size_t>(c)] == 0) missed.push_back(name_of(c));
  }
  if (missed.empty()) return row;
  const bool too_few =
      context.options().count != 0 && context.options().count < kFewestCasesForCoverage;
  row.status = too_few ? run_status::not_run : run_status::fail;
  row.reason = fmt::format("{}not reached: {}", too_few ? "too few cases were asked for; " : "",
                           fmt::join(missed, ", "));
  return row;
}

void add_coverage(const suite_context& context, suite_results& results) {
  for (const case_cache::coverage_entry& entry : context.cases().coverage()) {
    const format_description format = describe(entry.shape.format);
    results.coverage.add(format.name, entry.reached);
    const bool is_contraction = find_tensor_operation(entry.what) != nullptr;
    std::vector<case_class> required;
    if (!is_contraction && entry.shape.arity <= 2) required = required_classes(entry.shape);
    if (entry.is_layer) required.clear();
    if (entry.is_layer && entry.what == "softmax") required = {case_class::training_logits};
    if (entry.what == "matmul") required = required_contraction_classes(format);
    if (required.empty()) continue;
    results.rows.push_back(coverage_row(context, entry, format, required));
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
void judge_empty_domains(const suite_context& context, suite_results& results) {
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
  if (!context.is_whole_run()) return;
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

void run_tasks(suite_context& context, const progress_function& progress, suite_results& results) {
  std::vector<rows> found(context.tasks().size());
  std::mutex mutex;
  std::uint64_t done = 0;
  for (std::size_t phase = 0; phase < context.phases().size(); ++phase) {
    if (context.phases()[phase] != nullptr) context.phases()[phase]();
    std::vector<std::size_t> chosen;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (context.tasks()[i].phase == static_cast<int>(phase)) chosen.push_back(i);
    }
    run_in_parallel(chosen.size(), context.options().jobs, context.stop_token(),
                    [&](std::size_t n) {
                      const task& t = context.tasks()[chosen[n]];
                      run_observer* const observer = context.options().observer;
                      if (observer != nullptr) observer->task_starts();
                      found[chosen[n]] = t.run();
                      if (observer != nullptr) observer->task_ended(found[chosen[n]]);
                      const std::scoped_lock lock(mutex);
                      ++done;
                      if (progress) progress(done, found.size(), t.what);
                    });
  }
  for (rows& r : found) std::ranges::move(r, std::back_inserter(results.rows));
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

std::vector<arithmetic_choice> default_arithmetics() {
  std::vector<arithmetic_choice> choices;
  for (const arithmetic_info& info : arithmetics()) {
    choices.push_back(*parse_arithmetic(info.name));
    if (auto compensated = parse_arithmetic(std::string(info.name) + ":1.0552")) {
      choices.push_back(std::move(*compensated));
    }
  }
  return choices;
}

std::vector<any_format> level_formats(suite_level level) {
  std::vector<any_format> formats = default_formats();
  if (level == suite_level::quick) return formats;
  for (const int kept : {1, 3, 10, 22, 23}) formats.emplace_back(binary32m{kept});
  return formats;
}

suite_results run_suite(const suite_options& options, const progress_function& progress,
                        std::stop_token stop) {
  suite_context context(options, std::move(stop));
  for (const task_family& family : task_families()) {
    if (context.wants_profile(family.of_profile)) family.add_tasks(context);
  }
  suite_results results;
  run_tasks(context, progress, results);
  results.interrupted = context.is_stopping();
  judge_empty_domains(context, results);
  add_coverage(context, results);
  std::ranges::stable_sort(results.rows, {}, order_of);
  keep_first_counterexamples(context.options(), results);
  return results;
}

}  // namespace pamkit::properties
