#include "pamkit/operators/contraction.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <stdexcept>
#include <string>

#include "pamkit/tensor/split.hpp"

namespace pamkit::operators {
namespace {

// A contraction of fewer terms is not worth waking a second thread.
constexpr std::int64_t kTermsWorthAThread = 16384;
constexpr std::size_t kMaxThreads = 256;

struct engine {
  const backend* chosen = &simd_backend();
  contraction_observer observer;
  std::array<std::atomic<std::int64_t>, kMaxThreads> nanoseconds{};
};

engine& the_engine() {
  static engine self;
  return self;
}

std::int64_t thread_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class timed {
 public:
  timed() : start_(thread_nanoseconds()) {}
  timed(const timed&) = delete;
  timed& operator=(const timed&) = delete;
  ~timed() {
    const auto thread = static_cast<std::size_t>(at::get_thread_num());
    the_engine().nanoseconds[std::min(thread, kMaxThreads - 1)] += thread_nanoseconds() - start_;
  }

 private:
  std::int64_t start_;
};

void compute_on_threads(contraction_function compute, const policy<binary32>& rules,
                        contraction_kind kind, const contraction_problem& p) {
  const std::int64_t terms = p.batch * p.m * p.n * p.k;
  const std::int64_t threads = terms < kTermsWorthAThread ? 1 : at::get_num_threads();
  const std::vector<contraction_problem> parts = split(p, kind, threads);
  at::parallel_for(0, static_cast<std::int64_t>(parts.size()), 1,
                   [&](std::int64_t begin, std::int64_t end) {
                     const timed watch;
                     for (std::int64_t i = begin; i < end; ++i) {
                       compute(rules, parts[static_cast<std::size_t>(i)]);
                     }
                   });
}

}  // namespace

void observe_contractions(contraction_observer observer) {
  the_engine().observer = std::move(observer);
}

bool contractions_are_observed() { return static_cast<bool>(the_engine().observer); }

void tell_of_contraction(const contraction_call& call) {
  if (the_engine().observer) the_engine().observer(call);
}

void use_backend(const backend& chosen) { the_engine().chosen = &chosen; }

const backend& used_backend() { return *the_engine().chosen; }

std::vector<double> kernel_seconds() {
  std::vector<double> seconds;
  for (const auto& n : the_engine().nanoseconds) seconds.push_back(static_cast<double>(n) * 1e-9);
  while (!seconds.empty() && seconds.back() == 0) seconds.pop_back();
  return seconds;
}

void contract(const contraction_call& call) {
  const backend& by = used_backend();
  const contraction_function compute =
      by.contraction(call.rules.arithmetic, call.kind, call.gradient);
  if (compute == nullptr) {
    throw std::invalid_argument("backend " + std::string(by.name) + " has no such contraction of " +
                                std::string(call.rules.arithmetic));
  }
  compute_on_threads(compute, contraction_rules(call.rules), call.kind, call.problem);
  tell_of_contraction(call);
}

}  // namespace pamkit::operators
