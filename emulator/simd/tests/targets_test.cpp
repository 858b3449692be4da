#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "pamkit/backend.hpp"
#include "pamkit/simd.hpp"

namespace pamkit {
namespace {

TEST(SimdTargets, EndWithTheDefinitionsAndNameNoneTwice) {
  std::vector<std::string_view> names = simd_targets();
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names.back(), "scalar");
  std::ranges::sort(names);
  EXPECT_TRUE(std::ranges::adjacent_find(names) == names.end());
}

TEST(SimdTargets, CanEachBeForcedAndReported) {
  const std::string_view start = simd_target_name();
  for (const std::string_view name : simd_targets()) {
    ASSERT_TRUE(use_simd_target(name));
    EXPECT_EQ(simd_target_name(), name);
  }
  EXPECT_FALSE(use_simd_target("abacus"));
  EXPECT_EQ(simd_target_name(), "scalar");
  EXPECT_TRUE(use_simd_target(""));
  EXPECT_EQ(simd_target_name(), start);
}

TEST(SimdTargets, StartWithTheEnvironmentVariablesOne) {
  ASSERT_EQ(setenv("PAMKIT_SIMD_TARGET", "scalar", 1), 0);
  EXPECT_TRUE(use_simd_target(""));
  EXPECT_EQ(simd_target_name(), "scalar");
  ASSERT_EQ(setenv("PAMKIT_SIMD_TARGET", "abacus", 1), 0);
  EXPECT_THROW(use_simd_target(""), std::invalid_argument);
  ASSERT_EQ(unsetenv("PAMKIT_SIMD_TARGET"), 0);
  EXPECT_TRUE(use_simd_target(""));
}

TEST(SimdTargets, DefineWhatTheDefinitionsDefineAndNothingElse) {
  for (const std::string_view name : simd_targets()) {
    ASSERT_TRUE(use_simd_target(name));
    for (const arithmetic_info& a : arithmetics()) {
      for (const operation_info& op : operations()) {
        EXPECT_EQ(simd_backend().elementwise(op.name, a.name) == nullptr,
                  scalar_backend().elementwise(op.name, a.name) == nullptr);
      }
      for (const auto kind :
           {contraction_kind::product, contraction_kind::vjp_a, contraction_kind::vjp_b}) {
        for (const auto gradient : {derivative::approx, derivative::exact}) {
          EXPECT_EQ(simd_backend().contraction(a.name, kind, gradient) == nullptr,
                    scalar_backend().contraction(a.name, kind, gradient) == nullptr);
        }
      }
    }
    EXPECT_EQ(simd_backend().elementwise("mul", "abacus"), nullptr);
  }
  use_simd_target("");
}

}  // namespace
}  // namespace pamkit
