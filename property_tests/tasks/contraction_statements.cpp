/// The statements about matrix products of the folder properties/.
#include <fmt/format.h>

#include "judge.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

// On emulated devices P44 alone has the large cases.
void judge_contraction(result& row, const subject& s, const contraction_property& property,
                       const std::vector<contraction_case>& cases, bool is_emulated, bool shrinks) {
  const auto fails = [&](const contraction_case& wide) {
    return property.in_domain(s, wide) && property.evaluate(s, wide).has_value();
  };
  std::optional<contraction_case> failing;
  for (const contraction_case& c : cases) {
    if (is_emulated && is_large(c)) continue;
    contraction_case wide = widened(s.rules().format, c);
    if (property.adapt != nullptr) property.adapt(wide);
    if (!property.in_domain(s, wide)) continue;
    ++row.cases;
    if (!failing && fails(wide)) failing = std::move(wide);
  }
  set_status(row, property.text, is_promised(property.text, s), failing.has_value());
  if (!failing) return;
  failing->d.assign(failing->d.size(), 0);
  const contraction_case simplest =
      shrinks ? shrink_contraction(binary32{}, *failing, fails) : *failing;
  const contraction_mismatch last = *property.evaluate(s, simplest);
  row.shape = simplest.shape();
  column operands = simplest.a;
  operands.insert(operands.end(), simplest.b.begin(), simplest.b.end());
  set_counterexample(row, describe(binary32{}), operands, last.got, last.expected);
}

rows run_contraction(suite_context& context, const setting& s,
                     const contraction_property& property) {
  result row = s.row(property.text);
  row.mode = run_mode::sampled;
  row.seed = context.options().seed;
  const auto cases =
      context.cases().contractions(s.shape(2), *find_tensor_operation(property.text.operation));
  rows found;
  for (const backend* b : context.options().backends) {
    if (!context.is_judged(*b)) continue;
    if (context.is_stopping()) return {};
    const subject subject = s.under(*b);
    row.backend = b->name;
    found.push_back(row);
    if (b->contraction(s.arithmetic->info->name, contraction_kind::product, derivative::approx) ==
        nullptr) {
      found.back().status = run_status::not_run;
      found.back().reason = fmt::format("backend {} has no matrix product", b->name);
      continue;
    }
    judge_contraction(found.back(), subject, property, *cases, context.stride(*b) > 1, context.options().shrinks);
  }
  return found;
}

void add_tasks(suite_context& context, const contraction_property& property) {
  if (!context.wants(property.text) ||
      !context.wants_operation(property.text.operation))
    return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    for (const any_format& format : context.options().formats) {
      context.for_each_setting(arithmetic, format, [&](const setting& s) {
        context.add_task(
            fmt::format("{} {} {}", property.text.key(), arithmetic.label, describe(format).name),
            [&context, s, &property] { return run_contraction(context, s, property); });
      });
    }
  }
}

replay_verdict replay_contraction(const replay_request& r, const contraction_property& property) {
  require_well_formed(r, binary32{});
  const contraction_case c = tensor_case(r, false);
  const subject s = subject_of(r);
  if (!property.in_domain(s, c)) {
    return {.in_domain = false,
            .holds = true,
            .sentence = std::string(property.text.sentence),
            .got = {},
            .expected = {}};
  }
  return verdict_of(property.evaluate(s, c), describe(binary32{}), property.text.sentence);
}

}  // namespace

namespace tasks {
task_family contraction_statements() {
  task_family family;
  for_each_statement<contraction_property>(
      [&](const contraction_property& p) { family.texts.push_back(&p.text); });
  family.add_tasks = [](suite_context& context) {
    for_each_statement<contraction_property>(
        [&](const contraction_property& p) { add_tasks(context, p); });
  };
  family.replay = [](const replay_request& r) {
    return replay_first<contraction_property>(r, [&](const contraction_property& p) {
      const bool other_operation = !r.operation.empty() && r.operation != p.text.operation;
      if (other_operation || r.derivative) return std::optional<replay_verdict>();
      return std::optional(replay_contraction(r, p));
    });
  };
  return family;
}
}  // namespace tasks

}  // namespace pamkit::properties
