/// Contractions by CUDA kernels on the host: every kernel, at sizes around those of its tiles.
#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <random>

#include "operand_profiles.hpp"
#include "pamkit/cuda/contraction_plan.hpp"
#include "pamkit/cuda/host_backend.hpp"
#include "pamkit/cuda/host_kernel.hpp"

namespace pamkit::cuda {
namespace {

struct matrices {
  std::int64_t batch, m, n, k;
  std::vector<float> a, b, d;

  contraction_problem problem() const {
    return {.batch = batch,
            .m = m,
            .n = n,
            .k = k,
            .a = {a.data(), k, 1, m * k},
            .b = {b.data(), n, 1, k * n},
            .d = {d.data(), n, 1, m * n},
            .out = {}};
  }
};

matrices drawn(std::int64_t batch, std::int64_t m, std::int64_t n, std::int64_t k,
               const testing::operand_profile& profile, std::mt19937& random) {
  const auto draw = [&](std::int64_t count) {
    std::vector<float> x(static_cast<std::size_t>(count));
    for (float& e : x) e = std::bit_cast<float>(testing::draw(profile, random));
    return x;
  };
  return {batch, m, n, k, draw(batch * m * k), draw(batch * k * n), draw(batch * m * n)};
}

using compute = std::function<void(const contraction_problem&)>;

std::vector<std::uint32_t> results(contraction_kind kind, contraction_problem c,
                                   const compute& function) {
  const std::int64_t columns = output_columns(kind, c);
  const std::int64_t rows = output_rows(kind, c);
  std::vector<float> out(static_cast<std::size_t>(c.batch * rows * columns),
                         std::bit_cast<float>(0x7fa5a5a5U));
  c.out = {.data = out.data(), .row_stride = columns, .batch_stride = rows * columns};
  function(c);
  std::vector<std::uint32_t> bits;
  for (const float x : out) bits.push_back(std::bit_cast<std::uint32_t>(x));
  return bits;
}

constexpr std::int64_t kShapes[][4] = {
    {1, 1, 1, 1}, {1, 3, 5, 7},     {2, 33, 31, 9},  {1, 129, 2, 17}, {1, 5, 130, 8},  {3, 2, 2, 0},
    {1, 0, 3, 2}, {1, 128, 128, 8}, {1, 32, 32, 16}, {1, 36, 68, 41}, {1, 140, 132, 3}};

TEST(contraction_kernels, equal_the_definition_for_every_arithmetic_kind_and_profile) {
  std::mt19937 random(1);
  using enum contraction_kind;
  for (const arithmetic_info& info : arithmetics()) {
    for (const contraction_kind kind : {product, vjp_a, vjp_b}) {
      for (const derivative gradient : {derivative::approx, derivative::exact}) {
        const auto expected = scalar_backend().contraction(info.name, kind, gradient);
        const auto function = host_backend().contraction(info.name, kind, gradient);
        ASSERT_EQ(expected == nullptr, function == nullptr) << info.name;
        if (function == nullptr) continue;
        std::size_t turn = 0;
        for (const testing::operand_profile& profile : testing::kProfiles) {
          const policy<binary32> rules{
              turn % 2 == 0 ? subnormal_policy::flush : subnormal_policy::gradual,
              turn / 2 % 2 == 0 ? overflow_policy::infinity : overflow_policy::saturate,
              info.compensation(binary32{}, turn % 3 == 0 ? 463051 : 0),
              {}};
          const auto& s = kShapes[turn++ % std::size(kShapes)];
          const matrices x = drawn(s[0], s[1], s[2], s[3], profile, random);
          ASSERT_EQ(results(kind, x.problem(), [&](const auto& c) { function(rules, c); }),
                    results(kind, x.problem(), [&](const auto& c) { expected(rules, c); }))
              << info.name << " " << profile.name << " kind " << static_cast<int>(kind);
        }
      }
    }
  }
}

TEST(contraction_kernels, of_pam_equal_the_definition_at_every_shape) {
  std::mt19937 random(2);
  const auto expected = scalar_backend().contraction("pam", contraction_kind::product, {});
  const auto function = host_backend().contraction("pam", contraction_kind::product, {});
  for (const auto& s : kShapes) {
    for (const testing::operand_profile& profile : testing::kProfiles) {
      const matrices x = drawn(s[0], s[1], s[2], s[3], profile, random);
      ASSERT_EQ(
          results(contraction_kind::product, x.problem(), [&](const auto& c) { function({}, c); }),
          results(contraction_kind::product, x.problem(), [&](const auto& c) { expected({}, c); }))
          << profile.name << " " << s[1] << "x" << s[2] << "x" << s[3];
    }
  }
}

/// One product at the edges of the classes: 2^-63, 2^63, and r = MIN, with every compensation.
TEST(contraction_kernels, of_pam_are_right_at_the_edges_of_their_classes) {
  const auto expected = scalar_backend().contraction("pam", contraction_kind::product, {});
  const auto function = host_backend().contraction("pam", contraction_kind::product, {});
  for (const std::int32_t compensation : {0, 1, 463051, 0x7fffff, 0x800000}) {
    for (const std::uint32_t a : {0x20000000U, 0x1fffffffU, 0x5effffffU, 0x5f000000U, 0x00800000U,
                                  0x00ffffffU, 0x3f800000U}) {
      for (const std::uint32_t edge : {0x40000000U, 0x3f800000U, 0x5f000000U, 0x20000000U}) {
        for (int nudge = -2; nudge <= 2; ++nudge) {
          const std::uint32_t b = (edge - a - static_cast<std::uint32_t>(compensation) +
                                   static_cast<std::uint32_t>(nudge)) &
                                  0x7fffffffU;
          for (const std::uint32_t y : {b, (edge + static_cast<std::uint32_t>(nudge))}) {
            matrices x{1, 1, 1, 1, {std::bit_cast<float>(a)}, {std::bit_cast<float>(y)}, {0}};
            const policy<binary32> rules{.compensation = compensation};
            ASSERT_EQ(results(contraction_kind::product, x.problem(),
                              [&](const auto& c) { function(rules, c); }),
                      results(contraction_kind::product, x.problem(),
                              [&](const auto& c) { expected(rules, c); }))
                << std::hex << a << " " << y << " c " << compensation;
          }
        }
      }
    }
  }
}

/// One term at the edges of every class: zeros, subnormals, MIN, 2^-63, 1, 2^63, what rounds up to
/// it, the largest number, infinity and NaN, each with its neighbours.
TEST(contraction_kernels, of_every_arithmetic_are_right_at_the_edges_of_their_classes) {
  std::vector<float> edges;
  for (const std::uint32_t edge :
       {0x00000000U, 0x00400000U, 0x00800000U, 0x20000000U, 0x3f800000U, 0x3fc00000U, 0x5ec00000U,
        0x5f000000U, 0x7f7fffffU, 0x7f800000U, 0x7fc00000U}) {
    for (const std::uint32_t nudge : {~0U, 0U, 1U}) {
      const std::uint32_t sign = edges.size() % 2 == 0 ? 0 : 0x80000000U;
      edges.push_back(std::bit_cast<float>(((edge + nudge) & 0x7fffffffU) | sign));
    }
  }
  // Each output has one term: rows of one operand with columns of another.
  const auto count = static_cast<std::int64_t>(edges.size());
  using enum contraction_kind;
  for (const arithmetic_info& info : arithmetics()) {
    for (const derivative gradient : {derivative::approx, derivative::exact}) {
      for (const contraction_kind kind : {product, vjp_a, vjp_b}) {
        const auto expected = scalar_backend().contraction(info.name, kind, gradient);
        const auto function = host_backend().contraction(info.name, kind, gradient);
        if (function == nullptr) continue;
        for (int turn = 0; turn < 4; ++turn) {
          const policy<binary32> rules{
              turn % 2 == 0 ? subnormal_policy::flush : subnormal_policy::gradual,
              turn / 2 == 0 ? overflow_policy::infinity : overflow_policy::saturate,
              info.compensation(binary32{}, turn == 3 ? 0x800000 : 463051),
              {}};
          // A batch of pairs, so that no slab has two elements of an operand, and all own operands.
          const std::int64_t pairs = count * count;
          matrices x{pairs, 1, 1, 1, {}, {}, {}};
          for (std::int64_t i = 0; i < pairs; ++i) {
            const float first = edges[static_cast<std::size_t>(i / count)];
            const float second = edges[static_cast<std::size_t>(i % count)];
            const float third = edges[static_cast<std::size_t>((i * 7 + turn * 5) % count)];
            x.a.push_back(kind == vjp_a ? third : first);
            x.b.push_back(kind == vjp_b ? third : second);
            x.d.push_back(kind == vjp_a ? first : second);
          }
          ASSERT_EQ(results(kind, x.problem(), [&](const auto& c) { function(rules, c); }),
                    results(kind, x.problem(), [&](const auto& c) { expected(rules, c); }))
              << info.name << " kind " << static_cast<int>(kind) << " turn " << turn;
        }
      }
    }
  }
}

/// Operands that a narrow format holds are widened by the kernels of that format.
TEST(contraction_kernels, of_narrow_operands_equal_the_definition) {
  std::mt19937 random(4);
  for (const any_format& format : default_formats()) {
    const format_description f = describe(format);
    if (f.storage_bits == 32) continue;
    for (const contraction_kind kind :
         {contraction_kind::product, contraction_kind::vjp_a, contraction_kind::vjp_b}) {
      for (const derivative gradient : {derivative::approx, derivative::exact}) {
        for (const auto& s : kShapes) {
          matrices x = drawn(s[0], s[1], s[2], s[3], testing::kProfiles[0], random);
          for (std::vector<float>* v : {&x.a, &x.b, &x.d}) {
            std::vector<std::uint32_t> narrow(v->size());
            for (std::uint32_t& e : narrow) {
              e = static_cast<std::uint32_t>(random()) & (f.sign_mask | f.magnitude_mask);
              if (random() % 8 != 0 && !f.is_normal(e)) e = f.one;
            }
            widen(format, narrow, *v);
          }
          for (const arithmetic_info& info : arithmetics()) {
            const policy<binary32> rules{.compensation = info.compensation(binary32{}, 65536)};
            const auto function = host_backend().contraction(info.name, kind, gradient);
            const auto expected = scalar_backend().contraction(info.name, kind, gradient);
            if (function == nullptr) continue;
            ASSERT_EQ(results(kind, x.problem(), [&](const auto& c) { function(rules, c); }),
                      results(kind, x.problem(), [&](const auto& c) { expected(rules, c); }))
                << info.name << " " << f.name << " " << s[1] << "x" << s[2] << "x" << s[3];
          }
        }
      }
    }
  }
}

TEST(contraction_kernels, give_the_same_bits_on_several_threads) {
  std::mt19937 random(3);
  const matrices x = drawn(2, 150, 140, 20, testing::kProfiles[0], random);
  const auto on = [&](int threads) {
    return results(contraction_kind::product, x.problem(), [&](const contraction_problem& c) {
      const contraction_parameters p =
          contraction_parameters_of(contraction_kind::product, {}, {}, c);
      const auto plan = plan_contraction("pamkit_contraction_pam_hybrid", large_tile::rows,
                                         large_tile::columns, p);
      execute_on_fibers(plan.as_launch(), threads);
    });
  };
  EXPECT_EQ(on(1), on(3));
}

TEST(launches, are_refused_with_a_wrong_name_or_size) {
  launch l;
  l.kernel = "no_such_kernel";
  EXPECT_THROW(execute_on_fibers(l, 1), std::invalid_argument);
  l.kernel = "pamkit_sum";
  l.parameter_bytes = 1;
  EXPECT_THROW(execute_on_fibers(l, 1), std::invalid_argument);
}

/// Every kernel was run by the tests above; it is the last test of this file.
TEST(kernels, of_contractions_have_all_been_run) {
  for (const kernel* k : kernels()) {
    if (!k->name.starts_with("pamkit_contraction_")) continue;
    EXPECT_GT(blocks_run(k->name), 0U) << k->name;
  }
}

}  // namespace
}  // namespace pamkit::cuda
