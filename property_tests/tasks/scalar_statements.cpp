/// The statements about scalar operations of the folder properties/.
#include <fmt/format.h>

#include "judge.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

void judge_scalar(result& row, const subject& s, const scalar_property& property,
                  const operand_columns& operands) {
  const judgement j = judge(property, s, operands);
  row.cases = j.cases;
  set_status(row, property.text, is_promised(property.text, s), j.failing.has_value());
  if (!j.failing) return;
  const auto evaluate = [&](const column& x) {
    operand_columns single(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) single[i] = {x[i]};
    return judge(property, s, single);
  };
  column simplest = *j.failing;
  if (!property.only_pinned) {
    simplest = shrink_case(s.rules().format, simplest,
                           [&](const column& x) { return evaluate(x).failing.has_value(); });
  }
  const judgement last = evaluate(simplest);
  set_counterexample(row, s.format(), simplest, last.got, last.expected);
}

operand_columns scalar_operands(suite_context& context, const setting& s,
                                const scalar_property& property, result& row) {
  const format_description format = describe(s.format);
  operand_columns operands(static_cast<std::size_t>(property.arity));
  if (property.only_pinned) {
    row.mode = run_mode::exhaustive;
  } else {
    operands = context.operands_for(s, property.arity, context.sizes().property, row);
    if (property.adapt != nullptr && row.mode == run_mode::sampled)
      property.adapt(format, operands);
  }
  if (property.pinned != nullptr) {
    for (const column& pinned : property.pinned(format)) {
      for (std::size_t j = 0; j < operands.size(); ++j) {
        operands[j].insert(operands[j].begin(), pinned[j]);
      }
    }
  }
  return operands;
}

rows run_scalar(suite_context& context, const setting& s, const scalar_property& property) {
  result row = s.row(property.text);
  if (property.vjp) row.derivative = name_of(*property.vjp);
  const operand_columns operands = scalar_operands(context, s, property, row);
  rows found;
  for (const backend* b : context.options().backends) {
    if (context.is_stopping()) return {};
    const subject subject = s.under(*b);
    row.backend = b->name;
    found.push_back(row);
    const std::string missing = missing_in_backend(property, subject);
    if (!missing.empty()) {
      found.back().status = run_status::not_run;
      found.back().reason = missing;
      continue;
    }
    judge_scalar(found.back(), subject, property, operands);
  }
  return found;
}

void add_tasks(suite_context& context, const scalar_property& property) {
  if (!context.wants_property(property.text.id) ||
      !context.wants_operation(property.text.operation))
    return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    for (const any_format& format : context.options().formats) {
      const std::string missing = missing_in_arithmetic(property, *arithmetic.info);
      if (!missing.empty()) {
        result row = make_not_run_row(property.text, arithmetic, format, missing);
        if (property.vjp) row.derivative = name_of(*property.vjp);
        context.add_row(std::move(row));
        continue;
      }
      context.for_each_setting(arithmetic, format, [&](const setting& s) {
        context.add_task(
            fmt::format("{} {} {}", property.text.id, arithmetic.label, describe(format).name),
            [&context, s, &property] { return run_scalar(context, s, property); });
      });
    }
  }
}

replay_verdict replay_scalar(const replay_request& r, const scalar_property& property) {
  require_count(r, static_cast<std::size_t>(property.arity));
  require_well_formed(r, r.format);
  const subject s = subject_of(r);
  std::string missing = missing_in_arithmetic(property, *r.arithmetic.info);
  if (missing.empty()) missing = missing_in_backend(property, s);
  if (!missing.empty()) refuse(missing);
  operand_columns operands;
  for (const std::uint32_t x : r.operands) operands.push_back({x});
  const judgement j = judge(property, s, operands);
  replay_verdict v{.in_domain = j.cases != 0,
                   .holds = !j.failing,
                   .sentence = std::string(property.text.sentence),
                   .got = {},
                   .expected = {}};
  if (j.failing) {
    v.got = hexadecimal(s.format(), j.got);
    v.expected = hexadecimal(s.format(), j.expected);
  }
  return v;
}

}  // namespace

namespace tasks {
task_family scalar_statements() {
  task_family family;
  for_each_statement<scalar_property>(
      [&](const scalar_property& p) { family.texts.push_back(&p.text); });
  family.add_tasks = [](suite_context& context) {
    for_each_statement<scalar_property>([&](const scalar_property& p) { add_tasks(context, p); });
  };
  family.replay = [](const replay_request& r) {
    return replay_first<scalar_property>(r, [&](const scalar_property& p) {
      const bool other_derivative = p.vjp && r.derivative && p.vjp != r.derivative;
      return other_derivative ? std::nullopt : std::optional(replay_scalar(r, p));
    });
  };
  return family;
}
}  // namespace tasks

}  // namespace pamkit::properties
