/// Kernels compute in IEEE 754's default environment, whatever mode the caller has set (section 11.1).
#include <fmt/format.h>

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
    .sentence = "results do not change where the caller flushes subnormals and rounds downward",
    .domain = "the cases of matrix products and of mul, binary32, on vector kernels",
    .operation = "",
    .promise = ""};

#if defined(__SSE__)

/// Flush-to-zero, denormals-are-zero and rounding downward, for the scope.
class unusual_environment {
 public:
  unusual_environment() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8000U | 0x0040U | 0x2000U); }
  ~unusual_environment() { _mm_setcsr(before_); }
  unusual_environment(const unusual_environment&) = delete;
  unusual_environment& operator=(const unusual_environment&) = delete;

 private:
  unsigned before_;
};

result judge_environment(suite_context& context, const setting& s, const backend& b) {
  result row = s.row(text);
  row.operation = "matmul";
  row.backend = b.name;
  row.seed = context.options().seed;
  const subject subject = s.under(b);
  const auto compare = [&](std::string_view what, const auto& compute) {
    const column expected = compute();
    column got;
    {
      const unusual_environment environment;
      got = compute();
    }
    ++row.cases;
    if (got == expected || row.status == run_status::fail) return;
    row.status = run_status::fail;
    row.reason = fmt::format("{} depends on the floating-point environment", what);
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
  operand_columns operands = context.cases().pool(s.shape(2), 2000)->operands;
  compare("mul", [&] { return subject.mul(operands.front(), operands.back()); });
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
