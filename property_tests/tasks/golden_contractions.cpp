/// P44: every matrix product and its derivatives against the golden model.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <variant>
#include <vector>

#include "judge.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

bool has_tensor_operation(const backend& b, const arithmetic_info& info,
                          const tensor_operation& operation, derivative gradient) {
  using enum contraction_kind;
  if (!operation.is_vjp) return b.contraction(info.name, product, gradient) != nullptr;
  return b.contraction(info.name, vjp_a, gradient) != nullptr &&
         b.contraction(info.name, vjp_b, gradient) != nullptr;
}

// Emulated devices are slow, and read operands by strides in every layout. Of their cases the large ones are laid out as
// they are, and in one other way, which is another one for other cases, arithmetics, formats and policies.
std::vector<memory_layout> judged_layouts(const contraction_case& c, bool is_emulated, std::size_t turn) {
  const std::span<const memory_layout> all = all_layouts;
  if (!is_emulated || !is_large(c)) return {all.begin(), all.end()};
  std::vector<memory_layout> others;
  std::ranges::copy_if(all.subspan(1), std::back_inserter(others), [&](memory_layout l) { return is_possible(l, c); });
  return {all.front(), others[turn % others.size()]};
}

template <class Golden>
void judge_tensor(result& row, const subject& s, const tensor_operation& operation,
                  derivative gradient, const std::vector<contraction_case>& cases,
                  const std::vector<std::vector<column>>& expected, const Golden& golden,
                  bool shrinks, std::size_t first, std::size_t stride) {
  // A product does not read which derivative is asked for; every second case asks for the exact one.
  const auto asked_for = [&](std::size_t place) {
    const bool is_exact = !operation.is_vjp && place % 2 == 1 &&
                          has_tensor_operation(s.implementation(), *s.arithmetic().info, operation, derivative::exact);
    return is_exact ? derivative::exact : gradient;
  };
  const contraction_case* failing = nullptr;
  derivative asked = gradient;
  for (std::size_t i = first; i < cases.size(); i += stride) {
    ++row.cases;
    if (failing != nullptr) continue;
    const auto layouts = judged_layouts(cases[i], stride > 1, i / stride + first);
    if (!compare_contraction(operation, asked_for(i), s, cases[i], expected[i], layouts)) continue;
    failing = &cases[i];
    asked = asked_for(i);
  }
  if (failing == nullptr) return;
  if (asked == derivative::exact) row.derivative = name_of(asked);
  const auto fails = [&](const contraction_case& c) {
    return compare_contraction(operation, asked, s, c, golden(c)).has_value();
  };
  const contraction_case simplest =
      shrinks ? shrink_contraction(s.rules().format, *failing, fails) : *failing;
  const contraction_mismatch last =
      *compare_contraction(operation, asked, s, simplest, golden(simplest));
  row.status = run_status::fail;
  row.reason = "the backend's result is not the golden model's";
  row.shape = simplest.shape();
  column operands = simplest.a;
  operands.insert(operands.end(), simplest.b.begin(), simplest.b.end());
  if (operation.is_vjp) operands.insert(operands.end(), simplest.d.begin(), simplest.d.end());
  set_counterexample(row, s.format(), operands, last.got, last.expected);
}

// Golden derivatives of contractions are half of a standard run. Kernels widen every other format to binary32, so that
// with these every second case is judged, the others under other policies and arithmetics.
std::vector<contraction_case> judged_cases(const suite_context& context, const setting& s,
                                           const tensor_operation& operation,
                                           std::span<const contraction_case> all) {
  const bool are_all = !operation.is_vjp || std::holds_alternative<binary32>(s.format) ||
                       context.options().level == suite_level::exhaustive;
  const std::size_t stride = are_all ? 1 : 2;
  std::vector<contraction_case> judged;
  for (std::size_t i = context.place_of(s) % stride; i < all.size(); i += stride) {
    judged.push_back(all[i]);
  }
  return judged;
}

