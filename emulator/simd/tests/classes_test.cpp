#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "pamkit/arith/pam.hpp"
#include "pamkit/simd/pam_classes.hpp"

// The class of a pair of blocks against every product of the pair.

namespace pamkit {
namespace {

using magnitudes = std::vector<std::int32_t>;

magnitude_range range_of(const policy<binary32>& p, const magnitudes& block) {
  magnitude_range r;
  for (const std::int32_t m : block) r = including(p, r, m);
  return r;
}

bool is_zero_magnitude(const policy<binary32>& p, std::int32_t m) { return m < zero_limit(p); }

// The least class that is right, found product by product.
pam_class needed(const policy<binary32>& p, const magnitudes& a, const magnitudes& b) {
  bool zeros = false;
  bool under = false;
  bool over = false;
  for (const std::int32_t x : a) {
    for (const std::int32_t y : b) {
      if (x >= top_binade<binary32> || y >= top_binade<binary32>) return pam_class::full;
      const bool x_zero = is_zero_magnitude(p, x);
      const bool y_zero = is_zero_magnitude(p, y);
      zeros = zeros || x_zero || y_zero;
      if ((!x_zero && x < min_magnitude<binary32>) || (!y_zero && y < min_magnitude<binary32>)) {
        return pam_class::full;
      }
      if (x_zero || y_zero) continue;
      const std::int64_t r = std::int64_t{x} + y - one_magnitude<binary32> + p.compensation;
      over = over || r > max_magnitude(binary32{});
      under = under || r < min_magnitude<binary32>;
    }
  }
  if (under && p.subnormals == subnormal_policy::gradual) return pam_class::full;
  if (over) return pam_class::overflow;
  if (under) return pam_class::underflow;
  return zeros ? pam_class::zeros : pam_class::plain;
}

template <class Visit>
void for_each_policy(Visit visit) {
  for (const auto subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
    for (const std::int32_t compensation : {0, 1, 463051, 0x7fffff}) {
      visit(policy<binary32>{.subnormals = subnormals, .compensation = compensation});
    }
  }
}

TEST(PamClasses, AreTheLeastThatAreRightForPairsOfOperands) {
  std::mt19937 random(1);
  for_each_policy([&](const policy<binary32>& p) {
    for (int i = 0; i < 200000; ++i) {
      const auto draw = [&]() -> std::int32_t {
        const auto r = static_cast<std::int32_t>(random() & 0x7fffffff);
        switch (random() % 8) {
          case 0:
            return 0;
          case 1:
            return r & 0x007fffff;
          case 2:
            return 0x7f800000;
          case 3:
            return 0x3f800000 + (r & 3) - 1;
          case 4:
            return 0x7f7fffff - (r & 0x01ffffff);
          case 5:
            return 0x00800000 + (r & 0x01ffffff);
          default:
            return r;
        }
      };
      const magnitudes a = {draw()};
      magnitudes b = {draw()};
      if (random() % 2 == 0) {
        // At a bound.
        const std::int64_t bound = random() % 2 == 0 ? 0x00800000 : 0x7f7fffff;
        const std::int64_t y = bound + 0x3f800000 - p.compensation - a[0] +
                               static_cast<std::int64_t>(random() % 3) - 1;
        if (y >= 0 && y <= 0x7fffffff) b[0] = static_cast<std::int32_t>(y);
      }
      ASSERT_EQ(classify(p, range_of(p, a), range_of(p, b)), needed(p, a, b))
          << std::hex << a[0] << ' ' << b[0];
    }
  });
}

TEST(PamClasses, AreTheLeastThatAreRightForBlocks) {
  std::mt19937 random(2);
  for_each_policy([&](const policy<binary32>& p) {
    for (int i = 0; i < 50000; ++i) {
      const auto draw = [&](std::int32_t centre) {
        magnitudes block(1 + random() % 4);
        for (std::int32_t& m : block) {
          m = random() % 8 == 0 ? 0 : centre + static_cast<std::int32_t>(random() % 0x02000000);
        }
        return block;
      };
      const magnitudes a = draw(static_cast<std::int32_t>(random() % 0x7d000000));
      const magnitudes b = draw(static_cast<std::int32_t>(random() % 0x7d000000));
      const pam_class chosen = classify(p, range_of(p, a), range_of(p, b));
      const pam_class least = needed(p, a, b);
      ASSERT_GE(chosen, least);
      // A zero in the way of the only offending pair may cost a class, nothing else does.
      if (least == pam_class::plain || least == pam_class::full) {
        ASSERT_EQ(chosen, least);
      }
      // Of blocks without zeros every pair of extremes is a product.
      if (!range_of(p, a).has_zero && !range_of(p, b).has_zero) {
        ASSERT_EQ(chosen, least);
      }
    }
  });
}

// The exponent of the sum is one more than the sum of the exponents says.
TEST(PamClasses, CountTheFractionCarry) {
  const policy<binary32> p;
  EXPECT_EQ(classify(p, range_of(p, {0x5f3fffff}), range_of(p, {0x5fc00000})), pam_class::plain);
  EXPECT_EQ(classify(p, range_of(p, {0x5f400000}), range_of(p, {0x5fc00000})), pam_class::overflow);
  EXPECT_EQ(classify(p, range_of(p, {0x20000000}), range_of(p, {0x20000000})), pam_class::plain);
  EXPECT_EQ(classify(p, range_of(p, {0x1fffffff}), range_of(p, {0x20000000})),
            pam_class::underflow);
}

// Every pair of binades whose product lies at a bound, with fractions that carry and that do not:
// the class that just holds, and one unit further the one that just fails.
TEST(PamClasses, ChangeAtTheUnitPastABound) {
  for_each_policy([&](const policy<binary32>& p) {
    const bool flush = p.subnormals == subnormal_policy::flush;
    for (std::int32_t field = 1; field < 255; ++field) {
      for (const std::int32_t fraction : {0, 1, 0x3fffff, 0x400000, 0x7ffffe, 0x7fffff}) {
        const std::int32_t x = field << 23 | fraction;
        const auto partner = [&](std::int64_t bound) {
          return bound + one_magnitude<binary32> - p.compensation - x;
        };
        const auto of_pair = [&](std::int64_t y) {
          const magnitude_range other = range_of(p, {static_cast<std::int32_t>(y)});
          const pam_class chosen = classify(p, range_of(p, {x}), other);
          EXPECT_EQ(chosen, classify(p, other, range_of(p, {x})));
          return chosen;
        };
        const auto is_normal = [](std::int64_t y) {
          return y >= min_magnitude<binary32> && y <= max_magnitude(binary32{});
        };
        const std::int64_t top = partner(max_magnitude(binary32{}));
        if (is_normal(top)) {
          ASSERT_EQ(of_pair(top), pam_class::plain);
        }
        if (is_normal(top) && is_normal(top + 1)) {
          ASSERT_EQ(of_pair(top + 1), pam_class::overflow);
        }
        const std::int64_t bottom = partner(min_magnitude<binary32>);
        if (is_normal(bottom)) {
          ASSERT_EQ(of_pair(bottom), pam_class::plain);
        }
        if (is_normal(bottom) && is_normal(bottom - 1)) {
          ASSERT_EQ(of_pair(bottom - 1), flush ? pam_class::underflow : pam_class::full);
        }
      }
    }
  });
}

// One block may go past both bounds, and hold what no class but the last has.
TEST(PamClasses, JoinOverflowWithUnderflowUnderFlushAlone) {
  const magnitudes wide = {0x10000000, 0x70000000};
  for_each_policy([&](const policy<binary32>& p) {
    const bool flush = p.subnormals == subnormal_policy::flush;
    EXPECT_EQ(classify(p, range_of(p, wide), range_of(p, wide)),
              flush ? pam_class::overflow : pam_class::full);
    const magnitudes large = {0x60000000, 0x70000000};
    EXPECT_EQ(classify(p, range_of(p, large), range_of(p, large)), pam_class::overflow);
    EXPECT_EQ(classify(p, range_of(p, large), range_of(p, {0, 0x70000000})), pam_class::overflow);
    EXPECT_EQ(classify(p, range_of(p, large), range_of(p, {1, 0x70000000})),
              flush ? pam_class::overflow : pam_class::full);
    EXPECT_EQ(classify(p, range_of(p, large), range_of(p, {0x70000000, 0x7f800000})),
              pam_class::full);
  });
}

TEST(PamClasses, BoundTheSlopes) {
  std::mt19937 random(3);
  for_each_policy([&](const policy<binary32>& p) {
    for (int i = 0; i < 100000; ++i) {
      const auto x = static_cast<std::int32_t>(random() & 0x7fffffff);
      const magnitude_range slopes = slope_range(range_of(p, {x}), p.compensation);
      if (x < min_magnitude<binary32> || slopes.greatest >= top_binade<binary32>) continue;
      const encoding<binary32> own{static_cast<std::uint32_t>(random())};
      if (is_nan(own)) continue;
      const std::int32_t slope =
          magnitude(arith::pam::mul_da(p, own, encoding<binary32>{static_cast<std::uint32_t>(x)}));
      ASSERT_GE(slope, slopes.least);
      ASSERT_LE(slope, slopes.greatest);
    }
  });
}

}  // namespace
}  // namespace pamkit
