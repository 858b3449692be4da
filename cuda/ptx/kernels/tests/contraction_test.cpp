/// The PTX of contractions against the golden model: as numbers, and with every sum replaced by a
/// hash of its terms.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <random>
#include <set>

#include "pamkit/backend.hpp"
#include "pamkit/convert.hpp"
#include "pamkit/cuda/contraction_plan.hpp"
#include "pamkit/cuda/ptx_execution.hpp"
#include "pamkit/ptx/hashed_sum.hpp"
#include "pamkit/reference/tensor.hpp"
#include "pamkit/tensor/stored_format.hpp"

namespace pamkit::cuda {
namespace {

using words = std::vector<std::uint32_t>;

struct shape {
  std::int64_t m, n, k;
};

/// Encodings with exponent fields in [low, high), both signs.
words drawn(std::int64_t count, std::uint32_t low, std::uint32_t high, std::mt19937& random) {
  std::uniform_int_distribution<std::uint32_t> field(low, high - 1);
  words x(static_cast<std::size_t>(count));
  for (std::uint32_t& w : x)
    w = (static_cast<std::uint32_t>(random()) & 0x807fffff) | field(random) << 23;
  return x;
}

std::vector<float> floats(const words& x) {
  std::vector<float> values;
  for (const std::uint32_t w : x) values.push_back(std::bit_cast<float>(w));
  return values;
}

/// What `kernel` makes of a [M, K] and b [K, N].
words product_by(std::string_view kernel, std::int64_t tile, const policy<binary32>& rules, shape s,
                 const words& a, const words& b) {
  const std::vector<float> left = floats(a);
  const std::vector<float> right = floats(b);
  std::vector<float> out(static_cast<std::size_t>(s.m * s.n), std::bit_cast<float>(0x7fa5a5a5U));
  const contraction_problem problem{.m = s.m,
                                    .n = s.n,
                                    .k = s.k,
                                    .a = {left.data(), s.k},
                                    .b = {right.data(), s.n},
                                    .d = {},
                                    .out = {out.data(), s.n}};
  const contraction_plan plan = plan_contraction(
      std::string(kernel), tile, tile,
      contraction_parameters_of(contraction_kind::product, derivative::approx, rules, problem));
  execute_ptx(plan.as_launch());
  words bits;
  for (const float x : out) bits.push_back(std::bit_cast<std::uint32_t>(x));
  return bits;
}

words golden(std::string_view arithmetic, const policy<binary32>& rules, shape s, const words& a,
             const words& b) {
  const reference::rules r{.format = describe(binary32{}),
                           .subnormals = rules.subnormals,
                           .overflow = rules.overflow,
                           .compensation = rules.compensation,
                           .arithmetic = std::string(arithmetic)};
  return reference::matmul(r, {{s.m, s.k}, a}, {{s.k, s.n}, b}).encodings;
}

constexpr shape kShapes[] = {{1, 1, 1},   {3, 5, 7}, {33, 31, 9}, {129, 2, 17},
                             {5, 130, 8}, {2, 2, 0}, {36, 4, 41}};

struct subject {
  std::string kernel;
  std::string arithmetic;
  std::int64_t tile;
  std::uint32_t low;  ///< exponent fields of its domain
  std::uint32_t high;
};

std::vector<subject> subjects() {
  std::vector<subject> all = {
      {"pamkit_contraction_pam_fast", "pam", large_tile::rows, 64, 190},
      {"pamkit_contraction_pam_threshold", "pam", large_tile::rows, 0, 190},
      {"pamkit_contraction_pam_hybrid", "pam", large_tile::rows, 0, 255},
      {"pamkit_contraction_exact_hybrid", "exact", large_tile::rows, 0, 255},
      {"pamkit_contraction_adder_product", "adder", large_tile::rows, 0, 255},
      {"pamkit_contraction_power_of_two_hybrid", "power_of_two", large_tile::rows, 0, 255},
  };
  for (const char* arithmetic : {"adder", "exact", "l_mul", "pam", "power_of_two"}) {
    all.push_back({std::string("pamkit_contraction_full_") + arithmetic + "_product", arithmetic,
                   small_tile::rows, 0, 255});
  }
  return all;
}

/// The rules of the arithmetic alone: l_mul's compensation of 2^-4 is its own.
policy<binary32> plain_rules(const subject& k) {
  return {.compensation = k.arithmetic == "l_mul" ? 1 << 19 : 0};
}

TEST(contractions, equal_the_golden_model) {
  std::mt19937 random(1);
  for (const subject& k : subjects()) {
    for (const shape s : kShapes) {
      SCOPED_TRACE(k.kernel + " " + std::to_string(s.m) + " " + std::to_string(s.n) + " " +
                   std::to_string(s.k));
      const words a = drawn(s.m * s.k, k.low, k.high, random);
      const words b = drawn(s.k * s.n, k.low, k.high, random);
      EXPECT_EQ(product_by(k.kernel, k.tile, plain_rules(k), s, a, b),
                golden(k.arithmetic, plain_rules(k), s, a, b));
    }
  }
}

TEST(contractions, of_any_kernel_follow_the_policies) {
  std::mt19937 random(2);
  const shape s{9, 7, 5};
  for (const subject& k : subjects()) {
    if (k.high < 255) continue;
    for (const auto subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
      for (const auto overflow : {overflow_policy::infinity, overflow_policy::saturate}) {
        policy<binary32> rules = plain_rules(k);
        rules.subnormals = subnormals;
        rules.overflow = overflow;
        if (k.arithmetic == "pam") rules.compensation = 463051;  // of 1.0552
        SCOPED_TRACE(k.kernel);
        const words a = drawn(s.m * s.k, 0, 255, random);
        const words b = drawn(s.k * s.n, 0, 255, random);
        EXPECT_EQ(product_by(k.kernel, k.tile, rules, s, a, b),
                  golden(k.arithmetic, rules, s, a, b));
      }
    }
  }
}

/// One product each, whose magnitude is MIN, one more or one less, with every compensation.
TEST(contractions, of_pam_are_right_at_the_least_magnitude) {
  const shape one{1, 1, 1};
  for (const subject& k : subjects()) {
    if (k.arithmetic != "pam") continue;
    for (const std::int32_t compensation : {0, 1, 463051, 0x7fffff, 0x800000}) {
      for (const std::uint32_t a : {0x20000000U, 0x00800000U, 0x00ffffffU, 0x3f800000U}) {
        for (const int nudge : {-1, 0, 1}) {
          const std::uint32_t b = 0x3f800000U + 0x00800000U + static_cast<std::uint32_t>(nudge) -
                                  static_cast<std::uint32_t>(compensation) - a;
          const bool is_in_domain = std::min(a, b) >> 23 >= k.low && std::max(a, b) >> 23 < k.high;
          if (!is_in_domain) continue;
          policy<binary32> rules;
          rules.compensation = compensation;
          EXPECT_EQ(product_by(k.kernel, k.tile, rules, one, {a}, {b}),
                    golden(k.arithmetic, rules, one, {a}, {b}))
              << k.kernel << std::hex << " " << a << " " << b << " " << compensation;
        }
      }
    }
  }
}

TEST(contractions, have_every_term_in_its_place) {
  const ptx_options hashed({.hashed_sums = true});
  const reference::planted_addition planted(ptx::hashed_add);
  std::mt19937 random(3);
  for (const subject& k : subjects()) {
    for (const shape s : kShapes) {
      SCOPED_TRACE(k.kernel + " " + std::to_string(s.m) + " " + std::to_string(s.n) + " " +
                   std::to_string(s.k));
      // Finite products that are no zeros: a zero is neutral, and an infinity swallows what came
      // before.
      const words a = drawn(s.m * s.k, 100, 154, random);
      const words b = drawn(s.k * s.n, 100, 154, random);
      EXPECT_EQ(product_by(k.kernel, k.tile, plain_rules(k), s, a, b),
                golden(k.arithmetic, plain_rules(k), s, a, b));
    }
  }
}

/// The elements as `format` stores them, which has all their encodings; nothing for binary32.
std::vector<std::byte> stored_in(const any_format& format, const words& x) {
  std::vector<std::byte> bytes;
  const auto append = [&]<class F>(const F&) {
    if constexpr (stored_format<F>() != element_format::binary32) {
      for (const std::uint32_t w : x) {
        const encoding<F> narrowed = narrow(policy<F>{}, encoding<binary32>{w});
        EXPECT_EQ(std::uint32_t{widen(narrowed).bits}, w);
        const auto element = static_cast<typename F::storage>(narrowed.bits);
        const auto* const first = reinterpret_cast<const std::byte*>(&element);
        bytes.insert(bytes.end(), first, first + sizeof element);
      }
    }
  };
  std::visit(append, format);
  return bytes;
}

/// An operand and where its elements lie.
struct stored_operand {
  stored_operand(const any_format& f, std::int64_t columns, const words& x)
      : values(floats(x)), bytes(stored_in(f, x)), view{values.data(), columns} {
    view.format = stored_format(f);
    if (view.format != element_format::binary32) view.narrow = bytes.data();
  }
  std::vector<float> values;
  std::vector<std::byte> bytes;
  matrix_view view;
};

/// The product and both derivatives, by every kernel that the planner knows for the format.
void expect_every_term(const arithmetic_info& info, derivative gradient, const any_format& format,
                       shape s, bool is_hashed, std::mt19937& random) {
  using enum contraction_kind;
  const std::string arithmetic(info.name);
  const policy<binary32> rules{.compensation = info.compensation(binary32{}, 0)};
  const reference::rules r{.format = describe(binary32{}),
                           .subnormals = rules.subnormals,
                           .overflow = rules.overflow,
                           .compensation = rules.compensation,
                           .arithmetic = arithmetic};
  // Of narrow formats: two bits of fraction and small exponents, which all of them have.
  const auto draw = [&](std::int64_t count) {
    if (std::holds_alternative<binary32>(format)) return drawn(count, 100, 154, random);
    words x = drawn(count, 124, 131, random);
    for (std::uint32_t& w : x) w &= 0xffe00000;
    return x;
  };
  const words a = draw(s.m * s.k);
  const words b = draw(s.k * s.n);
  const words d = draw(s.m * s.n);
  const stored_operand left(format, s.k, a);
  const stored_operand right(format, s.n, b);
  const stored_operand incoming(format, s.n, d);
  const ptx_options options({.hashed_sums = is_hashed});
  std::optional<reference::planted_addition> planted;
  if (is_hashed) planted.emplace(ptx::hashed_add);
  const reference::matmul_gradients gradients = reference::matmul_vjp(
      r,
      gradient == derivative::approx ? reference::derivative::approx : reference::derivative::exact,
      {{s.m, s.n}, d}, {{s.m, s.k}, a}, {{s.k, s.n}, b});
  for (const contraction_kind kind : {product, vjp_a, vjp_b}) {
    const words wanted = kind == product ? golden(arithmetic, rules, s, a, b)
                         : kind == vjp_a ? gradients.a.encodings
                                         : gradients.b.encodings;
    std::vector<float> out(wanted.size());
    const contraction_problem problem{.m = s.m,
                                      .n = s.n,
                                      .k = s.k,
                                      .a = left.view,
                                      .b = right.view,
                                      .d = incoming.view,
                                      .out = {out.data(), kind == vjp_a ? s.k : s.n}};
    const contraction_parameters p = contraction_parameters_of(kind, gradient, rules, problem);
    std::vector<contraction_plan> plans = plan_fast_contractions(arithmetic, kind, p);
    plans.push_back(plan_full_contraction(arithmetic, kind, p));
    for (const contraction_plan& plan : plans) {
      std::ranges::fill(out, 0.0F);
      execute_ptx(plan.as_launch());
      words got;
      for (const float x : out) got.push_back(std::bit_cast<std::uint32_t>(x));
      ASSERT_EQ(got, wanted) << plan.kernel << " hashed " << is_hashed << " " << s.m << " " << s.n
                             << " " << s.k;
    }
  }
}

TEST(contractions, of_every_kernel_have_every_term_in_its_place) {
  std::mt19937 random(5);
  take_ptx_launches();
  for (const arithmetic_info& info : arithmetics()) {
    for (const derivative gradient : {derivative::approx, derivative::exact}) {
      if (!info.has_derivative(gradient)) continue;
      for (const bool is_hashed : {false, true}) {
        for (const shape s : {shape{33, 31, 9}, shape{5, 130, 8}, shape{20, 3, 150}}) {
          expect_every_term(info, gradient, binary32{}, s, is_hashed, random);
        }
        for (const any_format& format : {any_format(bfloat16{}), any_format(binary16{}),
                                         any_format(e5m2{}), any_format(e4m3{})}) {
          expect_every_term(info, gradient, format, {9, 35, 20}, is_hashed, random);
        }
      }
    }
  }
  // Every kernel of a contraction that there is was among them, but for those of one class alone.
  std::set<std::string> run;
  for (const auto& [name, count] : take_ptx_launches()) run.emplace(name);
  for (const ptx::kernel* k : ptx_kernels()) {
    const bool is_of_one_class = k->name.ends_with("_pam_fast") || k->name.ends_with("_threshold");
    if (!k->name.starts_with("pamkit_contraction_") || is_of_one_class) continue;
    EXPECT_TRUE(run.contains(std::string(k->name))) << k->name << " was not run";
  }
}

TEST(contractions, do_not_depend_on_the_order_of_threads) {
  std::mt19937 random(4);
  const shape s{33, 129, 17};
  const words a = drawn(s.m * s.k, 100, 154, random);
  const words b = drawn(s.k * s.n, 100, 154, random);
  for (const subject& k : subjects()) {
    SCOPED_TRACE(k.kernel);
    const words ascending = product_by(k.kernel, k.tile, plain_rules(k), s, a, b);
    for (const auto order : {ptx::thread_order::descending, ptx::thread_order::shuffled}) {
      const ptx_options options({.order = order});
      EXPECT_EQ(product_by(k.kernel, k.tile, plain_rules(k), s, a, b), ascending);
    }
  }
}

}  // namespace
}  // namespace pamkit::cuda
