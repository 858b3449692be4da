/// P1: every elementwise operation against the golden model.
#include <fmt/format.h>

#include "golden_rows.hpp"
#include "judge.hpp"
#include "pamkit/profiles.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

void report_golden_failure(result& row, const subject& s, std::string_view operation,
                           const elementwise_oracle& oracle, const column& failing,
                           bool shrinks) {
  const auto result_of = [&](const column& x) {
    return s.apply(operation, column{x.front()}, column{x.back()}).front();
  };
  const auto fails = [&](const column& x) { return !oracle.results(x).contains(result_of(x)); };
  const column simplest = shrinks ? shrink_case(s.rules().format, failing, fails) : failing;
  row.status = run_status::fail;
  row.reason = "the backend's result is not the golden model's";
  set_counterexample(row, s.format(), simplest, result_of(simplest),
                     oracle.results(simplest).lowest);
}

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
  rows found;
  for (const backend* b : context.options().backends) {
    if (!context.is_judged(*b)) continue;
    const subject subject = s.under(*b);
    row.backend = b->name;
    found.push_back(row);
    if (!subject.defines(operation.name)) {
      found.back().status = run_status::not_run;
      found.back().reason =
          missing_operation(*b, operation.name, profile_of(s.arithmetic->info->name));
      continue;
    }
    const judgement j = judge(operation.name, subject, operands, expected);
    found.back().cases = j.cases;
    set_status(found.back(), golden_text(), true, false);
    if (!j.failing) continue;
    report_golden_failure(found.back(), subject, operation.name, oracle, *j.failing,
                          context.options().shrinks);
  }
  return found;
}

namespace {

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
        [&context, s, &operation] { return run_golden(context, s, operation); });
  });
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
  const std::uint32_t got =
      s.apply(r.operation, column{r.operands.front()}, column{r.operands.back()}).front();
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
                       if (r.property != golden_text().id) return std::nullopt;
                       return replay_golden(r);
                     }};
  for (const operation_info& o : operations()) family.operations.emplace_back(o.name);
  return family;
}
}  // namespace tasks

}  // namespace pamkit::properties
