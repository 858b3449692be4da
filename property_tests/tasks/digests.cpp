/// P50: the committed golden digests, by every backend and, of the vector kernels, by every instruction set
/// of the machine.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "golden_elementwise.hpp"
#include "pamkit/properties/digest.hpp"
#include "pamkit/simd.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

const property_text text = {
    .id = "P50",
    .part = "digests",
    .sentence = "the lines of results have the committed SHA-256 on every instruction set",
    .domain = "the operands of the golden digests",
    .operation = "",
    .promise = "",
    .promised = nullptr};

// One way to compute: a backend, under one instruction set.
struct way {
  std::string target;  // empty where there is no choice
  digest_functions functions;
};

// Look-ups are for the thread that adds the tasks: they switch the instruction set.
std::vector<way> ways_of(const digest_item& item, const backend& b, bool every_target) {
  if (&b != &simd_backend() || !every_target) return {{"", functions_for(item, b)}};
  std::vector<way> ways;
  const std::string_view before = simd_target_name();
  for (const std::string_view target : simd_targets()) {
    use_simd_target(target);
    ways.push_back({std::string(target), functions_for(item, b)});
  }
  use_simd_target(before);
  return ways;
}

result row_of(const digest_item& item, std::string_view backend_name) {
  result row = make_row(text, item.arithmetic, item.format, item.subnormals, item.overflow);
  row.operation = item.operation;
  if (item.gradient) row.derivative = name_of(*item.gradient);
  row.shape = item.shape;
  row.backend = backend_name;
  return row;
}

// Where the results leave the golden model's, as an elementwise counterexample.
void add_counterexample(result& row, const digest_item& item, const digest_functions& functions) {
  const auto oracle = elementwise_oracle::find(item.operation, item.arithmetic, item.format,
                                               item.subnormals, item.overflow);
  if (!item.is_elementwise() || !oracle) return;
  digest_operands operands;
  const auto all = operands.get(item);
  const column got = digest_cases(item, operands).results(functions);
  for (std::size_t i = 0; i < got.size(); ++i) {
    const column one = case_at(*all, i);
    const allowed_results expected = oracle->results(one);
    if (expected.contains(got[i])) continue;
    set_counterexample(row, describe(item.format), one, got[i], expected.lowest);
    std::string rules = item.arguments();
    rules = rules.substr(rules.find(' '), rules.find(" --level") - rules.find(' '));
    row.counterexample->replay = fmt::format("./pamkit verify --property P1 --op {} --replay {}{}",
                                             item.operation, fmt::join(row.counterexample->operands, ","),
                                             rules);
    return;
  }
}

struct backend_ways {
  const backend* implementation = nullptr;
  std::vector<way> ways;
};

rows run_digest(suite_context& context, digest_operands& operands, const digest_item& item,
                const std::vector<backend_ways>& all) {
  const auto committed = committed_digests().find(item.arguments());
  const bool is_committed = committed != committed_digests().end();
  rows found;
  std::optional<digest_cases> cases;
  column hashed;  // equal results are hashed once
  std::string digest;
  for (const backend_ways& b : all) {
    if (context.is_stopping()) return {};
    if (!context.is_judged(*b.implementation)) continue;
    result& row = found.emplace_back(row_of(item, b.implementation->name));
    if (!is_committed) {
      row.status = run_status::not_run;
      row.reason = "no digest is committed: ./pamkit digest --write writes it";
      continue;
    }
    if (!b.ways.front().functions) {
      row.status = run_status::not_run;
      row.reason = fmt::format("backend {} has no {}", b.implementation->name, item.operation);
      continue;
    }
    for (const way& w : b.ways) {
      if (!cases) cases.emplace(item, operands);
      column got = cases->results(w.functions);
      if (digest.empty() || got != hashed) {
        hashed = std::move(got);
        digest = cases->digest(hashed);
      }
      row.cases += item.lines;
      if (digest == committed->second) continue;
      row.status = run_status::fail;
      row.reason = fmt::format(
          "the SHA-256 is {}{}{} and the committed one {}; the lines: ./pamkit vectors {}", digest,
          w.target.empty() ? "" : " on ", w.target, committed->second, item.arguments());
      add_counterexample(row, item, w.functions);
      break;
    }
  }
  return found;
}

bool has_default_policies(const digest_item& item) {
  return item.subnormals == subnormal_policy::flush && item.overflow == overflow_policy::infinity;
}

bool is_wanted(const suite_context& context, const digest_item& item) {
  const suite_options& o = context.options();
  const auto has = [](const auto& list, const auto& x) {
    return std::ranges::find(list, x) != list.end();
  };
  const std::string format = describe(item.format).name;
  const bool is_default = has_default_policies(item);
  return context.wants_operation(item.operation) &&
         context.wants_profile(profile_of(item.arithmetic.info->name)) && has(o.policies, item.subnormals) &&
         has(o.overflows, item.overflow) && (is_default || !context.is_quick()) &&
         std::ranges::any_of(o.formats, [&](const any_format& f) { return describe(f).name == format; });
}

void add_all_tasks(suite_context& context) {
  // An observed backend is told apart by the thread that looks a function up, and these outlive it.
  if (!context.wants(text) || context.options().observer != nullptr) return;
  const auto operands = std::make_shared<digest_operands>();
  for (const digest_group group : all_digest_groups) {
    for (const digest_item& item : digest_items(group, context.options().arithmetics)) {
      if (!is_wanted(context, item)) continue;
      std::vector<backend_ways> all;
      for (const backend* b : context.options().backends) {
        if (context.stride(*b) > 1 && !has_default_policies(item)) continue;
        all.push_back({b, ways_of(item, *b, !context.is_quick())});
      }
      if (all.empty()) continue;
      context.add_task(fmt::format("P50 {} {}", item.operation, item.arithmetic.label),
                       [&context, operands, item, all = std::move(all)] {
                         return run_digest(context, *operands, item, all);
                       });
    }
  }
}

}  // namespace

namespace tasks {
task_family digests() {
  task_family family{
      .texts = {&text}, .operations = {}, .add_tasks = add_all_tasks, .replay = nullptr};
  for (const tensor_function& f : tensor_functions()) family.operations.push_back(f.name());
  return family;
}
}  // namespace tasks

}  // namespace pamkit::properties
