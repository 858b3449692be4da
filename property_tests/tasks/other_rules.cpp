/// P1 and P44 under factors and widths that have no rows of their own: any ALPHA and any N may be asked for, and a
/// comparison of one factor in one width each would be most of a run.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "golden_elementwise.hpp"
#include "golden_failure.hpp"
#include "golden_layer.hpp"
#include "judge.hpp"
#include "pamkit/profiles.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

const property_text factor_text = {
    .id = "P1",
    .part = "factors",
    .sentence = "products, quotients, slopes and their sums are the golden model's under every factor",
    .domain = "factors next to 1 and to 2, rounded to 2, and between; every format that the run has, and binary32 for sums and, under 1.75, layers of products",
    .operation = "",
    .promise = ""};
const property_text width_text = {
    .id = "P1",
    .part = "widths",
    .sentence = "every elementwise operation is the golden model's in binary32mN of every N",
    .domain = "each N of 1..23 that the run has no rows for",
    .operation = "",
    .promise = ""};

constexpr std::string_view kFactors[] = {"pam:1.0000001", "pam:1.25", "pam:1.5", "pam:1.75", "pam:1.9999999",
                                         "pam:1.99999999999"};
constexpr std::size_t kFactorOfLayers = 3;  // 1.75
constexpr std::size_t kCases = 250;

// All rules that one row is about, which fails with the first of them that does.
struct judged_row {
  suite_context& context;
  result row;

  void judge_elements(const setting& s, const backend& b, const operation_info& o) {
    const subject subject = s.under(b);
    const auto oracle = elementwise_oracle::find(o.name, *s.arithmetic, s.format, s.subnormals, s.overflow);
    if (row.status == run_status::fail || !oracle || !subject.defines(o.name)) return;
    entropy source(context.options().seed);
    operand_columns operands(static_cast<std::size_t>(o.arity));
    std::vector<allowed_results> expected;
    for (std::size_t i = 0; i < kCases; ++i) {
      const case_shape shape = s.shape(o.arity);
      const format_description f = describe(s.format);
      const bool at_edge = o.arity == 2 && source.one_in(3);
      const column x = at_edge ? draw_range_edge(shape, f, source) : draw_case(shape, f, source);
      for (std::size_t j = 0; j < operands.size(); ++j) operands[j].push_back(x[j]);
      expected.push_back(oracle->results(x));
    }
    const judgement j = judge(o.name, subject, operands, expected);
    row.cases += j.cases;
    if (!j.failing) return;
    become(s, b, o.name);
    report_golden_failure(row, subject, o.name, *oracle, *j.failing, context.options().shrinks);
  }

  void judge_sums(const setting& s, const backend& b, const tensor_operation& o, derivative gradient) {
    using enum contraction_kind;
    const arithmetic_info& info = *s.arithmetic->info;
    if (row.status == run_status::fail || b.contraction(info.name, o.is_vjp ? vjp_a : product, gradient) == nullptr) return;
    const subject subject = s.under(b);
    entropy source(context.options().seed);
    for (const contraction_plan& plan : contraction_plans(o, true)) {
      const contraction_case c = make_contraction_case(s.shape(2), plan, source);
      const auto expected = golden_results(o, gradient, *s.arithmetic, s.format, s.subnormals, s.overflow, c);
      const auto d = compare_contraction(o, gradient, subject, c, expected);
      ++row.cases;
      if (!d) continue;
      become(s, b, o.name);
      row.status = run_status::fail;
      row.reason = "the backend's result is not the golden model's";
      if (o.is_vjp) row.derivative = name_of(gradient);
      row.shape = c.shape();
      column operands = c.a;
      operands.insert(operands.end(), c.b.begin(), c.b.end());
      if (o.is_vjp) operands.insert(operands.end(), c.d.begin(), c.d.end());
      set_counterexample(row, describe(s.format), operands, d->got, d->expected);
      return;
    }
  }

  void judge_layer(const setting& s, const backend& b, const layer_operation& o, derivative gradient) {
    const arithmetic_info& info = *s.arithmetic->info;
    if (row.status == run_status::fail || !has_layer(b, o, info)) return;
    const subject subject = s.under(b);
    for (const layer_case& c : make_layer_cases(o.layer->name, s.format, context.options().seed, layer_case_size::quick)) {
      const auto got = apply_layer(subject, *o.layer, o.is_vjp, gradient, c);
      const auto d = first_difference(got, golden_layer(o, gradient, *s.arithmetic, s.format, s.subnormals, s.overflow, c));
      ++row.cases;
      if (!d) continue;
      become(s, b, o.name());
      row.status = run_status::fail;
      row.reason = "the backend's result is not the golden model's";
      if (o.is_vjp) row.derivative = name_of(gradient);
      row.shape = c.shape(o.is_vjp);
      set_counterexample(row, describe(s.format), c.operands(o.is_vjp), d->got, d->expected);
      return;
    }
  }

 private:
  // From now on about these rules alone, under the statement that says the same of them.
  void become(const setting& s, const backend& b, std::string_view operation) {
    const std::uint64_t cases = row.cases;
    row = s.row(find_operation(operation) != nullptr           ? golden_text()
                : find_tensor_operation(operation) != nullptr ? golden_contraction_text()
                                                              : golden_layer_text());
    row.operation = operation;
    row.backend = b.name;
    row.seed = context.options().seed;
    row.cases = cases;
  }
};

judged_row row_of(suite_context& context, const property_text& text, std::string_view operation,
                  std::string_view arithmetic, std::string_view format, const backend& b) {
  judged_row judged{context, {}};
  result& row = judged.row;
  row.property = text.id;
  row.statement = text.key();
  row.operation = operation;
  row.arithmetic = arithmetic;
  row.format = format;
  row.policy = row.overflow = "any";
  row.backend = b.name;
  row.domain = text.domain;
  row.seed = context.options().seed;
  return judged;
}

const std::vector<arithmetic_choice>& factors() {
  static const std::vector<arithmetic_choice> all = [] {
    std::vector<arithmetic_choice> list;
    for (const std::string_view name : kFactors) list.push_back(*parse_arithmetic(name));
    return list;
  }();
  return all;
}

rows run_factor(suite_context& context, const arithmetic_choice& factor, const backend& b) {
  rows found;
  const auto add = [&](judged_row judged) {
    // The other factors' tasks have the rest.
    if (judged.row.status != run_status::fail) judged.row.is_part = true;
    if (judged.row.cases > 0) found.push_back(std::move(judged.row));
  };
  for (const operation_info& o : operations()) {
    if (!context.wants_operation(o.name) || context.is_stopping()) continue;
    judged_row judged = row_of(context, factor_text, o.name, "pam:ALPHA", "any", b);
    for (const any_format& format : context.options().formats) {
      context.for_each_setting(factor, format, [&](const setting& s) { judged.judge_elements(s, b, o); });
    }
    add(std::move(judged));
  }
  for (const std::string_view name : {"matmul", "matmul_vjp"}) {
    if (!context.wants_binary32() || !context.wants_operation(name) || context.is_stopping()) continue;
    const tensor_operation& o = *find_tensor_operation(name);
    judged_row judged = row_of(context, factor_text, name, "pam:ALPHA", "binary32", b);
    for (const derivative gradient : {derivative::approx, derivative::exact}) {
      if (!o.is_vjp && gradient == derivative::exact) continue;
      context.for_each_setting(factor, binary32{}, [&](const setting& s) { judged.judge_sums(s, b, o, gradient); });
    }
    add(std::move(judged));
  }
  return found;
}

// Layers whose products are compensated, under a factor that differs from all others by more than half.
rows run_factor_of_layers(suite_context& context, const arithmetic_choice& factor, const backend& b) {
  rows found;
  for (const char* name : {"attention", "attention_vjp", "conv2d", "conv2d_vjp", "linear", "linear_vjp"}) {
    if (!context.wants_operation(name) || context.is_stopping()) continue;
    const layer_operation o = *find_layer_operation(name);
    judged_row judged = row_of(context, factor_text, name, "pam:ALPHA", "binary32", b);
    for (const derivative gradient : {derivative::approx, derivative::exact}) {
      if (o.is_vjp || gradient == derivative::approx) judged.judge_layer({.arithmetic = &factor}, b, o, gradient);
    }
    if (judged.row.cases > 0) found.push_back(std::move(judged.row));
  }
  return found;
}

