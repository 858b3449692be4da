/// Definitions and kernels compute in IEEE 754's default environment, whatever mode the caller has
/// set (section 11.1).
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "golden_layer.hpp"
#include "pamkit/profiles.hpp"
#include "result_text.hpp"
#include "suite_context.hpp"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif
#if defined(__SSE__) && defined(__x86_64__) && defined(__linux__)
#define PAMKIT_SEES_TRAPS 1
#include <signal.h>
#include <ucontext.h>
#endif

namespace pamkit::properties {
namespace {

const property_text text = {.id = "facts",
                            .part = "environment",
                            .sentence =
                                "results do not change where the caller flushes subnormals, rounds "
                                "in another direction or takes traps, none is "
                                "taken, and its settings and flags are kept",
                            .domain =
                                "some cases of every operation, elementwise ones in every "
                                "format, of the definitions and of vector kernels",
                            .operation = "",
                            .promise = ""};

#if defined(__SSE__)

constexpr unsigned kFlushToZero = 0x8000;
constexpr unsigned kDenormalsAreZero = 0x0040;
constexpr unsigned kDownward = 0x2000;
constexpr unsigned kUpward = 0x4000;
constexpr unsigned kTowardZero = 0x6000;

constexpr unsigned kMasks = 0x1F80;  // of the exceptions; a trap is taken where one is off
constexpr unsigned kFlags = 0x003F;

#if defined(PAMKIT_SEES_TRAPS)

thread_local bool is_watching = false;
thread_local volatile sig_atomic_t traps_taken = 0;
struct sigaction action_before;

// Masks what was trapped, so that the instruction goes through when it is tried again.
void note_trap(int, siginfo_t*, void* context) {
  if (!is_watching) {
    sigaction(SIGFPE, &action_before, nullptr);
    return;
  }
  traps_taken = traps_taken + 1;
  static_cast<ucontext_t*>(context)->uc_mcontext.fpregs->mxcsr |= kMasks;
}

/// Counts the traps that the calling thread takes in the scope, and goes on after them.
class trap_watch {
 public:
  trap_watch() {
    static const bool is_installed = [] {
      struct sigaction action {};
      action.sa_sigaction = note_trap;
      action.sa_flags = SA_SIGINFO;
      return sigaction(SIGFPE, &action, &action_before) == 0;
    }();
    is_watching = is_installed;
    traps_taken = 0;
  }
  ~trap_watch() { is_watching = false; }
  trap_watch(const trap_watch&) = delete;
  trap_watch& operator=(const trap_watch&) = delete;

  bool can_watch() const { return is_watching; }
  bool is_quiet() const { return traps_taken == 0; }
};

#else

class trap_watch {
 public:
  bool can_watch() const { return false; }
  bool is_quiet() const { return true; }
};

#endif

/// Settings of the control register, for the scope, with every flag raised or with none.
class unusual_environment {
 public:
  unusual_environment(unsigned settings, unsigned flags)
      : before_(_mm_getcsr()), set_((before_ & ~kFlags) | settings | flags) {
    _mm_setcsr(set_);
  }
  /// Traps are taken, but for the exceptions of `masks`.
  static unusual_environment with_traps(unsigned masks) { return unusual_environment(masks); }
  ~unusual_environment() { _mm_setcsr(before_); }

  bool is_kept() const { return _mm_getcsr() == set_; }
  unusual_environment(const unusual_environment&) = delete;
  unusual_environment& operator=(const unusual_environment&) = delete;

 private:
  explicit unusual_environment(unsigned masks)
      : before_(_mm_getcsr()), set_(((before_ | kFlags) & ~kMasks) | masks) {
    _mm_setcsr(set_);
  }

