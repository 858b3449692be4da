/// P50, what one process can see of it: every instruction set that this machine runs, and any
/// number of threads, give the bits of the definitions. Compilers and optimisation levels are
/// compared through golden digests.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <thread>

#include "contiguous_product.hpp"
#include "golden_contraction.hpp"
#include "pamkit/simd.hpp"
#include "pamkit/tensor/split.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

const property_text text = {
    .id = "P50",
    .sentence = "every instruction set and number of threads gives "
                "equal bits",
    .domain = "all operands; the instruction sets of this machine, 1 to 8 threads",
    .operation = "",
    .promise = "",
    .promised = nullptr};

const property_text targets_text = {
    .id = "P50",
    .part = "targets",
    .sentence = "every instruction set that is compared has kernels of its own",
    .domain = "the matrix product on the instruction sets of this machine",
    .operation = "",
    .promise = "",
    .promised = nullptr};

constexpr int kThreads[] = {1, 2, 3, 8};

/// The functions of the simd backend for one instruction set, looked up while no other thread does.
struct target_functions {
  std::string name;
  std::map<std::pair<std::string_view, std::string_view>, elementwise_function> elementwise;
  std::map<std::tuple<std::string_view, contraction_kind, derivative>, contraction_function>
      contraction;
};

std::vector<target_functions> functions_of_targets() {
  const std::string before(simd_target_name());
  std::vector<target_functions> all;
  for (const std::string_view name : simd_targets()) {
    use_simd_target(name);
    target_functions target{.name = std::string(name), .elementwise = {}, .contraction = {}};
    for (const arithmetic_info& a : arithmetics()) {
      for (const operation_info& o : operations()) {
        target.elementwise[{o.name, a.name}] = simd_backend().elementwise(o.name, a.name);
      }
      using enum contraction_kind;
      for (const contraction_kind kind : {product, vjp_a, vjp_b}) {
        for (const derivative gradient : {derivative::approx, derivative::exact}) {
          target.contraction[{a.name, kind, gradient}] =
              simd_backend().contraction(a.name, kind, gradient);
        }
      }
    }
    all.push_back(std::move(target));
  }
  use_simd_target(before);
  return all;
}

void fail(result& row, const std::string& target, int threads) {
  row.status = run_status::fail;
  row.reason = fmt::format("{} on {} thread{} differs from the definitions", target, threads,
                           threads == 1 ? "" : "s");
}

// ---- One element at a time -------------------------------------------------------------------------

column computed(elementwise_function function, const configuration& rules,
                const operand_columns& x) {
  column out(case_count(x));
  function(rules, x.front().data(), x.back().data(), out.data(), out.size());
  return out;
}

// The first case, if any, for which a target differs from `expected`.
template <class Found>
void compare_elementwise(const std::vector<target_functions>& targets, const operation_info& o,
                         const subject& definitions, const operand_columns& x, const Found& found) {
  const column expected = definitions.apply(o.name, x);
  for (const target_functions& t : targets) {
    const auto function = t.elementwise.at({o.name, definitions.arithmetic().info->name});
    const column got = computed(function, definitions.rules(), x);
    const auto [g, e] = std::ranges::mismatch(got, expected);
    if (g == got.end()) continue;
    return found(t.name, static_cast<std::size_t>(g - got.begin()), *g, *e);
  }
}

rows run_elementwise(suite_context& context, const setting& s, const operation_info& o,
                     const std::vector<target_functions>& targets) {
  result row = s.row(text);
  row.operation = o.name;
  row.backend = "simd";
  const operand_columns x = context.operands_for(s, o.arity, context.sizes().property, row);
  row.cases = case_count(x) * targets.size();
  compare_elementwise(targets, o, s.under(scalar_backend()), x,
                      [&](const std::string& target, std::size_t i, std::uint32_t got,
                          std::uint32_t expected) {
                        fail(row, target, 1);
                        set_counterexample(row, describe(s.format), case_at(x, i), got, expected);
                      });
  return {row};
}

// Comparisons with a set that was never switched to would hold.
rows compare_targets(const suite_context& context, const setting& s,
                     const std::vector<target_functions>& targets) {
  result row = s.row(targets_text);
  row.operation = "matmul";
  row.backend = "simd";
  row.mode = run_mode::exhaustive;
  if (!context.is_judged(simd_backend())) return {};
  const auto product = [&s](const target_functions& t) {
    return t.contraction.at(
        {s.arithmetic->info->name, contraction_kind::product, derivative::approx});
  };
  for (std::size_t i = 0; i < targets.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      ++row.cases;
      if (i == j || product(targets[i]) != product(targets[j])) continue;
      row.status = run_status::fail;
      row.reason = fmt::format("{} and {} have one product", targets[i].name, targets[j].name);
    }
  }
  return {row};
}

