#include "pamkit/ptx/operations.hpp"

#include <gtest/gtest.h>

#include "pamkit/ptx/hashed_sum.hpp"

namespace pamkit::ptx {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(operations, shifts_beyond_the_width_are_defined) {
  EXPECT_EQ(shift_left<u32>(1, 31), 0x80000000u);
  EXPECT_EQ(shift_left<u32>(1, 32), 0u);
  EXPECT_EQ(shift_left<u16>(0xffff, 4), 0xfff0);
  EXPECT_EQ(shift_left<u64>(1, 64), 0u);
  EXPECT_EQ(shift_right<u32>(0x80000000u, 31), 1u);
  EXPECT_EQ(shift_right<u32>(0x80000000u, 32), 0u);
  EXPECT_EQ(shift_right<s32>(-5, 40), -1);
  EXPECT_EQ(shift_right<s32>(5, 40), 0);
  EXPECT_EQ(funnel_left(0x80000000u, 1, 1), 3u);
  EXPECT_EQ(funnel_left(7, 1, 32), 7u);
  EXPECT_EQ(funnel_right(0x80000000u, 1, 1), 0xc0000000u);
  EXPECT_EQ(funnel_right(7, 1, 32), 1u);
}

TEST(operations, products_have_a_low_a_high_and_a_wide_part) {
  EXPECT_EQ(multiply_low<s32>(-3, 5), static_cast<u32>(-15));
  EXPECT_EQ(multiply_high<u32>(0xffffffffu, 0xffffffffu), 0xfffffffeu);
  EXPECT_EQ(multiply_high<s32>(-1, 1), 0xffffffffu);
  EXPECT_EQ(multiply_high<u64>(~u64{0}, 2), 1u);
  EXPECT_EQ(multiply_wide<s32>(-1, 4), -4);
  EXPECT_EQ(multiply_wide<u32>(0xffffffffu, 4), 0x3fffffffcu);
  EXPECT_EQ(multiply_wide<s16>(-1, 4), -4);
}

TEST(operations, division_by_zero_and_overflow_have_values) {
  EXPECT_EQ(quotient<u32>(7, 0), 0xffffffffu);
  EXPECT_EQ(quotient<s32>(std::numeric_limits<s32>::min(), -1), std::numeric_limits<s32>::min());
  EXPECT_EQ(remainder<s32>(std::numeric_limits<s32>::min(), -1), 0);
  EXPECT_EQ(remainder<u32>(7, 0), 7u);
  EXPECT_EQ(quotient<s32>(-7, 2), -3);
  EXPECT_EQ(remainder<s32>(-7, 2), -1);
}

TEST(operations, minimum_and_maximum_know_zeros_and_nans) {
  EXPECT_EQ(std::bit_cast<u32>(minimum(0.0F, -0.0F)), 0x80000000u);
  EXPECT_EQ(std::bit_cast<u32>(maximum(-0.0F, 0.0F)), 0u);
  EXPECT_EQ(minimum(kNan, 1.0F), 1.0F);
  EXPECT_EQ(maximum(1.0F, kNan), 1.0F);
  EXPECT_EQ(std::bit_cast<u32>(maximum(kNan, kNan)), 0x7fffffffu);
  EXPECT_EQ(std::bit_cast<u32>(maximum_or_nan(kNan, 1.0F)), 0x7fffffffu);
  EXPECT_EQ(minimum<s32>(-1, 1), -1);
  EXPECT_EQ(minimum<u32>(0xffffffffu, 1), 1u);
}

TEST(operations, nan_results_are_canonical) {
  EXPECT_EQ(std::bit_cast<u32>(sum(kInfinity, -kInfinity)), 0x7fffffffu);
  EXPECT_EQ(std::bit_cast<u32>(sum(std::bit_cast<float>(0xffc12345u), 1.0F)), 0x7fffffffu);
  EXPECT_EQ(std::bit_cast<u32>(sum(std::bit_cast<float>(1u), std::bit_cast<float>(1u))),
            2u);  // subnormals
}

TEST(operations, lookup_is_any_function_of_three_bits) {
  EXPECT_EQ(lookup(0xf0, 0xcc, 0xaa, 0x80), 0xf0u & 0xccu & 0xaau);
  EXPECT_EQ(lookup(0xf0, 0xcc, 0xaa, 0x96), 0xf0u ^ 0xccu ^ 0xaau);
  for (u32 table = 0; table < 256; ++table)
    EXPECT_EQ(lookup(0xf0, 0xcc, 0xaa, table) & 0xff, table);
}

TEST(operations, fields_of_bits) {
  EXPECT_EQ(extract<u32>(0xabcd1234u, 8, 8), 0x12u);
  EXPECT_EQ(extract<s32>(0x0000f000, 12, 4), -1);
  EXPECT_EQ(extract<s32>(-1, 40, 4), -1);
  EXPECT_EQ(extract<u32>(0x80000000u, 28, 8), 8u);
  EXPECT_EQ(extract<u32>(5, 0, 0), 0u);
  EXPECT_EQ(extract<u32>(5, 0, 32), 5u);
  EXPECT_EQ(insert<u32>(0xff, 0, 4, 4), 0xf0u);
  EXPECT_EQ(insert<u32>(0x1234, 0xffffffffu, 16, 32), 0x1234ffffu);
  EXPECT_EQ(insert<u64>(1, 0, 63, 1), u64{1} << 63);
  EXPECT_EQ(permute(0x33221100, 0x77665544, 0x7531), 0x77553311u);
  EXPECT_EQ(permute(0x00000080, 0, 0x8888), 0xffffffffu);
  EXPECT_EQ(reversed<u32>(1), 0x80000000u);
}

TEST(operations, conversions_to_integers_clamp) {
  EXPECT_EQ(to_integer<s32>(round_nearest(2.5F)), 2);
  EXPECT_EQ(to_integer<s32>(round_zero(-2.7F)), -2);
  EXPECT_EQ(to_integer<s32>(round_down(-2.1F)), -3);
  EXPECT_EQ(to_integer<s32>(round_up(2.1F)), 3);
  EXPECT_EQ(to_integer<s32>(3e9F), std::numeric_limits<s32>::max());
  EXPECT_EQ(to_integer<s32>(-kInfinity), std::numeric_limits<s32>::min());
  EXPECT_EQ(to_integer<u32>(-1.0F), 0u);
  EXPECT_EQ(to_integer<u32>(5e9F), 0xffffffffu);
  EXPECT_EQ(to_integer<u32>(4e9F), 4000000000u);
  EXPECT_EQ(to_integer<s32>(kNan), 0);
  EXPECT_EQ(to_integer<s64>(1e19F), std::numeric_limits<s64>::max());
}

TEST(operations, registers_are_read_and_written_by_their_width) {
  u32 wide = 0;
  put(wide, s16{-1});
  EXPECT_EQ(wide, 0xffffffffu);
  put(wide, u16{0xffff});
  EXPECT_EQ(wide, 0xffffu);
  EXPECT_EQ(to<s8>(u16{0x80}), -128);
  put(wide, 1.0F);
  EXPECT_EQ(wide, 0x3f800000u);
}

TEST(operations, the_hashed_sum_is_commutative_and_not_associative) {
  const u32 a = 0x3f800001;
  const u32 b = 0xc0490fdb;
  const u32 c = 0x00000001;
  EXPECT_EQ(hashed_add(a, b), hashed_add(b, a));
  EXPECT_NE(hashed_add(hashed_add(a, b), c), hashed_add(a, hashed_add(b, c)));
  EXPECT_NE(hashed_add(a, b), hashed_add(a, b ^ 1));
  EXPECT_NE(hashed_add(a, b), hashed_add(a, b ^ 0x80000000u));
  EXPECT_EQ(hashed_add(a, 0), a);
  EXPECT_EQ(hashed_add(0x80000000u, a), a);
  EXPECT_EQ(hashed_add(0x80000000u, 0), 0u);
  EXPECT_EQ(hashed_add(0x7f800000, a), 0x7f800000u);
  EXPECT_EQ(hashed_add(0x7f800000, 0xff800000), 0x7fc00000u);
  u32 lowest = ~0u;
  u32 highest = 0;
  for (u32 i = 1; i < 100000; ++i) {
    const u32 h = hashed_add(a, i);
    lowest = std::min(lowest, h);
    highest = std::max(highest, h);
  }
  EXPECT_GE(lowest, 0x3e800000u);   // 1/4
  EXPECT_LT(highest, 0x42800000u);  // 64
}

}  // namespace
}  // namespace pamkit::ptx