// The released kernels have factors too, in binary32 and without policies.
rows run_paper_factors(suite_context& context, const backend& b) {
  rows found;
  for (const operation_info& o : operations()) {
    if (!context.wants_operation(o.name) || context.is_stopping()) continue;
    judged_row judged = row_of(context, factor_text, o.name, "pam:ALPHA", "binary32", b);
    judged.row.profile = name_of(profile::paper);
    for (const arithmetic_choice& factor : factors()) {
      const auto arithmetic = under_profile(factor, profile::paper);
      if (arithmetic) judged.judge_elements({.arithmetic = &*arithmetic}, b, o);
    }
    if (judged.row.cases > 0) found.push_back(std::move(judged.row));
  }
  return found;
}

rows run_widths(suite_context& context, const arithmetic_choice& arithmetic) {
  rows found;
  const auto has_rows = [&](int kept) {
    return std::ranges::any_of(context.options().formats, [&](const any_format& f) {
      const auto* m = std::get_if<binary32m>(&f);
      return m != nullptr && m->kept_bits == kept;
    });
  };
  for (const backend* b : context.options().backends) {
    if (context.stride(*b) > 1 || !context.is_judged(*b)) continue;
    for (const operation_info& o : operations()) {
      if (!context.wants_operation(o.name) || context.is_stopping()) continue;
      judged_row judged = row_of(context, width_text, o.name, arithmetic.label, "binary32mN", *b);
      for (int kept = 1; kept <= 23; ++kept) {
        if (has_rows(kept)) continue;
        context.for_each_setting(arithmetic, binary32m{kept}, [&](const setting& s) { judged.judge_elements(s, *b, o); });
      }
      if (judged.row.cases > 0) found.push_back(std::move(judged.row));
    }
  }
  return found;
}

void add_tasks(suite_context& context) {
  if (context.is_quick()) return;
  const auto& arithmetics = context.options().arithmetics;
  // Who asks for some formats asks for no other widths.
  const bool has_widths = std::ranges::count_if(context.options().formats, [](const any_format& f) {
                            return std::holds_alternative<binary32m>(f);
                          }) > 1;
  if (context.wants(width_text) && has_widths) {
    for (const arithmetic_choice& a : arithmetics) {
      context.add_task(fmt::format("P1.widths {}", a.label), [&context, &a] { return run_widths(context, a); }, 0, 1);
    }
  }
  const bool has_factors = std::ranges::any_of(arithmetics, [](const arithmetic_choice& a) { return !a.alpha.empty(); });
  if (!context.wants(factor_text) || !has_factors) return;
  for (const arithmetic_choice& factor : factors()) {
    context.add_task(fmt::format("P1.factors {}", factor.label), [&context, &factor] {
      rows found;
      for (const backend* b : context.options().backends) {
        if (context.stride(*b) > 1 || !context.is_judged(*b)) continue;
        std::ranges::move(run_factor(context, factor, *b), std::back_inserter(found));
      }
      return found;
    }, 0, 2);
  }
  if (context.wants_binary32()) {
    context.add_task("P1.factors of layers", [&context] {
      rows found;
      for (const backend* b : context.options().backends) {
        if (context.stride(*b) > 1 || !context.is_judged(*b)) continue;
        std::ranges::move(run_factor_of_layers(context, factors()[kFactorOfLayers], *b), std::back_inserter(found));
      }
      return found;
    }, 0, 2);
  }
  if (!context.wants_profile(profile::paper)) return;
  context.add_task("P1.factors profile paper", [&context] {
    rows found;
    for (const backend* b : context.options().backends) {
      if (context.stride(*b) > 1 || !context.is_judged(*b)) continue;
      std::ranges::move(run_paper_factors(context, *b), std::back_inserter(found));
    }
    return found;
  });
}

}  // namespace

namespace tasks {
task_family other_rules() {
  return {.texts = {&factor_text, &width_text}, .operations = {}, .add_tasks = add_tasks, .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties
