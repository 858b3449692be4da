/// Launch plans of elementwise operations: sizes, grids, formats, and the memory that a launch may
/// touch.
#include "pamkit/cuda/elementwise_plan.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace pamkit::cuda {
namespace {

constexpr std::int64_t kGiga = std::int64_t{1} << 30;

configuration rules_of(const any_format& format) {
  return {format, "pam", subnormal_policy::gradual, overflow_policy::saturate, 463051};
}

std::uint32_t blocks(std::int64_t count) {
  return plan_elementwise("mul", rules_of(binary32{}), count, nullptr, nullptr, nullptr).blocks;
}

TEST(elementwise_plan, has_a_block_for_each_256_elements_begun) {
  EXPECT_EQ(blocks(0), 0U);
  EXPECT_EQ(blocks(1), 1U);
  EXPECT_EQ(blocks(256), 1U);
  EXPECT_EQ(blocks(257), 2U);
  EXPECT_EQ(blocks(3 * kGiga), 3 * kGiga / 256);
  EXPECT_EQ(blocks((2 * kGiga - 1) * 256), 2 * kGiga - 1);
}

TEST(elementwise_plan, refuses_more_blocks_than_a_grid_holds) {
  EXPECT_THROW(static_cast<void>(blocks((2 * kGiga - 1) * 256 + 1)), std::length_error);
}

TEST(elementwise_plan, gives_the_kernel_all_rules) {
  const elementwise_plan plan =
      plan_elementwise("mul", rules_of(binary32m{7}), 9, nullptr, nullptr, nullptr);
  EXPECT_EQ(plan.kernel, "pamkit_elementwise_pam_mul");
  EXPECT_EQ(plan.parameters.subnormals, subnormal_policy::gradual);
  EXPECT_EQ(plan.parameters.overflow, overflow_policy::saturate);
  EXPECT_EQ(plan.parameters.compensation, 463051);
  EXPECT_EQ(plan.parameters.count, 9);
  EXPECT_TRUE(plan.parameters.is_cut);
  EXPECT_EQ(plan.parameters.kept_bits, 7);
  EXPECT_FALSE(plan_elementwise("mul", rules_of(binary32{}), 9, nullptr, nullptr, nullptr)
                   .parameters.is_cut);
}

TEST(elementwise_plan, may_touch_its_elements_and_nothing_else) {
  std::uint16_t memory[3][5] = {};
  const elementwise_plan two =
      plan_elementwise("mul", rules_of(bfloat16{}), 5, memory[0], memory[1], memory[2]);
  const launch l = two.as_launch();
  ASSERT_EQ(l.memory.size(), 3U);
  for (const memory_region& r : l.memory) {
    EXPECT_EQ(r.bytes, sizeof memory[0]);
    EXPECT_EQ(r.is_written, r.data == memory[2]);
  }
  const elementwise_plan one =
      plan_elementwise("sqrt", rules_of(bfloat16{}), 5, memory[0], nullptr, memory[2]);
  EXPECT_EQ(one.as_launch().memory.size(), 2U);
}

}  // namespace
}  // namespace pamkit::cuda
