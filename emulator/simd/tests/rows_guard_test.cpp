#include <gtest/gtest.h>

#include "guarded_allocation.hpp"
#include "layer_calls.hpp"
#include "pamkit/layer_definition.hpp"
#include "pamkit/simd.hpp"

// Layers read and write nothing outside of their operands. These are vectors, whose memory is
// guarded.

namespace pamkit::testing {
namespace {

TEST(GuardedRows, TheGuardIsSeen) {
  EXPECT_DEATH(
      {
        guarded() = guard::behind;
        std::vector<std::uint32_t> x(3);
        const volatile std::uint32_t* const p = x.data();
        const volatile std::size_t behind = 3;
        static_cast<void>(p[behind]);
      },
      "");
}

TEST(GuardedRows, NothingOutsideOfTheOperandsIsTouched) {
  std::mt19937 random(1);
  constexpr std::int64_t kLengths[] = {1, 2, 31, 32, 33, 63, 64, 65, 100};
  // Ordinary blocks, and blocks that are not.
  const operand_profile* const profiles[] = {&kProfiles.front(), &kProfiles.back()};
  for (const std::string_view target : simd_targets()) {
    ASSERT_TRUE(use_simd_target(target));
    for_each_layer_of_rows(*find_arithmetic("pam"), [&](const std::string& operation,
                                                        const layer_info& layer, bool is_vjp,
                                                        derivative gradient) {
      const layer_function f = simd_backend().layer(operation, "pam");
      const layer_function definition = scalar_backend().layer(operation, "pam");
      for (const guard side : {guard::before, guard::behind}) {
        for (const std::int64_t length : kLengths) {
          for (const operand_profile* profile : profiles) {
            const layer_operands drawn = draw_operands(layer, is_vjp, 3, length, *profile, random);
            const auto expected = definition({}, gradient, drawn.tensors, drawn.attributes);
            std::vector<tensor> got;
            {
              guarded() = side;
              const std::vector<tensor> operands = drawn.tensors;
              std::vector<tensor> result = f({}, gradient, operands, drawn.attributes);
              guarded() = guard::none;
              got = result;
            }
            EXPECT_EQ(got, expected) << target << ' ' << operation << ' ' << length;
          }
        }
      }
    });
  }
  use_simd_target("");
}

tensor drawn_tensor(std::vector<std::int64_t> shape, const operand_profile& profile,
                    std::mt19937& random) {
  tensor t = tensor_of_shape(std::move(shape));
  for (std::uint32_t& x : t.encodings) x = draw(profile, random);
  return t;
}

// Layers that are made of products.
TEST(GuardedRows, NothingOutsideOfTheOperandsOfProductsIsTouched) {
  std::mt19937 random(2);
  const auto compare = [&](const std::string& operation, derivative gradient,
                           const std::vector<tensor>& drawn) {
    const auto expected = scalar_backend().layer(operation, "pam")({}, gradient, drawn, {});
    for (const guard side : {guard::before, guard::behind}) {
      std::vector<tensor> got;
      {
        guarded() = side;
        const std::vector<tensor> operands = drawn;
        std::vector<tensor> result =
            simd_backend().layer(operation, "pam")({}, gradient, operands, {});
        guarded() = guard::none;
        got = result;
      }
      EXPECT_EQ(got, expected) << operation;
    }
  };
  for (const std::string_view target : simd_targets()) {
    ASSERT_TRUE(use_simd_target(target));
    for (const operand_profile* profile : {&kProfiles.front(), &kProfiles.back()}) {
      for (const std::int64_t n : {1, 7, 16, 33}) {
        std::vector<tensor> linear = {drawn_tensor({5, n}, *profile, random),
                                      drawn_tensor({n + 2, n}, *profile, random),
                                      drawn_tensor({n + 2}, *profile, random)};
        std::vector<tensor> attention(3, drawn_tensor({2, n, 9}, *profile, random));
        attention.push_back(tensor_of_shape({2, n, n}));
        compare("linear", derivative::approx, linear);
        compare("attention", derivative::approx, attention);
        linear.push_back(drawn_tensor({5, n + 2}, *profile, random));
        attention.push_back(drawn_tensor({2, n, 9}, *profile, random));
        for (const derivative gradient : {derivative::approx, derivative::exact}) {
          compare("linear_vjp", gradient, linear);
          compare("attention_vjp", gradient, attention);
        }
      }
    }
  }
  use_simd_target("");
}

}  // namespace
}  // namespace pamkit::testing
