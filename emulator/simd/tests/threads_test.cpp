#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "operand_profiles.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/simd.hpp"
#include "pamkit/tensor/parallel.hpp"

// Threads may share the outputs in any way; every output has the bits of one thread's.

namespace pamkit::testing {
namespace {

constexpr std::array kKinds = {contraction_kind::product, contraction_kind::vjp_a,
                               contraction_kind::vjp_b};

struct sizes {
  std::int64_t batch, m, n, k;
};

class operands {
 public:
  operands(const sizes& s, std::mt19937& random) : sizes_(s) {
    const operand_profile profile{
        .name = "mixed", .least = 0x1f000000, .greatest = 0x5fffffff, .zeros = 10};
    for (auto* values : {&a_, &b_, &d_}) {
      const std::int64_t size = values == &a_ ? s.m * s.k : values == &b_ ? s.k * s.n : s.m * s.n;
      values->resize(static_cast<std::size_t>(s.batch * size));
      for (float& x : *values) x = std::bit_cast<float>(draw(profile, random));
    }
  }

  contraction_problem problem(contraction_kind kind, std::vector<float>& out) const {
    const auto [batch, m, n, k] = sizes_;
    contraction_problem c;
    c.batch = batch;
    c.m = m;
    c.n = n;
    c.k = k;
    c.a = {a_.data(), k, 1, m * k};
    c.b = {b_.data(), n, 1, k * n};
    c.d = {d_.data(), n, 1, m * n};
    const std::int64_t rows = output_rows(kind, c);
    const std::int64_t columns = output_columns(kind, c);
    out.assign(static_cast<std::size_t>(batch * rows * columns), -77.0F);
    c.out = {out.data(), columns, 1, rows * columns};
    return c;
  }