// ---- Matrix products -------------------------------------------------------------------------------

struct kind_of_product {
  contraction_kind kind;
  derivative gradient;
};

std::vector<kind_of_product> kinds_of(const arithmetic_info& info, bool is_vjp,
                                      derivative gradient) {
  if (!is_vjp) return {{contraction_kind::product, derivative::approx}};
  if (!info.has_derivative(gradient)) return {};
  return {{contraction_kind::vjp_a, gradient}, {contraction_kind::vjp_b, gradient}};
}

// The whole product, its parts on threads of their own.
column contracted(contraction_function function, const subject& s, contraction_kind kind,
                  const contraction_case& c, int threads) {
  const policy<binary32> rules = contraction_rules(s.rules());
  return contiguous_product(kind, c, [&](const contraction_problem& problem) {
    if (threads == 1) return function(rules, problem);
    std::vector<std::jthread> workers;
    for (const contraction_problem& part : split(problem, kind, threads)) {
      workers.emplace_back([&rules, function, part] { function(rules, part); });
    }
  });
}

struct difference {
  std::string target;
  int threads = 1;
  contraction_mismatch values;
};

std::optional<difference> compare_products(const std::vector<target_functions>& targets,
                                           const subject& definitions, kind_of_product k,
                                           const contraction_case& wide, std::span<const int> counts) {
  const column expected = contract(definitions, k.kind, k.gradient, wide);
  for (const target_functions& t : targets) {
    const auto function =
        t.contraction.at({definitions.arithmetic().info->name, k.kind, k.gradient});
    for (const int threads : counts) {
      const column got = contracted(function, definitions, k.kind, wide, threads);
      const auto [g, e] = std::ranges::mismatch(got, expected);
      if (g == got.end() && e == expected.end()) continue;
      return difference{t.name, threads, {g == got.end() ? 0 : *g, e == expected.end() ? 0 : *e}};
    }
  }
  return std::nullopt;
}

// Starting threads costs more than a small product: only the default rules see all numbers of them.
std::span<const int> thread_counts(const setting& s) {
  const bool all = s.is_default() && std::holds_alternative<binary32>(s.format);
  return std::span(kThreads).first(all ? std::size(kThreads) : 1);
}

rows run_product(suite_context& context, const setting& s, const tensor_operation& operation,
                 derivative gradient, const std::vector<target_functions>& targets) {
  result row = s.row(text);
  row.operation = operation.name;
  row.backend = "simd";
  row.seed = context.options().seed;
  if (operation.is_vjp) row.derivative = name_of(gradient);
  const subject definitions = s.under(scalar_backend());
  const auto counts = thread_counts(s);
  const auto cases = context.cases().contractions(s.shape(2), operation);
  for (const contraction_case& c : *cases) {
    const contraction_case wide = widened(s.format, c);
    for (const kind_of_product k : kinds_of(*s.arithmetic->info, operation.is_vjp, gradient)) {
      if (context.is_stopping()) return {};
      row.cases += targets.size() * counts.size();
      const auto found = compare_products(targets, definitions, k, wide, counts);
      if (!found) continue;
      const contraction_case simplest =
          shrink_contraction(binary32{}, wide, [&](const contraction_case& x) {
            return compare_products(targets, definitions, k, x, counts).has_value();
          });
      const auto last = *compare_products(targets, definitions, k, simplest, counts);
      fail(row, last.target, last.threads);
      row.shape = simplest.shape();
      column operands = simplest.a;
      operands.insert(operands.end(), simplest.b.begin(), simplest.b.end());
      if (operation.is_vjp) operands.insert(operands.end(), simplest.d.begin(), simplest.d.end());
      set_counterexample(row, describe(binary32{}), operands, last.values.got, last.values.expected);
      return {row};
    }
  }
  return {row};
}

// ---- The family ------------------------------------------------------------------------------------

const tensor_operation* const kProducts[] = {find_tensor_operation("matmul"),
                                             find_tensor_operation("matmul_vjp")};

