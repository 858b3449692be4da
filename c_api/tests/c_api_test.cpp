#include <gtest/gtest.h>

#include <cfenv>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "pamkit.h"
#include "pamkit/backend.hpp"

namespace {

struct closer {
  void operator()(pamkit_context* c) const { pamkit_close(c); }
};
using context = std::unique_ptr<pamkit_context, closer>;

context open(const char* format, const char* arithmetic = "pam", const char* policy = "flush",
             const char* overflow = "infinity") {
  const pamkit_rules rules{format, arithmetic, policy, overflow};
  pamkit_context* c = nullptr;
  EXPECT_EQ(pamkit_open(&rules, &c), PAMKIT_OK);
  return context(c);
}

// Every 8-bit encoding against every other, each operation under each rule set: kernels and golden model.
TEST(c_api, elementwise_is_the_golden_model_on_every_pair_of_8_bit_encodings) {
  std::vector<std::uint32_t> a, b;
  for (std::uint32_t i = 0; i < 256; ++i) {
    for (std::uint32_t j = 0; j < 256; j += 3) {
      a.push_back(i);
      b.push_back(j);
    }
  }
  std::vector<std::uint32_t> got(a.size()), golden(a.size());
  std::size_t compared = 0;
  for (const char* format : {"e4m3", "e5m2"}) {
    for (const char* arithmetic : {"pam", "pam:1.0552", "l_mul"}) {
      const context c = open(format, arithmetic, "gradual", "saturate");
      for (const char* name : {"mul", "div", "exp2", "mul_da"}) {
        const pamkit_status status =
            pamkit_elementwise(c.get(), name, a.data(), b.data(), got.data(), a.size());
        if (status == PAMKIT_NOT_DEFINED) continue;
        ASSERT_EQ(status, PAMKIT_OK);
        ASSERT_EQ(pamkit_golden(c.get(), name, a.data(), b.data(), golden.data(), a.size()),
                  PAMKIT_OK);
        EXPECT_EQ(got, golden) << format << ' ' << arithmetic << ' ' << name;
        ++compared;
      }
    }
  }
  EXPECT_GE(compared, 18U);
}

// Section 4 of the specification: 1.5 . 1.5 = 2; with ALPHA 1.0552 the sum of encodings is larger by 463051.
TEST(c_api, rules_reach_the_kernels) {
  const std::uint32_t x = 0x3FC00000;
  std::uint32_t out = 0;
  EXPECT_EQ(pamkit_elementwise(open("binary32").get(), "mul", &x, &x, &out, 1), PAMKIT_OK);
  EXPECT_EQ(out, 0x40000000U);
  const context compensated = open("binary32", "pam:1.0552");
  EXPECT_EQ(pamkit_compensation(compensated.get()), 463051);
  EXPECT_EQ(pamkit_elementwise(compensated.get(), "mul", &x, &x, &out, 1), PAMKIT_OK);
  EXPECT_EQ(out, 0x40000000U + 463051U);
  const std::uint32_t big = 0x7F7FFFFF;
  EXPECT_EQ(pamkit_elementwise(open("binary32").get(), "mul", &big, &big, &out, 1), PAMKIT_OK);
  EXPECT_EQ(out, 0x7F800000U);
  EXPECT_EQ(pamkit_elementwise(open("binary32", "pam", "flush", "saturate").get(), "mul", &big, &big,
                               &out, 1),
            PAMKIT_OK);
  EXPECT_EQ(out, 0x7F7FFFFFU);
  EXPECT_EQ(pamkit_storage_bits(open("bfloat16").get()), 16);
}

// By hand: powers of two multiply exactly, so [1 2; 4 8] [1 2; 2 1] = [5 4; 20 16].
TEST(c_api, matmul_and_rows_in_bfloat16) {
  const context c = open("bfloat16");
  const std::uint32_t a[] = {0x3F80, 0x4000, 0x4080, 0x4100};
  const std::uint32_t b[] = {0x3F80, 0x4000, 0x4000, 0x3F80};
  std::uint32_t out[4] = {};
  ASSERT_EQ(pamkit_matmul(c.get(), 2, 2, 2, a, b, out), PAMKIT_OK);
  const std::uint32_t expected[] = {0x40A0, 0x4080, 0x41A0, 0x4180};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(out[i], expected[i]);
  std::uint32_t sums[2] = {};
  ASSERT_EQ(pamkit_rows(c.get(), "sum", 2, 2, a, sums), PAMKIT_OK);
  EXPECT_EQ(sums[0], 0x4040U);  // 3
  EXPECT_EQ(sums[1], 0x4140U);  // 12
}

TEST(c_api, results_do_not_depend_on_how_the_caller_rounds) {
  // In binary32 their sum is subnormal, and 1 + 2^-24 lies between two neighbours.
  const std::uint32_t x[] = {0x00800001, 0x80800000, 0x3F800000, 0x33800000};
  const context c = open("binary32");
  for (const int direction : {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    ASSERT_EQ(std::fesetround(direction), 0);
    std::uint32_t sums[2] = {};
    const pamkit_status status = pamkit_rows(c.get(), "sum", 2, 2, x, sums);
    const int after = std::fegetround();
    std::fesetround(FE_TONEAREST);
    ASSERT_EQ(status, PAMKIT_OK);
    EXPECT_EQ(after, direction);
    EXPECT_EQ(sums[0], 0x00000001U);
    EXPECT_EQ(sums[1], 0x3F800000U);
  }
}

#if defined(__SSE__)
TEST(c_api, results_do_not_depend_on_whether_the_caller_flushes_subnormals) {
  const std::uint32_t x[] = {0x00800001, 0x80800000};
  const context c = open("binary32");
  const unsigned before = _mm_getcsr();
  for (const unsigned flushing : {0x8000U, 0x0040U, 0x8040U}) {
    _mm_setcsr(before | flushing);
    std::uint32_t sum = 0;
    const pamkit_status status = pamkit_rows(c.get(), "sum", 1, 2, x, &sum);
    const unsigned after = _mm_getcsr();
    _mm_setcsr(before);
    ASSERT_EQ(status, PAMKIT_OK);
    EXPECT_EQ(after, before | flushing);
    EXPECT_EQ(sum, 0x00000001U);
  }
}
#endif

TEST(c_api, bad_input_is_a_status_and_nothing_is_written) {
  pamkit_context* c = nullptr;
  const pamkit_rules bad[] = {{"binary33", nullptr, nullptr, nullptr},
                              {nullptr, "pm", nullptr, nullptr},
                              {nullptr, "pam:2", nullptr, nullptr},
                              {nullptr, nullptr, "flash", nullptr},
                              {nullptr, nullptr, nullptr, "wrap"}};
  for (const pamkit_rules& rules : bad) {
    EXPECT_EQ(pamkit_open(&rules, &c), PAMKIT_UNKNOWN_NAME);
    EXPECT_EQ(c, nullptr);
  }
  EXPECT_EQ(pamkit_open(nullptr, nullptr), PAMKIT_BAD_ARGUMENT);
  const context e = open("e4m3");
  const std::uint32_t wide = 0x100;
  std::uint32_t out = 7;
  EXPECT_EQ(pamkit_elementwise(e.get(), "mul", &wide, &wide, &out, 1), PAMKIT_BAD_ARGUMENT);
  EXPECT_EQ(pamkit_elementwise(e.get(), "mul", &out, nullptr, &out, 1), PAMKIT_BAD_ARGUMENT);
  EXPECT_EQ(pamkit_elementwise(nullptr, "mul", &out, &out, &out, 1), PAMKIT_BAD_ARGUMENT);
  EXPECT_EQ(pamkit_elementwise(e.get(), "mull", &out, &out, &out, 1), PAMKIT_UNKNOWN_NAME);
  EXPECT_EQ(pamkit_elementwise(open("e4m3", "adder").get(), "div", &out, &out, &out, 1),
            PAMKIT_NOT_DEFINED);
  EXPECT_EQ(pamkit_rows(e.get(), "layer_norm", 1, 1, &out, &out), PAMKIT_UNKNOWN_NAME);
  EXPECT_EQ(pamkit_matmul(e.get(), 1, 1, 1, &wide, &out, &out), PAMKIT_BAD_ARGUMENT);
  EXPECT_EQ(out, 7U);
  EXPECT_EQ(pamkit_elementwise(e.get(), "mul", nullptr, nullptr, nullptr, 0), PAMKIT_OK);
  EXPECT_STREQ(pamkit_operation_name(pamkit_operation_count()), nullptr);
  EXPECT_EQ(pamkit_operand_count("pow"), 2);
  EXPECT_EQ(pamkit_operand_count("po"), 0);
  pamkit_close(nullptr);
}

TEST(c_api, lists_the_operations_of_the_emulator) {
  ASSERT_EQ(pamkit_operation_count(), pamkit::operations().size());
  for (std::size_t i = 0; i < pamkit_operation_count(); ++i) {
    EXPECT_EQ(std::string(pamkit_operation_name(i)), pamkit::operations()[i].name);
  }
}

TEST(c_api, one_context_serves_several_threads) {
  const context c = open("binary16");
  std::vector<std::vector<std::uint32_t>> results(4, std::vector<std::uint32_t>(65536));
  {
    std::vector<std::jthread> threads;
    for (auto& out : results) {
      threads.emplace_back([&] {
        std::vector<std::uint32_t> x(65536);
        for (std::uint32_t i = 0; i < x.size(); ++i) x[i] = i;
        pamkit_elementwise(c.get(), "exp", x.data(), nullptr, out.data(), x.size());
      });
    }
  }
  for (const auto& out : results) EXPECT_EQ(out, results.front());
}

}  // namespace
