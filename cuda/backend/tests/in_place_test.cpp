/// Results that lie where an operand does, as the parameters of elementwise operations and of the
/// optimiser allow: a kernel has to read all of an element before it stores any.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "pamkit/cuda/elementwise_plan.hpp"
#include "pamkit/cuda/host_backend.hpp"
#include "pamkit/cuda/host_kernel.hpp"

namespace pamkit::cuda {
namespace {

using words = std::vector<std::uint32_t>;

constexpr std::size_t kCount = 300;  // in two blocks

words drawn(std::mt19937& random) {
  words all(kCount);
  for (std::uint32_t& w : all) w = static_cast<std::uint32_t>(random());
  return all;
}

TEST(in_place, elementwise_operations_give_what_they_give_elsewhere) {
  constexpr std::string_view kPrefix = "pamkit_elementwise_";
  std::mt19937 random(1);
  std::size_t run = 0;
  for (const kernel* k : kernels()) {
    if (!k->name.starts_with(kPrefix)) continue;
    for (const any_format& format : default_formats()) {
      const words a = drawn(random);
      const words b = drawn(random);
      // Arrays of the widest elements hold those of any format.
      const auto result = [&](words& first, words& second, words& out) {
        const configuration rules{format, "pam", subnormal_policy::flush, overflow_policy::infinity,
                                  0};
        elementwise_plan plan =
            plan_elementwise("mul", rules, kCount, first.data(), second.data(), out.data());
        plan.kernel = k->name;
        execute_on_fibers(plan.as_launch(), 1);
        const auto bytes = static_cast<std::size_t>(bytes_of(plan.parameters.format)) * kCount;
        std::vector<unsigned char> computed(bytes);
        std::memcpy(computed.data(), out.data(), bytes);
        return computed;
      };
      std::array<words, 3> apart = {a, b, words(kCount)};
      const auto expected = result(apart[0], apart[1], apart[2]);
      std::array<words, 2> over_first = {a, b};
      EXPECT_EQ(result(over_first[0], over_first[1], over_first[0]), expected) << k->name;
      std::array<words, 2> over_second = {a, b};
      EXPECT_EQ(result(over_second[0], over_second[1], over_second[1]), expected) << k->name;
      ++run;
    }
  }
  EXPECT_GT(run, 0U);
}

TEST(in_place, the_optimiser_gives_what_it_gives_elsewhere) {
  std::mt19937 random(2);
  for (const kernel* k : kernels()) {
    if (!k->name.starts_with("pamkit_adamw_step_")) continue;
    // Positive and of moderate size: a difference is not lost in infinities.
    const auto moderate = [&] {
      words all = drawn(random);
      for (std::uint32_t& w : all) w = 0x3e000000U + w % 0x03000000U;
      return all;
    };
    const words parameter = moderate();
    const words gradient = moderate();
    const words m = moderate();
    const words v = moderate();
    const auto step = [&](std::array<words, 3>& from, std::array<words, 3>& to) {
      adamw_parameters p;
      p.count = kCount;
      p.parameter = from[0].data();
      p.gradient = gradient.data();
      p.m = from[1].data();
      p.v = from[2].data();
      p.new_parameter = to[0].data();
      p.new_m = to[1].data();
      p.new_v = to[2].data();
      p.b1 = word{0x3f666666U};     // 0.9
      p.rest1 = word{0x3dccccccU};  // 0.1
      p.b2 = word{0x3f7fbe77U};     // 0.999
      p.rest2 = word{0x3a831200U};  // 0.001
      p.eps = word{0x322bcc77U};
      p.decay = word{0x3f7d70a4U};  // 0.99
      p.step = word{0x3dccccccU};
      for (const std::uint32_t block : {0U, 1U}) k->run_on_fibers(block, &p);
      return to;
    };
    std::array<words, 3> apart = {parameter, m, v};
    std::array<words, 3> updated = {words(kCount), words(kCount), words(kCount)};
    const auto expected = step(apart, updated);
    std::array<words, 3> in_place = {parameter, m, v};
    EXPECT_EQ(step(in_place, in_place), expected) << k->name;
    EXPECT_NE(expected, apart) << k->name;
  }
}

}  // namespace
}  // namespace pamkit::cuda