  unsigned before_;
  unsigned set_;
};

constexpr unsigned kAllAtOnce = kFlushToZero | kDenormalsAreZero | kDownward;
// One after another, so that none is undone for another's sake alone.
constexpr unsigned kSingly[] = {kUpward, kFlushToZero, kTowardZero, kDenormalsAreZero, kDownward};

// Exceptions that are not trapped while others are: none, inexact results, all but these.
constexpr unsigned kInexactMask = 0x1000;
constexpr unsigned kMasked[] = {0, kInexactMask, kMasks & ~kInexactMask};

// Of the run's cases: elements, and every how many-th of a layer.
constexpr std::size_t kElements = 2000;
constexpr std::size_t kEveryLayer = 4;

result judge_environment(suite_context& context, const setting& s, const backend& b) {
  result row = s.row(text);
  row.backend = b.name;
  row.seed = context.options().seed;
  const subject subject = s.under(b);
  const auto compare = [&](std::string_view what, const auto& compute) {
    const auto expected = compute();
    auto got = expected;
    bool is_kept = true;
    const trap_watch traps;
    if (traps.can_watch()) {
      const unusual_environment environment =
          unusual_environment::with_traps(kMasked[row.cases % std::size(kMasked)]);
      got = compute();
      is_kept = environment.is_kept();
    }
    // Without raised flags one that is raised shows, where the settings are the usual ones too.
    const std::pair<unsigned, unsigned> environments[] = {
        {kAllAtOnce, kFlags}, {kSingly[row.cases % std::size(kSingly)], 0}, {0, 0}};
    for (const auto& [settings, flags] : environments) {
      if (got != expected || !is_kept) break;
      const unusual_environment environment(settings, flags);
      got = compute();
      is_kept = environment.is_kept();
    }
    ++row.cases;
    if ((got == expected && is_kept && traps.is_quiet()) || row.status == run_status::fail) return;
    row.status = run_status::fail;
    row.operation = what;
    row.reason = !traps.is_quiet() ? "it takes a trap"
                 : got == expected ? "it changes the caller's floating-point environment"
                                   : "it depends on the caller's floating-point environment";
  };
  for (const operation_info& o : operations()) {
    if (!subject.defines(o.name)) continue;
    operand_columns operands = context.cases().pool(s.shape(o.arity))->operands;
    for (column& x : operands) x.resize(std::min(x.size(), kElements));
    compare(o.name, [&] { return subject.apply(o.name, operands); });
  }
  // Products and layers have binary32 results, whatever their operands are; profiles have none.
  const bool has_products = b.contraction(subject.rules().arithmetic, contraction_kind::product, {}) != nullptr;
  if (!std::holds_alternative<binary32>(s.format) || !has_products) return row;
  const auto* forward = find_tensor_operation("matmul");
  const auto* vjp = find_tensor_operation("matmul_vjp");
  using enum contraction_kind;
  for (const contraction_case& c : *context.cases().contractions(s.shape(2), *forward)) {
    compare("matmul",
            [&] { return contract(subject, contraction_kind::product, derivative::approx, c); });
  }
  for (const derivative gradient : {derivative::approx, derivative::exact}) {
    if (!s.arithmetic->info->has_derivative(gradient)) continue;
    for (const contraction_case& c : *context.cases().contractions(s.shape(2), *vjp)) {
      compare("matmul_vjp", [&] { return contract(subject, vjp_a, gradient, c); });
      compare("matmul_vjp", [&] { return contract(subject, vjp_b, gradient, c); });
    }
  }
  for (const layer_operation& o : layer_operations()) {
    if (b.layer == nullptr || b.layer(o.name(), s.arithmetic->info->name) == nullptr) continue;
    if (o.is_vjp && !s.arithmetic->info->has_derivative(derivative::approx)) continue;
    const auto cases = context.cases().layers(s.format, o.layer->name);
    for (std::size_t i = 0; i < cases->size(); i += kEveryLayer) {
      compare(o.name(), [&] {
        std::vector<column> results;
        for (const tensor& t :
             apply_layer(subject, *o.layer, o.is_vjp, derivative::approx, (*cases)[i])) {
          results.push_back(t.encodings);
        }
        return results;
      });
    }
  }
  return row;
}

// A plug-in, or a kernel of another processor, leaves the environment of this one to its caller.
bool is_of_library(const backend& b) {
  return std::ranges::any_of(emulator_backends(),
                             [&](const backend* own) { return own->name == b.name; });
}

void add_environment_tasks(suite_context& context) {
  if (!context.wants(text)) return;
  const auto judge_all = [&context](const setting& s) {
    rows found;
    for (const backend* b : context.options().backends) {
      if (!is_of_library(*b) || !context.is_judged(*b)) continue;
      found.push_back(judge_environment(context, s, *b));
    }
    return found;
  };
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    const auto released = under_profile(arithmetic, profile::paper);
    if (!released || !context.wants_profile(profile::paper) || !context.wants_binary32()) continue;
    context.add_task(fmt::format("facts of the environment {} under profile paper", arithmetic.label),
                     [judge_all, released] { return judge_all({.arithmetic = &*released}); });
  }
  for (const arithmetic_choice& arithmetic : context.options().arithmetics) {
    for (const any_format& format : context.options().formats) {
      // The default rules, and gradual underflow, where a flushed sum would show.
      for (const auto subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
        const setting s{&arithmetic, format, subnormals, {}};
        context.add_task(
            fmt::format("facts of the environment {} {}", arithmetic.label, describe(format).name),
            [judge_all, s] { return judge_all(s); });
      }
    }
  }
}

#else

void add_environment_tasks(suite_context&) {}

#endif

}  // namespace

namespace tasks {
task_family float_environment() {
  return {
      .texts = {&text}, .operations = {}, .add_tasks = add_environment_tasks, .replay = nullptr};
}
}  // namespace tasks

}  // namespace pamkit::properties
