/// The statements about layers of the folder properties/.
#include <fmt/format.h>

#include <algorithm>

#include "golden_layer.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

bool has_layer(const backend& b, const layer_info& layer, const arithmetic_info& info) {
  return b.layer != nullptr && b.layer(layer.name, info.name) != nullptr;
}

void judge_layer(result& row, const subject& s, const layer_property& property,
                 const layer_info& layer, const std::vector<layer_case>& cases,
                 bool shrinks) {
  std::optional<layer_case> failing;
  for (const layer_case& c : cases) {
    layer_case wide = widened(s.rules().format, layer, c);
    if (property.adapt != nullptr) property.adapt(wide);
    const auto found = property.evaluate(s, layer, wide);
    row.cases += found.cases;
    if (!failing && found.mismatch) failing = std::move(wide);
  }
  const subject plain = in_layers(s.implementation(), s);
  set_status(row, property.text, is_promised(property.text, plain), failing.has_value());
  if (!failing) return;
  const auto fails = [&](const layer_case& c) {
    return property.evaluate(s, layer, c).mismatch.has_value();
  };
  const layer_case simplest =
      shrinks ? shrink_layer_case(binary32{}, layer, *failing, fails) : *failing;
  const contraction_mismatch last = *property.evaluate(s, layer, simplest).mismatch;
  row.shape = simplest.shape(false);
  set_counterexample(row, describe(binary32{}), simplest.operands(false), last.got, last.expected);
}

rows run_layer(suite_context& context, const setting& s, const layer_property& property,
               const layer_info& layer) {
  result row = s.row(property.text);
  row.mode = run_mode::sampled;
  row.seed = context.options().seed;
  const auto cases = context.cases().layers(s.format, layer.name);
  rows found;
  for (const backend* b : context.options().backends) {
    if (!context.is_judged(*b)) continue;
    if (context.is_stopping()) return {};
    const subject subject = s.under(*b);
    row.backend = b->name;
    found.push_back(row);
    if (!has_layer(*b, layer, *s.arithmetic->info)) {
      found.back().status = run_status::not_run;
      found.back().reason = fmt::format("backend {} has no {}", b->name, layer.name);
      continue;
    }
    judge_layer(found.back(), subject, property, layer, *cases, context.options().shrinks);
  }
  return found;
}

void add_tasks(suite_context& context, const layer_property& property) {
  if (!context.wants(property.text)) return;
  if (!context.wants_operation(property.text.operation)) return;
  const layer_info* layer = find_layer(property.text.operation);
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    for (const any_format& format : context.options().formats) {
      const bool is_defined =
          layer != nullptr &&
          std::ranges::any_of(context.options().backends, [&](const backend* b) {
            return has_layer(*b, *layer, *arithmetic.info);
          });
      if (!is_defined) {
        context.add_row(make_not_run_row(
            property.text, arithmetic, format,
            fmt::format("{} defines no {}", arithmetic.info->name, property.text.operation)));
        continue;
      }
      context.for_each_setting(arithmetic, format, [&](const setting& s) {
        if (context.is_quick() && !s.is_default()) return;
        context.add_task(
            fmt::format("{} {} {}", property.text.key(), arithmetic.label, describe(format).name),
            [&context, s, &property, layer] { return run_layer(context, s, property, *layer); });
      });
    }
  }
}

std::optional<replay_verdict> replay_layer(const replay_request& r,
                                           const layer_property& property) {
  const layer_info* layer = find_layer(property.text.operation);
  if (layer == nullptr || (!r.operation.empty() && r.operation != property.text.operation)) {
    return std::nullopt;
  }
  const auto c = parse_layer_case(*layer, r.shape, r.operands, false);
  if (!c) refuse(fmt::format("--shape '{}' does not fit {} operands", r.shape, r.operands.size()));
  const subject s = subject_of(r);
  const auto found = property.evaluate(s, *layer, *c);
  replay_verdict v = verdict_of(found.mismatch, describe(binary32{}), property.text.sentence);
  v.in_domain = found.cases != 0;
  return v;
}

}  // namespace

namespace tasks {
task_family layer_statements() {
  task_family family;
  for_each_statement<layer_property>(
      [&](const layer_property& p) { family.texts.push_back(&p.text); });
  family.add_tasks = [](suite_context& context) {
    for_each_statement<layer_property>([&](const layer_property& p) { add_tasks(context, p); });
  };
  family.replay = [](const replay_request& r) {
    return replay_first<layer_property>(
        r, [&](const layer_property& p) { return replay_layer(r, p); });
  };
  return family;
}
}  // namespace tasks

}  // namespace pamkit::properties
