/// Kernels compute in IEEE 754's default environment, whatever mode the caller has set (section 11.1).
#include <fmt/format.h>

#include "golden_layer.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace pamkit::properties {
namespace {

const property_text text = {
    .id = "facts",
    .part = "environment",
    .sentence = "results do not change where the caller flushes subnormals and rounds downward, and its settings are "
                "kept",
    .domain = "some cases of every operation, binary32, on vector kernels",
    .operation = "",
    .promise = ""};

#if defined(__SSE__)

/// Flush-to-zero, denormals-are-zero and rounding downward, for the scope.
class unusual_environment {
 public:
  unusual_environment() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8000U | 0x0040U | 0x2000U); }
  ~unusual_environment() { _mm_setcsr(before_); }

  /// Whether all but the sticky flags are as they were set.
  static bool is_kept() { return (_mm_getcsr() & 0xE040U) == 0xA040U; }
  unusual_environment(const unusual_environment&) = delete;
  unusual_environment& operator=(const unusual_environment&) = delete;

 private:
  unsigned before_;
};

// Of the cases of a layer.
constexpr std::size_t kEvery = 4;

result judge_environment(suite_context& context, const setting& s, const backend& b) {
  result row = s.row(text);
  row.backend = b.name;
  row.seed = context.options().seed;
  const subject subject = s.under(b);
  const auto compare = [&](std::string_view what, const auto& compute) {
    const auto expected = compute();
    auto got = expected;
    bool is_kept = false;
    {
      const unusual_environment environment;
      got = compute();
      is_kept = unusual_environment::is_kept();
    }
    ++row.cases;
    if ((got == expected && is_kept) || row.status == run_status::fail) return;
    row.status = run_status::fail;
    row.operation = what;
    row.reason = got == expected ? "it changes the caller's floating-point environment"
                                 : "it depends on the caller's floating-point environment";
  };
  const auto* forward = find_tensor_operation("matmul");
  const auto* vjp = find_tensor_operation("matmul_vjp");
  using enum contraction_kind;
  for (const contraction_case& c : *context.cases().contractions(s.shape(2), *forward, true)) {
    compare("matmul", [&] { return contract(subject, contraction_kind::product, derivative::approx, c); });
  }
  for (const derivative gradient : {derivative::approx, derivative::exact}) {
    if (!s.arithmetic->info->has_derivative(gradient)) continue;
    for (const contraction_case& c : *context.cases().contractions(s.shape(2), *vjp, true)) {
      compare("matmul_vjp", [&] { return contract(subject, vjp_a, gradient, c); });
      compare("matmul_vjp", [&] { return contract(subject, vjp_b, gradient, c); });
    }
  }
  for (const operation_info& o : operations()) {
    if (!subject.defines(o.name)) continue;
    const operand_columns operands = context.cases().pool(s.shape(o.arity), 2000)->operands;
    compare(o.name, [&] { return subject.apply(o.name, operands); });
  }
  for (const layer_operation& o : layer_operations()) {
    if (b.layer == nullptr || b.layer(o.name(), s.arithmetic->info->name) == nullptr) continue;
    if (o.is_vjp && !s.arithmetic->info->has_derivative(derivative::approx)) continue;
    const auto cases = context.cases().layers(s.format, o.layer->name, true);
    for (std::size_t i = 0; i < cases->size(); i += kEvery) {
      compare(o.name(), [&] {
        std::vector<column> results;
        for (const tensor& t : apply_layer(subject, *o.layer, o.is_vjp, derivative::approx, (*cases)[i])) {
          results.push_back(t.encodings);
        }
        return results;
      });
    }
  }
  return row;
}

void add_environment_tasks(suite_context& context) {
  if (!context.wants(text)) return;
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    // The default rules, and gradual underflow, where a flushed sum would show.
    for (const subnormal_policy subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
      const setting s{&arithmetic, binary32{}, subnormals, {}};
      context.add_task(fmt::format("facts of the environment {}", arithmetic.label), [&context, s] {
        rows found;
        for (const backend* b : context.options().backends) {
          // The definitions leave the environment to their caller.
          if (b->name != simd_backend().name) continue;
          if (b->contraction(s.arithmetic->info->name, contraction_kind::product, {}) == nullptr) continue;
          if (context.is_judged(*b)) found.push_back(judge_environment(context, s, *b));
        }
        return found;
      });
    }
  }
}

#else

void add_environment_tasks(suite_context&) {}

#endif

}  // namespace

namespace tasks {
task_family float_environment() {
  return {.texts = {&text}, .operations = {}, .add_tasks = add_environment_tasks, .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties
