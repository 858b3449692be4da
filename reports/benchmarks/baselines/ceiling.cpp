// The ceiling of kernels that compute a term as one integer addition and add it to a sum: both
// additions on registers, nothing loaded or stored, as many independent sums as hide the addition's
// latency.
#include <hwy/highway.h>

#include "baseline.hpp"

namespace pamkit::benchmarks {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

static_assert(HWY_LANES(float) == PAMKIT_BASELINE_LANES,
              "Highway compiles for another instruction set than the module is for");

// The value becomes unknown to the compiler, which costs no instruction: it can neither move the
// integer addition out of the loop nor share one between sums.
template <class Vector>
HWY_INLINE void forget(Vector& v) {
#if HWY_ARCH_X86
  asm volatile("" : "+v"(v.raw));
#else
  asm volatile("" : "+w"(v.raw));
#endif
}

constexpr int kSums = 12;
constexpr std::int64_t kSteps = 20000;

}  // namespace

// Not in the unnamed namespace: the test of the machine code finds it by name.
HWY_NOINLINE float register_add_add(std::int64_t steps) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  auto a = hn::Set(di, 0x3f800000);  // 1 as an encoding
  auto b = hn::Zero(di);
  forget(b);
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0;
  auto s6 = s0, s7 = s0, s8 = s0, s9 = s0, s10 = s0, s11 = s0;
  const auto add_term = [&](auto& sum) HWY_ATTR {
    forget(a);
    sum = hn::Add(sum, hn::BitCast(d, hn::Add(a, b)));
  };
  for (std::int64_t i = 0; i < steps; ++i) {
    add_term(s0), add_term(s1), add_term(s2), add_term(s3), add_term(s4), add_term(s5);
    add_term(s6), add_term(s7), add_term(s8), add_term(s9), add_term(s10), add_term(s11);
  }
  const auto sum =
      hn::Add(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)), hn::Add(hn::Add(s4, s5), hn::Add(s6, s7)));
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(sum, hn::Add(hn::Add(s8, s9), hn::Add(s10, s11)))));
}

namespace baselines {

baseline ceiling() {
  return {.name = "ceiling",
          .description = "one integer and one float addition a term, on registers only",
          .absent = {},
          .prepare = [](const workload& w) -> contender {
            if (w.what != task::matmul) return {};
            const auto lanes = static_cast<double>(hn::Lanes(hn::ScalableTag<float>()));
            return {
                .name = "ceiling", .work = lanes * kSums * static_cast<double>(kSteps), .run = [] {
                  volatile float sink = register_add_add(kSteps);
                  static_cast<void>(sink);
                }};
          }};
}

}  // namespace baselines
}  // namespace pamkit::benchmarks
