#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>
#include <vector>

#include "pamkit/backend.hpp"
#include "pamkit/convert.hpp"
#include "pamkit/simd.hpp"
#include "workspace.hpp"

// What packing learns of blocks, by which the class of a kernel is chosen, on every instruction
// set: exactly their ranges. Too narrow ones give wrong sums; too wide ones right sums, slowly,
// which no comparison of results shows.

namespace pamkit::testing {
namespace {

using ranges = std::vector<std::pair<magnitude_range, magnitude_range>>;

/// The ranges that a product was classified by.
ranges classified(const policy<binary32>& p, contraction_problem c) {
  std::vector<float> out(static_cast<std::size_t>(c.m * c.n));
  c.out = {out.data(), c.n};
  ranges met;
  simd::thread_workspace().classified = &met;
  simd_backend().contraction("pam", contraction_kind::product, derivative::approx)(p, c);
  simd::thread_workspace().classified = nullptr;
  return met;
}

/// Row-major, column-major, or with gaps.
struct stored {
  std::vector<float> memory;
  std::vector<std::uint16_t> narrow;
  matrix_view view;

  stored(const std::vector<std::uint32_t>& x, std::int64_t rows, std::int64_t columns, int layout)
      : view{nullptr, columns} {
    if (layout == 1) view = {nullptr, 1, rows};
    if (layout == 2) view = {nullptr, 3 * columns + 1, 3};
    memory.assign(static_cast<std::size_t>(4 * rows * columns + rows + 4), 0.0F);
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) {
        memory[static_cast<std::size_t>(i * view.row_stride + j * view.column_stride)] =
            std::bit_cast<float>(x[static_cast<std::size_t>(i * columns + j)]);
      }
    }
    view.data = memory.data();
    if (layout != 3) return;
    // As bfloat16, whose elements these have to be.
    for (const float e : memory)
      narrow.push_back(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(e) >> 16));
    view.narrow = narrow.data();
    view.format = element_format::bfloat16;
  }
};

magnitude_range range_of(const policy<binary32>& p, const std::vector<std::uint32_t>& x) {
  magnitude_range r;
  for (const std::uint32_t e : x) r = including(p, r, static_cast<std::int32_t>(e & 0x7fffffff));
  return r;
}

/// Both of one block that has no element but zeros, which has no least one, or equal.
void expect_range(const magnitude_range& found, const magnitude_range& exact, const char* which) {
  EXPECT_EQ(found.greatest, exact.greatest) << which;
  EXPECT_EQ(found.has_zero, exact.has_zero) << which;
  if (exact.least <= exact.greatest) {
    EXPECT_EQ(found.least, exact.least) << which;
  } else {
    EXPECT_GT(found.least, max_magnitude(binary32{})) << which;
  }
}

/// One element that alone is the least, the greatest or a zero, anywhere in either operand.
constexpr std::uint32_t kExtremes[] = {0x00000000, 0x80000000, 0x00010000, 0x007f0000, 0x00800000,
                                       0x7f7f0000, 0xff7f0000, 0x7f800000, 0x2f000000, 0x4f800000};

TEST(Packing, LearnsTheRangesOfBlocks) {
  std::mt19937 random(1);
  int compared = 0;
  for (const std::string_view target : simd_targets()) {
    if (target == "scalar") continue;
    ASSERT_TRUE(use_simd_target(target));
    for (int i = 0; i < 3000; ++i) {
      const auto below = [&](unsigned n) { return static_cast<std::int64_t>(random() % n); };
      policy<binary32> p;
      if (below(2) == 0) p.subnormals = subnormal_policy::gradual;
      const std::int64_t m = 1 + below(14);
      const std::int64_t n = 1 + below(70);
      const std::int64_t k = 1 + below(40);
      const auto draw = [&](std::int64_t count) {
        std::vector<std::uint32_t> x(static_cast<std::size_t>(count));
        for (std::uint32_t& e : x)
          e = ((0x30000000U + static_cast<std::uint32_t>(random() % 0x1f800000)) |
               static_cast<std::uint32_t>(random() & 0x80000000U)) &
              0xffff0000U;
        return x;
      };
      auto a = draw(m * k);
      auto b = draw(k * n);
      for (auto* x : {&a, &b}) {
        if (below(3) == 0) (*x)[random() % x->size()] = kExtremes[random() % std::size(kExtremes)];
        if (below(20) == 0) std::ranges::fill(*x, 0U);
      }
      const int layout = static_cast<int>(below(4));
      const stored left(a, m, k, layout);
      const stored right(b, k, n, layout == 3 ? 3 : static_cast<int>(below(3)));
      const ranges met = classified(
          p, {.m = m, .n = n, .k = k, .a = left.view, .b = right.view, .d = {}, .out = {}});
      ASSERT_FALSE(met.empty());
      // Panels share the columns; together they are the whole.
      magnitude_range whole = met.front().second;
      for (const auto& [of_left, of_panel] : met) {
        expect_range(of_left, range_of(p, a), "left");
        whole.least = std::min(whole.least, of_panel.least);
        whole.greatest = std::max(whole.greatest, of_panel.greatest);
        whole.has_zero |= of_panel.has_zero;
      }
      expect_range(whole, range_of(p, b), "right");
      ++compared;
      ASSERT_FALSE(HasFailure()) << target << " m " << m << " n " << n << " k " << k << " layout "
                                 << layout;
    }
  }
  use_simd_target("");
  EXPECT_GE(compared, 3000);
}

TEST(Packing, AZeroInOnePanelIsNoneInTheOthers) {
  for (const std::string_view target : simd_targets()) {
    if (target == "scalar") continue;
    ASSERT_TRUE(use_simd_target(target));
    for (std::int64_t at = 0; at < 300; at += 23) {
      constexpr std::int64_t kSize = 300;
      const std::vector<std::uint32_t> a(3 * 4, 0x40490fdb);
      std::vector<std::uint32_t> b(4 * kSize, 0x3f9e0652);
      b[static_cast<std::size_t>(2 * kSize + at)] = 0;
      const stored left(a, 3, 4, 0);
      const stored right(b, 4, kSize, 0);
      const ranges met = classified(
          {}, {.m = 3, .n = kSize, .k = 4, .a = left.view, .b = right.view, .d = {}, .out = {}});
      EXPECT_GT(met.size(), 1U);
      EXPECT_EQ(std::ranges::count_if(met, [](const auto& x) { return x.second.has_zero; }), 1)
          << target << " column " << at;
    }
  }
  use_simd_target("");
}

}  // namespace
}  // namespace pamkit::testing