 private:
  sizes sizes_;
  std::vector<float> a_, b_, d_;
};

std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits;
  for (const float x : values) bits.push_back(std::bit_cast<std::uint32_t>(x));
  return bits;
}

/// Every arithmetic and derivative, on every instruction set.
TEST(Threads, ChangeNoBit) {
  std::mt19937 random(1);
  int compared = 0;
  for (const std::string_view target : simd_targets()) {
    ASSERT_TRUE(use_simd_target(target));
    // The definition takes its time.
    const bool is_scalar = target == "scalar";
    for (const sizes s : {sizes{1, 200, 170, 33},
                          {1, 7, 900, 100},
                          {1, 901, 5, 140},
                          {40, 9, 33, 60},
                          {3, 100, 70, 65},
                          {1, 300, 300, 300},
                          {1, 64, 64, 16}}) {
      if (is_scalar && s.m * s.n * s.k * s.batch > 100000) continue;
      const operands values(s, random);
      for (const arithmetic_info& info : arithmetics()) {
        for (const contraction_kind kind : kKinds) {
          for (const derivative gradient : {derivative::approx, derivative::exact}) {
            const bool is_product = kind == contraction_kind::product;
            if (is_product ? gradient == derivative::exact : !info.has_derivative(gradient))
              continue;
            const contraction_function compute =
                simd_backend().contraction(info.name, kind, gradient);
            if (compute == nullptr) continue;
            const policy<binary32> rules{.compensation = info.compensation(binary32{}, 0)};
            std::vector<float> out;
            compute(rules, values.problem(kind, out));
            const std::vector<std::uint32_t> expected = bits_of(out);
            for (int threads = 1; threads <= 8; ++threads) {
              const contraction_problem c = values.problem(kind, out);
              contract_in_parallel(compute, rules, kind, c, threads);
              ASSERT_EQ(bits_of(out), expected) << target << ' ' << info.name << ' ' << threads;
              ++compared;
            }
          }
        }
      }
    }
  }
  use_simd_target("");
  EXPECT_GT(compared, 1000);
}

/// Operands in two bytes, which threads widen as they pack.
TEST(Threads, ChangeNoBitOfNarrowOperands) {
  std::mt19937 random(3);
  const sizes s{2, 200, 170, 66};
  std::vector<std::uint16_t> a(static_cast<std::size_t>(s.batch * s.m * s.k));
  std::vector<std::uint16_t> b(static_cast<std::size_t>(s.batch * s.k * s.n));
  for (auto* x : {&a, &b}) {
    for (std::uint16_t& e : *x)
      e = static_cast<std::uint16_t>((random() & 0x8fff) | 0x3000);  // of bfloat16: 2^-31 to 2
  }
  std::vector<float> out(static_cast<std::size_t>(s.batch * s.m * s.n));
  contraction_problem c{
      .batch = s.batch, .m = s.m, .n = s.n, .k = s.k, .a = {}, .b = {}, .d = {}, .out = {}};
  c.a = {nullptr, s.k, 1, s.m * s.k, a.data(), element_format::bfloat16};
  c.b = {nullptr, s.n, 1, s.k * s.n, b.data(), element_format::bfloat16};
  c.out = {out.data(), s.n, 1, s.m * s.n};
  for (const arithmetic_info& info : arithmetics()) {
    const auto compute =
        simd_backend().contraction(info.name, contraction_kind::product, derivative::approx);
    compute({}, c);
    const std::vector<std::uint32_t> expected = bits_of(out);
    for (int threads = 2; threads <= 8; ++threads) {
      std::ranges::fill(out, -77.0F);
      contract_in_parallel(compute, {}, contraction_kind::product, c, threads);
      ASSERT_EQ(bits_of(out), expected) << info.name << ' ' << threads;
    }
  }
}

std::atomic<int> outputs_seen = 0;
void count_outputs(const policy<binary32>&, const contraction_problem& c) {
  outputs_seen += static_cast<int>(c.batch * c.m * c.n);
  for (std::int64_t i = 0; i < c.m; ++i) {
    for (std::int64_t j = 0; j < c.n; ++j) {
      // Whoever comes second finds no -77.
      float& out = c.out.data[i * c.out.row_stride + j];
      out = out == -77.0F ? 1.0F : -1.0F;
    }
  }
}

TEST(Threads, WriteEveryOutputOnce) {
  std::mt19937 random(2);
  for (const sizes s :
       {sizes{1, 200, 170, 33}, {1, 1, 600000, 1}, {1, 600001, 1, 1}, {40, 9, 33, 60}}) {
    const operands values(s, random);
    for (const int threads : {2, 8, 100}) {
      std::vector<float> out;
      outputs_seen = 0;
      contract_in_parallel(count_outputs, {}, contraction_kind::product,
                           values.problem(contraction_kind::product, out), threads);
      EXPECT_EQ(outputs_seen, s.batch * s.m * s.n);
      EXPECT_EQ(bits_of(out), bits_of(std::vector<float>(out.size(), 1.0F)));
    }
  }
}

std::atomic<int> inside = 0;
std::atomic<bool> were_three = false;
void wait_for_two_others(const policy<binary32>&, const contraction_problem&) {
  if (++inside >= 3) were_three = true;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!were_three && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  --inside;
}

// More than there are processors, and after fewer were asked for.
TEST(Threads, AreAsManyAsWereAskedFor) {
  std::mt19937 random(4);
  const operands values({1, 200, 170, 33}, random);
  std::vector<float> out;
  const contraction_problem c = values.problem(contraction_kind::product, out);
  const auto pam = simd_backend().contraction("pam", contraction_kind::product, derivative::approx);
  contract_in_parallel(pam, {}, contraction_kind::product, c, 2);
  contract_in_parallel(wait_for_two_others, {}, contraction_kind::product, c, 4);
  EXPECT_TRUE(were_three);
}

TEST(Threads, PassAnExceptionOn) {
  std::mt19937 random(3);
  const operands values({1, 200, 170, 33}, random);
  std::vector<float> out;
  EXPECT_THROW(
      contract_in_parallel([](const policy<binary32>&,
                              const contraction_problem&) { throw std::runtime_error("no"); },
                           {}, contraction_kind::product,
                           values.problem(contraction_kind::product, out), 4),
      std::runtime_error);
}

TEST(Threads, OfNothingDoNothing) {
  const auto never = [](const policy<binary32>&, const contraction_problem&) { FAIL(); };
  contraction_problem nothing;
  nothing.batch = 1;
  nothing.n = 5;
  nothing.k = 9;
  contract_in_parallel(never, {}, contraction_kind::product, nothing, 4);
}

}  // namespace
}  // namespace pamkit::testing
