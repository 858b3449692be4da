#include <gtest/gtest.h>

#include "layer_calls.hpp"
#include "layer_checks.hpp"
#include "pamkit/simd.hpp"

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

// Layers of vector kernels against their definitions, encoding by encoding.

namespace pamkit::testing {
namespace {

// Whole blocks of 32 and every kind of rest.
constexpr std::int64_t kLengths[] = {0,  1,  2,  3,  7,  8,  15,  16,  17,  31,
                                     32, 33, 63, 64, 65, 95, 511, 512, 513, 1000};

TEST(Rows, EqualTheDefinitionOnEveryLengthAndProfile) {
  std::mt19937 random(1);
  for (const arithmetic_info& info : arithmetics()) {
    for_each_layer_of_rows(info, [&](const std::string& operation, const layer_info& layer,
                                     bool is_vjp, derivative gradient) {
      for (const operand_profile& profile : kProfiles) {
        for (const std::int64_t length : kLengths) {
          const std::int64_t rows = length > 100 ? 1 + static_cast<std::int64_t>(random() % 2)
                                                 : static_cast<std::int64_t>(random() % 6);
          layer_operands call = draw_operands(layer, is_vjp, rows, length, profile, random);
          if (random() % 2 == 0 && !layer.is_variadic) mask_rows(call.tensors[0], random);
          // Long rows are slow in the definition, and what policies decide is decided per element.
          const std::uint64_t kept = length > 100 ? random() % 4 : 4;
          std::uint64_t turn = 0;
          for_each_policy([&](const policy<binary32>& rules) {
            if (HasFatalFailure() || (kept < 4 && turn++ != kept)) return;
            check(operation, info.name, gradient, rules, call,
                  std::string(profile.name) + ' ' + std::to_string(rows) + 'x' +
                      std::to_string(length));
          });
          if (HasFatalFailure()) return;
        }
      }
    });
    if (HasFatalFailure()) return;
  }
}

// Sums down columns are cut after 128 rows.
TEST(Rows, EqualTheDefinitionOnManyRows) {
  std::mt19937 random(2);
  for_each_layer_of_rows(
      *find_arithmetic("pam"),
      [&](const std::string& operation, const layer_info& layer, bool is_vjp, derivative gradient) {
        for (const std::int64_t rows : {127, 128, 129, 300}) {
          for (const std::int64_t length : {1, 5, 37}) {
            const operand_profile& profile = kProfiles[random() % kProfiles.size()];
            const layer_operands call = draw_operands(layer, is_vjp, rows, length, profile, random);
            for_each_policy([&](const policy<binary32>& rules) {
              if (HasFatalFailure()) return;
              check(operation, "pam", gradient, rules, call,
                    std::string(profile.name) + ' ' + std::to_string(rows) + " rows");
            });
            if (HasFatalFailure()) return;
          }
        }
      });
}

// Elements at which a step changes its formula, among ordinary ones: each in a row of its own.
TEST(Rows, EqualTheDefinitionOnOneUnusualElement) {
  std::mt19937 random(3);
  constexpr std::uint32_t kUnusual[] = {
      0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x807fffff,
      0x00800000, 0x80800000, 0x007fffff, 0x33000000, 0x3f7fffff, 0x3f800000,
      0xbf800000, 0x42aeac4f, 0x42fbffff, 0x42fc0000, 0xc2aeac50, 0xc2fc0000,
      0xc3000000, 0xc3480000, 0x7f000000, 0x7f4755c4, 0x7f4755c5, 0x7f4755c6,
      0xff4755c5, 0xff4755c6, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
      0x7f800001, 0x7fc00000, 0x7fc755c5, 0x7fffffff, 0xff800001, 0xffffffff};
  const operand_profile& ordinary = kProfiles[0];
  for_each_layer_of_rows(*find_arithmetic("pam"), [&](const std::string& operation,
                                                      const layer_info& layer, bool is_vjp,
                                                      derivative gradient) {
    for (std::size_t operand = 0; operand < 5; ++operand) {
      const auto count = static_cast<std::int64_t>(std::size(kUnusual));
      layer_operands call = draw_operands(layer, is_vjp, count, 40, ordinary, random);
      if (operand >= call.tensors.size()) break;
      if (!layer.is_variadic && operand < layer.inputs.size() && layer.inputs[operand].is_integer) {
        continue;
      }
      auto& words = call.tensors[operand].encodings;
      const std::size_t step = words.size() / std::size(kUnusual);
      for (std::size_t i = 0; step > 0 && i < std::size(kUnusual); ++i) {
        words[i * step + random() % step] = kUnusual[i];
      }
      if (step == 0) words.back() = kUnusual[random() % std::size(kUnusual)];
      for_each_policy([&](const policy<binary32>& rules) {
        if (HasFatalFailure()) return;
        check(operation, "pam", gradient, rules, call, "operand " + std::to_string(operand));
      });
      if (HasFatalFailure()) return;
    }
  });
}

#if defined(__SSE__)

// Flush-to-zero, denormals-are-zero and rounding downward, as a caller may have set them.
TEST(Rows, DoNotDependOnTheCallersFloatEnvironmentAndRestoreIt) {
  std::mt19937 random(4);
  const operand_profile& profile = kProfiles[5];
  for (const arithmetic_info& info : arithmetics()) {
    for (const layer_info& layer : layers()) {
      for (const bool is_vjp : {false, true}) {
        const std::string operation = std::string(layer.name) + (is_vjp ? "_vjp" : "");
        const layer_function f = simd_backend().layer(operation, info.name);
        if (f == nullptr || !is_of_rows(layer)) continue;
        const layer_operands call = draw_operands(layer, is_vjp, 5, 70, profile, random);
        const policy<binary32> rules{subnormal_policy::gradual, {}, 0, {}};
        const auto expected = f(rules, derivative::approx, call.tensors, call.attributes);
        constexpr unsigned kUnusual = 0x1f80U | 0x8000U | 0x2000U | 0x0040U;
        const unsigned before = _mm_getcsr();
        _mm_setcsr(kUnusual);
        const auto got = f(rules, derivative::approx, call.tensors, call.attributes);
        const unsigned after = _mm_getcsr();
        _mm_setcsr(before);
        EXPECT_EQ(got, expected) << operation << ' ' << info.name;
        EXPECT_EQ(after & ~0x3fU, kUnusual) << operation << ' ' << info.name;
      }
    }
  }
}

#endif

TEST(Rows, RefuseWhatTheDefinitionRefuses) {
  const layer_function f = simd_backend().layer("softmax_vjp", "pam");
  const tensor x{{2, 3}, std::vector<std::uint32_t>(6)};
  const tensor short_one{{2, 2}, std::vector<std::uint32_t>(4)};
  EXPECT_THROW(f({}, derivative::approx, std::vector{x, short_one}, {}), std::invalid_argument);
  EXPECT_THROW(f({}, derivative::approx, std::vector{x}, {}), std::invalid_argument);
  const tensor no_axes{{}, {0}};
  EXPECT_THROW(simd_backend().layer("sum", "pam")({}, {}, std::vector{no_axes}, {}),
               std::invalid_argument);
}

TEST(Rows, ArithmeticsWithoutSuchLayersHaveNoneHereEither) {
  for (const arithmetic_info& info : arithmetics()) {
    for (const layer_info& layer : layers()) {
      for (const std::string& operation :
           {std::string(layer.name), std::string(layer.name) + "_vjp"}) {
        EXPECT_EQ(simd_backend().layer(operation, info.name) == nullptr,
                  scalar_backend().layer(operation, info.name) == nullptr)
            << operation << ' ' << info.name;
      }
    }
  }
  EXPECT_EQ(simd_backend().layer("no_such_layer", "pam"), nullptr);
}

}  // namespace
}  // namespace pamkit::testing
