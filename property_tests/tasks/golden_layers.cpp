/// P44: every layer, reduction, loss and optimiser step, and its derivatives, against the golden
/// model.
#include <fmt/format.h>

#include <algorithm>

#include "golden_layer.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

const property_text& text = golden_layer_text();

bool has_layer_anywhere(const suite_context& context, const layer_operation& operation,
                        const arithmetic_info& info) {
  return std::ranges::any_of(emulator_backends(),
                             [&](const backend* b) { return has_layer(*b, operation, info); }) ||
         std::ranges::any_of(context.options().backends,
                             [&](const backend* b) { return has_layer(*b, operation, info); });
}

// The simplest of the failing cases, with what came and what should have.
template <class Compare>
void report_failure(result& row, const subject& s, const layer_operation& operation,
                    const layer_case& failing, const Compare& compare, bool shrinks) {
  const auto fails = [&](const layer_case& c) { return compare(c).has_value(); };
  const layer_case simplest =
      shrinks ? shrink_layer_case(s.rules().format, *operation.layer, failing, fails) : failing;
  const contraction_mismatch last = *compare(simplest);
  row.status = run_status::fail;
  row.reason = "the backend's result is not the golden model's";
  row.shape = simplest.shape(operation.is_vjp);
  set_counterexample(row, s.format(), simplest.operands(operation.is_vjp), last.got, last.expected);
}

// Only a vjp reads which derivative is asked for; of the others every second case asks for the exact one.
derivative asked_for(const layer_operation& operation, derivative gradient, std::size_t place) {
  if (operation.is_vjp || place % 2 == 0) return gradient;
  return derivative::exact;
}

rows run_layer(suite_context& context, const setting& s, const layer_operation& operation,
               derivative gradient) {
  result row = s.row(text);
  row.operation = operation.name();
  if (operation.is_vjp) row.derivative = name_of(gradient);
  row.seed = context.options().seed;
  const auto cases = context.cases().layers(s.format, operation.layer->name);
  const auto golden = [&](const layer_case& c) {
    return golden_layer(operation, gradient, *s.arithmetic, s.format, s.subnormals, s.overflow, c);
  };
  std::vector<std::vector<tensor>> expected;
  for (const layer_case& c : *cases) {
    if (context.is_stopping()) return {};
    expected.push_back(golden(c));
  }
  rows found;
  for (const backend* b : context.options().backends) {
    if (!context.is_judged(*b)) continue;
    const subject subject = s.under(*b);
    row.backend = b->name;
    found.push_back(row);
    if (!has_layer(*b, operation, *s.arithmetic->info)) {
      found.back().status = run_status::not_run;
      found.back().reason = fmt::format("backend {} has no {}", b->name, operation.name());
      continue;
    }
    const layer_case* failing = nullptr;
    derivative asked = gradient;
    for (std::size_t i = 0; i < cases->size(); ++i) {
      const layer_case& c = (*cases)[i];
      ++found.back().cases;
      const derivative asked_here = asked_for(operation, gradient, i);
      const auto got = apply_layer(subject, *operation.layer, operation.is_vjp, asked_here, c);
      if (failing != nullptr || !first_difference(got, expected[i])) continue;
      failing = &c;
      asked = asked_here;
    }
    if (failing == nullptr) continue;
    if (asked == derivative::exact) found.back().derivative = name_of(asked);
    report_failure(
        found.back(), subject, operation, *failing,
        [&](const layer_case& c) {
          const auto got = apply_layer(subject, *operation.layer, operation.is_vjp, asked, c);
          return first_difference(got, golden(c));
        },
        context.options().shrinks);
  }
  return found;
}

// Layers are binary32 inside: the other formats differ in widening and the one encoding at the end.
// Each runs under the default policies; those whose operands the policies touch run under all of
// them.
bool is_run(const suite_context& context, const setting& s) {
  if (s.is_default() || context.options().level == suite_level::exhaustive) return true;
  const bool is_asked = context.options().formats.size() == 1;
  const format_description f = describe(s.format);
  if (f.name == "binary32" || is_asked) return true;
  return !context.is_quick() && (f.name == "bfloat16" || !f.has_infinity);
}

void add_layer_tasks(suite_context& context, const layer_operation& operation, derivative gradient,
                     const arithmetic_choice& arithmetic, const any_format& format) {
  const auto not_run = [&](std::string reason) {
    result row = make_not_run_row(text, arithmetic, format, std::move(reason));
    row.operation = operation.name();
    if (operation.is_vjp) row.derivative = name_of(gradient);
    context.add_row(std::move(row));
  };
  const arithmetic_info& info = *arithmetic.info;
  if (operation.is_vjp && gradient == derivative::exact && !info.has_derivative(gradient)) {
    return not_run(fmt::format("{} has no exact derivative", info.name));
  }
  if (!has_layer_anywhere(context, operation, info)) {
    return not_run(fmt::format("{} defines no {}", info.name, operation.name()));
  }
  if (!has_golden_layer(operation, info.oracle)) {
    return not_run(fmt::format("the reference has no {} of '{}'", operation.name(), info.oracle));
  }
  if (!has_layer_cases(operation.layer->name)) {
    return not_run(fmt::format("there are no cases of {}: layer_cases/{}.cpp is missing",
                               operation.layer->name, operation.layer->name));
  }
  context.for_each_setting(arithmetic, format, [&](const setting& s) {
    if (!is_run(context, s)) return;
    context.add_task(
        fmt::format("P44 {} {} {}", operation.name(), arithmetic.label, describe(format).name),
        [&context, s, operation, gradient] { return run_layer(context, s, operation, gradient); });
  });
}

void add_all_layer_tasks(suite_context& context) {
  if (!context.wants(text)) return;
  for (const layer_operation& operation : layer_operations()) {
    if (!context.wants_operation(operation.name())) continue;
    for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
      for (const any_format& format : context.options().formats) {
        add_layer_tasks(context, operation, derivative::approx, arithmetic, format);
        if (operation.is_vjp) {
          add_layer_tasks(context, operation, derivative::exact, arithmetic, format);
        }
      }
    }
  }
}

std::optional<replay_verdict> replay_layer(const replay_request& r) {
  const auto operation = find_layer_operation(r.operation);
  // "linear" is a matrix product too: the shape says which is meant.
  if (!is_named(r.property, text) || !operation ||
      (!r.shape.empty() && r.shape.find_first_of(",/") == std::string::npos &&
       operation->layer->inputs.size() > 1))
    return std::nullopt;
  const auto c = parse_layer_case(*operation->layer, r.shape, r.operands, operation->is_vjp);
  if (!c) {
    refuse(fmt::format(
        "--shape '{}' and {} operands do not fit {}: a shape for each operand, then attributes, "
        "would be right, as in 2x3,3,3/eps=1e-05",
        r.shape, r.operands.size(), r.operation));
  }
  const derivative gradient = r.derivative.value_or(derivative::approx);
  const subject s = subject_of(r);
  const auto expected =
      golden_layer(*operation, gradient, r.arithmetic, r.format, r.subnormals, r.overflow, *c);
  const auto got = apply_layer(s, *operation->layer, operation->is_vjp, gradient, *c);
  return verdict_of(first_difference(got, expected), s.format(), text.sentence);
}

}  // namespace

namespace tasks {
task_family golden_layers() {
  task_family family{
      .texts = {&text}, .operations = {}, .add_tasks = add_all_layer_tasks, .replay = replay_layer};
  for (const layer_operation& o : layer_operations()) family.operations.push_back(o.name());
  return family;
}
}  // namespace tasks

}  // namespace pamkit::properties
