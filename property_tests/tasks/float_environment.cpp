/// Kernels compute in IEEE 754's default environment, whatever mode the caller has set (section 11.1).
#include <fmt/format.h>

#include <iterator>

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
    .sentence = "results do not change where the caller flushes subnormals or rounds in another direction, and its settings are "
                "kept",
    .domain = "some cases of every operation, binary32, on vector kernels",
    .operation = "",
    .promise = ""};

#if defined(__SSE__)

constexpr unsigned kFlushToZero = 0x8000;
constexpr unsigned kDenormalsAreZero = 0x0040;
constexpr unsigned kDownward = 0x2000;
constexpr unsigned kUpward = 0x4000;
constexpr unsigned kTowardZero = 0x6000;

/// Settings of the control register, for the scope.
class unusual_environment {
 public:
  explicit unusual_environment(unsigned settings) : before_(_mm_getcsr()), settings_(settings) {
    _mm_setcsr(before_ | settings_);
  }
  ~unusual_environment() { _mm_setcsr(before_); }

  /// Whether all but the sticky flags are as they were set.
  bool is_kept() const {
    return (_mm_getcsr() & (kFlushToZero | kDenormalsAreZero | kTowardZero)) == settings_;
  }
  unusual_environment(const unusual_environment&) = delete;
  unusual_environment& operator=(const unusual_environment&) = delete;

 private:
  unsigned before_;
  unsigned settings_;
};

constexpr unsigned kAllAtOnce = kFlushToZero | kDenormalsAreZero | kDownward;
// One after another, so that none is undone for another's sake alone.
constexpr unsigned kSingly[] = {kUpward, kFlushToZero, kTowardZero, kDenormalsAreZero, kDownward};

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
    bool is_kept = true;
    for (const unsigned settings : {kAllAtOnce, kSingly[row.cases % std::size(kSingly)]}) {
      if (got != expected || !is_kept) break;
      const unusual_environment environment(settings);
      got = compute();
      is_kept = environment.is_kept();
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