rows run_tensor(suite_context& context, const setting& s, const tensor_operation& operation,
                derivative gradient) {
  result row = s.row(golden_contraction_text());
  row.operation = operation.name;
  if (operation.is_vjp) row.derivative = name_of(gradient);
  row.seed = context.options().seed;
  const auto all = context.cases().contractions(s.shape(2), operation);
  const std::vector<contraction_case> cases = judged_cases(context, s, operation, *all);
  const auto golden = [&](const contraction_case& c) {
    return golden_results(operation, gradient, *s.arithmetic, s.format, s.subnormals, s.overflow,
                          c);
  };
  std::vector<std::vector<column>> expected;
  for (const contraction_case& c : cases) {
    if (context.is_stopping()) return {};
    expected.push_back(golden(c));
  }
  rows found;
  for (const backend* b : context.options().backends) {
    if (!context.is_judged(*b)) continue;
    const subject subject = s.under(*b);
    row.backend = b->name;
    found.push_back(row);
    if (!has_tensor_operation(*b, *s.arithmetic->info, operation, gradient)) {
      found.back().status = run_status::not_run;
      found.back().reason = fmt::format("backend {} has no {}", b->name, operation.name);
      continue;
    }
    judge_tensor(found.back(), subject, operation, gradient, cases, expected, golden,
                 context.options().shrinks, context.first_case(s, *b), context.stride(*b));
  }
  return found;
}

void add_tensor_tasks(suite_context& context, const tensor_operation& operation,
                      derivative gradient, const arithmetic_choice& arithmetic,
                      const any_format& format) {
  const auto not_run = [&](std::string reason) {
    result row = make_not_run_row(golden_contraction_text(), arithmetic, format, std::move(reason));
    row.operation = operation.name;
    if (operation.is_vjp) row.derivative = name_of(gradient);
    context.add_row(std::move(row));
  };
  const arithmetic_info& info = *arithmetic.info;
  if (operation.is_vjp && !info.has_derivative(gradient)) {
    return not_run(fmt::format("{} has no {} derivative", info.name, name_of(gradient)));
  }
  if (!has_golden_results(operation, gradient, info.oracle)) {
    return not_run(fmt::format("the reference has no {} of '{}'", operation.name, info.oracle));
  }
  context.for_each_setting(arithmetic, format, [&](const setting& s) {
    context.add_task(
        fmt::format("P44 {} {} {}", operation.name, arithmetic.label, describe(format).name),
        [&context, s, &operation, gradient] {
          return run_tensor(context, s, operation, gradient);
        });
  });
}

void add_all_tensor_tasks(suite_context& context) {
  if (!context.wants(golden_contraction_text())) return;
  for (const tensor_operation& operation : tensor_operations()) {
    if (!context.wants_operation(operation.name)) continue;
    for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
      for (const any_format& format : context.options().formats) {
        add_tensor_tasks(context, operation, derivative::approx, arithmetic, format);
        if (operation.is_vjp)
          add_tensor_tasks(context, operation, derivative::exact, arithmetic, format);
      }
    }
  }
}

replay_verdict replay_golden_contraction(const replay_request& r) {
  const tensor_operation* operation = find_tensor_operation(r.operation);
  require_well_formed(r, r.format);
  const contraction_case c = tensor_case(r, operation->is_vjp);
  const derivative gradient = r.derivative.value_or(derivative::approx);
  const subject s = subject_of(r);
  const auto expected =
      golden_results(*operation, gradient, r.arithmetic, r.format, r.subnormals, r.overflow, c);
  return verdict_of(compare_contraction(*operation, gradient, s, c, expected), s.format(),
                    golden_contraction_text().sentence);
}

}  // namespace

namespace tasks {
task_family golden_contractions() {
  task_family family{.texts = {&golden_contraction_text()},
                     .operations = {},
                     .add_tasks = add_all_tensor_tasks,
                     .replay = [](const replay_request& r) -> std::optional<replay_verdict> {
                       // "linear" is a layer too, and only a layer's shape lists operands.
                       const bool is_ours = is_named(r.property, golden_contraction_text()) &&
                                            find_tensor_operation(r.operation) != nullptr &&
                                            r.shape.find_first_of(",/") == std::string::npos;
                       if (!is_ours) return std::nullopt;
                       return replay_golden_contraction(r);
                     }};
  for (const tensor_operation& o : tensor_operations()) family.operations.emplace_back(o.name);
  return family;
}
}  // namespace tasks

}  // namespace pamkit::properties