void add_tasks(suite_context& context) {
  const auto& backends = context.options().backends;
  const bool wants_any = context.wants(text) || context.wants(targets_text);
  if (!wants_any || std::ranges::find(backends, &simd_backend()) == backends.end()) return;
  // Planted faults that are backends of their own are not what this looks at.
  const bool has_others = std::ranges::any_of(
      backends, [](const backend* b) { return b != &simd_backend() && b != &scalar_backend(); });
  if (context.options().observer != nullptr && has_others) return;
  // Looked up between two phases, when no task runs; the tasks share what was found.
  const auto targets = std::make_shared<std::vector<target_functions>>();
  const int phase = context.add_phase([targets] { *targets = functions_of_targets(); });
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    if (!context.wants(targets_text) || find_arithmetic(arithmetic.info->name) == nullptr) continue;
    const setting s{&arithmetic, binary32{}, context.options().policies.front(),
                    context.options().overflows.front()};
    context.add_task(
        "P50 targets", [&context, s, targets] { return compare_targets(context, s, *targets); },
        phase);
  }
  if (!context.wants(text)) return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    const arithmetic_info& info = *arithmetic.info;
    if (find_arithmetic(info.name) == nullptr) continue;
    for (const any_format& format : context.options().formats) {
      context.for_each_setting(arithmetic, format, [&](const setting& s) {
        const std::string what = fmt::format("P50 {} {}", arithmetic.label, describe(format).name);
        for (const operation_info& o : operations()) {
          if (!info.defines(o.name) || !context.wants_operation(o.name)) continue;
          context.add_task(
              what, [&context, s, &o, targets] { return run_elementwise(context, s, o, *targets); },
              phase);
        }
        for (const tensor_operation* o : kProducts) {
          if (!context.wants_operation(o->name)) continue;
          for (const derivative gradient : {derivative::approx, derivative::exact}) {
            const bool is_new = gradient == derivative::approx || o->is_vjp;
            if (!is_new || kinds_of(info, o->is_vjp, gradient).empty()) continue;
            context.add_task(
                what,
                [&context, s, o, gradient, targets] {
                  return run_product(context, s, *o, gradient, *targets);
                },
                phase);
          }
        }
      });
    }
  }
}

replay_verdict replay_product(const replay_request& r, const tensor_operation& operation) {
  require_well_formed(r, binary32{});
  const contraction_case c = tensor_case(r, operation.is_vjp);
  const subject definitions(scalar_backend(), r.arithmetic, r.format, r.subnormals, r.overflow);
  const auto kinds =
      kinds_of(*r.arithmetic.info, operation.is_vjp, r.derivative.value_or(derivative::approx));
  std::optional<contraction_mismatch> mismatch;
  for (const kind_of_product k : kinds) {
    const auto found = compare_products(functions_of_targets(), definitions, k, c, kThreads);
    if (found && !mismatch) mismatch = found->values;
  }
  return verdict_of(mismatch, describe(binary32{}), text.sentence);
}

std::optional<replay_verdict> replay(const replay_request& r) {
  if (!is_named(r.property, text)) return std::nullopt;
  for (const tensor_operation* o : kProducts) {
    if (o->name == r.operation) return replay_product(r, *o);
  }
  const operation_info* operation = find_operation(r.operation);
  if (operation == nullptr || !r.arithmetic.info->defines(r.operation)) {
    refuse(fmt::format("P50 needs an elementwise operation of {}, matmul or matmul_vjp; --op mul "
                       "would be right",
                       r.arithmetic.label));
  }
  require_count(r, static_cast<std::size_t>(operation->arity));
  require_well_formed(r, r.format);
  const subject definitions(scalar_backend(), r.arithmetic, r.format, r.subnormals, r.overflow);
  operand_columns x;
  // As many copies as fill a vector.
  for (const std::uint32_t operand : r.operands) x.push_back(column(64, operand));
  std::optional<contraction_mismatch> mismatch;
  compare_elementwise(functions_of_targets(), *operation, definitions, x,
                      [&](const std::string&, std::size_t, std::uint32_t got,
                          std::uint32_t expected) { mismatch = {got, expected}; });
  return verdict_of(mismatch, definitions.format(), text.sentence);
}

}  // namespace

namespace tasks {
task_family instruction_sets() {
  return {.texts = {&text, &targets_text}, .operations = {}, .add_tasks = add_tasks, .replay = replay};
}
}  // namespace tasks

}  // namespace pamkit::properties
