/// P1: every elementwise operation against the golden model.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "golden_failure.hpp"
#include "golden_rows.hpp"
#include "judge.hpp"
#include "oracle_rules.hpp"
#include "pamkit/profiles.hpp"
#include "pamkit/reference/integer_model.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"
#include "sweep.hpp"

namespace pamkit::properties {
namespace {

const property_text& integer_text() {
  static const property_text text = {
      .id = "oracle",
      .sentence = "the golden model's integer form is the golden model in rationals",
      .domain = "all operands",
      .operation = "",
      .promise = "",
      .promised = nullptr};
  return text;
}

// The integer form of the golden model, which sweeps are judged by, on the cases whose results are
// known from the rationals.
std::optional<result> judge_integer_form(const setting& s, const operation_info& operation,
                                         const result& like, const operand_columns& operands,
                                         const std::vector<allowed_results>& expected) {
  const reference::rules rules = oracle_rules(*s.arithmetic, s.format, s.subnormals, s.overflow);
  const auto columns = reference::find_columns(operation.name, rules);
  if (columns == nullptr) return std::nullopt;
  result row = s.row(integer_text());
  row.operation = operation.name;
  row.backend = "reference";
  row.mode = like.mode;
  row.seed = like.seed;
  row.cases = expected.size();
  column lowest(expected.size());
  column highest(expected.size());
  columns(rules, operands.front().data(), operands.back().data(), lowest.data(), highest.data(),
          lowest.size());
  if (!reference::has_choice(operation.name, rules)) highest = lowest;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (lowest[i] == expected[i].lowest && highest[i] == expected[i].highest) continue;
    row.status = run_status::fail;
    row.reason = integer_text().sentence;
    set_counterexample(row, describe(s.format), case_at(operands, i), lowest[i],
                       expected[i].lowest);
    break;
  }
  return row;
}

// Of every `stride`-th case from `first` on.
judgement judge_some(std::string_view operation, const subject& s, const operand_columns& operands,
                     const std::vector<allowed_results>& expected, std::size_t first,
                     std::size_t stride) {
  if (stride == 1) return judge(operation, s, operands, expected);
  operand_columns some(operands.size());
  std::vector<allowed_results> results;
  for (std::size_t i = first; i < expected.size(); i += stride) {
    for (std::size_t j = 0; j < operands.size(); ++j) some[j].push_back(operands[j][i]);
    results.push_back(expected[i]);
  }
  return judge(operation, s, some, results);
}

// Kernels have short ways for vectors in which everything is ordinary, which cases as they are
// drawn seldom fill: the same cases with those of normal numbers first, by magnitude.
struct sorted_cases {
  operand_columns operands;
  std::vector<allowed_results> expected;

  sorted_cases(const format_description& f, const operand_columns& given,
               const std::vector<allowed_results>& results)
      : operands(given.size()) {
    std::vector<std::size_t> order(results.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) {
      const bool is_ordinary =
          f.is_normal(results[i].lowest) &&
          std::ranges::all_of(given, [&](const column& x) { return f.is_normal(x[i]); });
      return std::pair(!is_ordinary, given.front()[i] & f.magnitude_mask);
    });
    for (const std::size_t i : order) {
      for (std::size_t j = 0; j < given.size(); ++j) operands[j].push_back(given[j][i]);
      expected.push_back(results[i]);
    }
  }
};

std::string missing_operation(const backend& b, std::string_view operation, profile p) {
  if (p == profile::standard) return fmt::format("backend {} has no {}", b.name, operation);
  return fmt::format("backend {}: {} is not defined under profile {}", b.name, operation,
                     name_of(p));
}

}  // namespace

rows run_golden(suite_context& context, const setting& s, const operation_info& operation) {
  result row = s.row(golden_text());
  row.operation = operation.name;
  const operand_columns operands =
      context.operands_for(s, operation.arity, context.sizes().golden, row);
  const auto oracle =
      *elementwise_oracle::find(operation.name, *s.arithmetic, s.format, s.subnormals, s.overflow);
  std::vector<allowed_results> expected(case_count(operands));
  for (std::size_t i = 0; i < expected.size() && !context.is_stopping(); ++i) {
    expected[i] = oracle.results(case_at(operands, i));
  }
  if (context.is_stopping()) return {};
  const sorted_cases sorted(describe(s.format), operands, expected);
  rows found;
  if (context.options().observer == nullptr) {  // an observer watches backends, not the oracle
    if (auto integer_row = judge_integer_form(s, operation, row, operands, expected)) {
      found.push_back(std::move(*integer_row));
    }
  }
  for (const backend* b : context.options().backends) {
    if (!context.is_judged(*b)) continue;
    if (is_swept(context, s, operation, *b)) continue;  // add_sweep has its tasks
    const subject subject = s.under(*b);
    row.backend = b->name;
    found.push_back(row);
    if (!subject.defines(operation.name)) {
      found.back().status = run_status::not_run;
      found.back().reason =
          missing_operation(*b, operation.name, profile_of(s.arithmetic->info->name));
      continue;
    }
    judgement j = judge_some(operation.name, subject, operands, expected, context.first_case(s, *b),
                             context.stride(*b));
    if (!j.failing && context.stride(*b) == 1) {
      j.failing = judge(operation.name, subject, sorted.operands, sorted.expected).failing;
    }
    found.back().cases = j.cases;
    set_status(found.back(), golden_text(), true, false);
    if (!j.failing) continue;
    report_golden_failure(found.back(), subject, operation.name, oracle, *j.failing,
                          context.options().shrinks);
  }
  return found;
}

namespace {

double golden_seconds(const suite_context& context) {
  constexpr double kSecondsPerCase = 2e-6;
  return kSecondsPerCase * static_cast<double>(context.sizes().golden);
}

void add_golden_tasks(suite_context& context, const arithmetic_choice& arithmetic,
                      const operation_info& operation, const any_format& format) {
  const auto not_run = [&](std::string reason) {
    result row = make_not_run_row(golden_text(), arithmetic, format, std::move(reason));
    row.operation = operation.name;
    context.add_row(std::move(row));
  };
  const arithmetic_info& info = *arithmetic.info;
  if (!info.defines(operation.name)) {
    return not_run(fmt::format("{} defines no {}", info.name, operation.name));
  }
  if (!elementwise_oracle::find(operation.name, arithmetic, format, {}, {})) {
    return not_run(fmt::format("the reference has no {} of '{}'", operation.name, info.oracle));
  }
  context.for_each_setting(arithmetic, format, [&](const setting& s) {
    context.add_task(
        fmt::format("P1 {} {} {}", operation.name, arithmetic.label, describe(format).name),
        [&context, s, &operation] { return run_golden(context, s, operation); }, 0,
        golden_seconds(context));
  });
  add_sweep(context, arithmetic, operation, format);
}

void add_all_golden_tasks(suite_context& context) {
  if (!context.wants(golden_text())) return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    for (const operation_info& operation : operations()) {
      if (!context.wants_operation(operation.name)) continue;
      for (const any_format& format : context.options().formats) {
        add_golden_tasks(context, arithmetic, operation, format);
      }
    }
  }
}

replay_verdict replay_golden(const replay_request& r) {
  const operation_info* operation = find_operation(r.operation);
  if (operation == nullptr) refuse("no elementwise operation is called '" + r.operation + "'");
  require_count(r, static_cast<std::size_t>(operation->arity));
  require_well_formed(r, r.format);
  const auto oracle =
      elementwise_oracle::find(r.operation, r.arithmetic, r.format, r.subnormals, r.overflow);
  const subject s = subject_of(r);
  if (!oracle || !s.defines(r.operation)) {
    refuse(fmt::format("{} defines no {}", r.arithmetic.label, r.operation));
  }
  const auto expected = oracle->results(r.operands);
  const std::uint32_t got = result_of_case(s, r.operation, *oracle, r.operands);
  return {.in_domain = true,
          .holds = expected.contains(got),
          .sentence = std::string(golden_text().sentence),
          .got = hexadecimal(s.format(), got),
          .expected = hexadecimal(s.format(), expected.lowest)};
}

}  // namespace

namespace tasks {
task_family golden_elementwise() {
  task_family family{.texts = {&golden_text()},
                     .operations = {},
                     .add_tasks = add_all_golden_tasks,
                     .replay = [](const replay_request& r) -> std::optional<replay_verdict> {
                       const bool is_ours =
                           r.property == golden_text().id && !r.derivative && r.shape.empty();
                       if (!is_ours) return std::nullopt;
                       return replay_golden(r);
                     }};
  for (const operation_info& o : operations()) family.operations.emplace_back(o.name);
  return family;
}
}  // namespace tasks

}  // namespace pamkit::properties
