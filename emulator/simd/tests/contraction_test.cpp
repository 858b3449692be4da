#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <memory>
#include <random>
#include <sstream>

#include "guarded_array.hpp"
#include "operand_profiles.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/convert.hpp"
#include "pamkit/simd.hpp"
#include "pamkit/simd/contraction_blocks.hpp"
#include "pamkit/tensor/element.hpp"

// The scalar definitions say what every output is; the vector kernels must give the same encodings
// on every instruction set, for every layout, size, policy and operand, without touching anything
// else.

namespace pamkit::testing {
namespace {

constexpr std::array kKinds = {contraction_kind::product, contraction_kind::vjp_a,
                               contraction_kind::vjp_b};
constexpr std::array kKindNames = {"product", "vjp_a", "vjp_b"};

struct layout {
  std::int64_t row = 0;
  std::int64_t column = 0;
  std::int64_t batch = 0;
  std::int64_t size = 0;    // elements spanned
  std::int64_t origin = 0;  // of element (0, 0, 0)
};

// Row-major or column-major with gaps, either axis backwards, or (for operands) broadcast with
// stride 0.
layout draw_layout(std::mt19937& random, std::int64_t batches, std::int64_t rows,
                   std::int64_t columns, bool output) {
  const auto chance = [&](unsigned n) { return random() % n == 0; };
  layout l;
  const bool by_rows = !chance(3);
  const std::int64_t inner = chance(4) ? 1 + static_cast<std::int64_t>(random() % 3) : 1;
  const std::int64_t gap = chance(3) ? static_cast<std::int64_t>(random() % 5) : 0;
  const std::int64_t outer = (by_rows ? columns : rows) * inner + gap;
  l.row = by_rows ? outer : inner;
  l.column = by_rows ? inner : outer;
  l.batch = rows * columns == 0 ? 0 : (by_rows ? rows : columns) * outer;
  if (!output) {
    if (chance(12)) l.row = 0;
    if (chance(12)) l.column = 0;
    if (chance(6)) l.batch = 0;
  }
  if (chance(8)) l.row = -l.row;
  if (chance(8)) l.column = -l.column;
  const auto reach = [&](std::int64_t stride, std::int64_t n) {
    return n > 0 ? stride * (n - 1) : 0;
  };
  std::int64_t low = 0;
  std::int64_t high = 0;
  for (const std::int64_t r :
       {reach(l.row, rows), reach(l.column, columns), reach(l.batch, batches)}) {
    (r < 0 ? low : high) += r;
  }
  l.origin = -low;
  l.size = rows * columns * batches == 0 ? 0 : high - low + 1;
  return l;
}

struct problem {
  std::int64_t batch = 1, m = 1, n = 1, k = 1;
  operand_profile a, b, d;
  bool is_narrow = false;  ///< operands may lie in memory in narrower formats
};

// Any encoding of a format half of the time, the profile's rounded to it otherwise.
template <class F>
void fill_narrow(const operand_profile& profile, std::mt19937& random, void* data,
                 std::int64_t count) {
  using storage = typename F::storage;
  const policy<F> rules{.subnormals = subnormal_policy::gradual};
  const bool has_any = random() % 2 == 0;
  for (std::int64_t i = 0; i < count; ++i) {
    static_cast<storage*>(data)[i] = static_cast<storage>(
        has_any ? random() : narrow(rules, encoding<binary32>{draw(profile, random)}).bits);
  }
}

void fill_narrow(element_format format, const operand_profile& profile, std::mt19937& random,
                 void* data, std::int64_t count) {
  switch (format) {
    case element_format::bfloat16:
      return fill_narrow<bfloat16>(profile, random, data, count);
    case element_format::binary16:
      return fill_narrow<binary16>(profile, random, data, count);
    case element_format::e5m2:
      return fill_narrow<e5m2>(profile, random, data, count);
    default:
      return fill_narrow<e4m3>(profile, random, data, count);
  }
}

std::string describe_case(const arithmetic_info& info, contraction_kind kind, derivative gradient,
                          const policy<binary32>& p, const problem& c, std::string_view target) {
  std::ostringstream s;
  s << target << ' ' << info.name << ' ' << kKindNames[static_cast<std::size_t>(kind)]
    << (gradient == derivative::exact ? " exact" : "")
    << (p.subnormals == subnormal_policy::gradual ? " gradual" : " flush")
    << (p.overflow == overflow_policy::saturate ? " saturate" : "") << " compensation "
    << p.compensation << " batch " << c.batch << " m " << c.m << " n " << c.n << " k " << c.k
    << " a: " << c.a.name << ", b: " << c.b.name << ", d: " << c.d.name;
  return s.str();
}

// Runs one problem with random contents on the definition and on every instruction set.
void check(const arithmetic_info& info, contraction_kind kind, derivative gradient,
           const policy<binary32>& p, const problem& c, std::mt19937& random) {
  const auto guard = random() % 2 == 0 ? guarded_array::side::before : guarded_array::side::behind;
  const auto fill = [&](const operand_profile& profile, std::int64_t rows, std::int64_t columns,
                        matrix_view& view) {
    const layout l = draw_layout(random, c.batch, rows, columns, false);
    const auto format = static_cast<element_format>(c.is_narrow ? random() % 5 : 0);
    if (format != element_format::binary32) {
      auto values = std::make_unique<guarded_array>(
          static_cast<std::size_t>(l.size * bytes_of(format)), guard, sizeof(std::uint8_t));
      fill_narrow(format, profile, random, values->bytes(), l.size);
      view = {nullptr, l.row, l.column, l.batch,
              element_address(format, values->bytes(), l.origin), format};
      return values;
    }
    auto values = std::make_unique<guarded_array>(static_cast<std::size_t>(l.size), guard);
    for (float& x : *values) x = std::bit_cast<float>(draw(profile, random));
    view = {values->data() + l.origin, l.row, l.column, l.batch};
    return values;
  };
  contraction_problem q;
  q.batch = c.batch;
  q.m = c.m;
  q.n = c.n;
  q.k = c.k;
  const auto a = fill(c.a, c.m, c.k, q.a);
  const auto b = fill(c.b, c.k, c.n, q.b);
  const auto d = fill(c.d, c.m, c.n, q.d);
  const layout l =
      draw_layout(random, c.batch, output_rows(kind, q), output_columns(kind, q), true);
  const auto run = [&](contraction_function f) {
    auto out = std::make_unique<guarded_array>(static_cast<std::size_t>(l.size), guard);
    for (float& x : *out) x = std::bit_cast<float>(0x7fa5a5a5U);  // what is between must stay
    q.out = {out->data() + l.origin, l.row, l.column, l.batch};
    f(p, q);
    return out;
  };
  const auto expected = run(scalar_backend().contraction(info.name, kind, gradient));
  for (const std::string_view target : simd_targets()) {
    if (target == "scalar") continue;
    ASSERT_TRUE(use_simd_target(target));
    const auto got = run(simd_backend().contraction(info.name, kind, gradient));
    for (std::size_t i = 0; i < got->size(); ++i) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>((*got)[i]),
                std::bit_cast<std::uint32_t>((*expected)[i]))
          << std::hex << "at element " << i << std::dec << ": "
          << describe_case(info, kind, gradient, p, c, target);
    }
  }
  use_simd_target("");
}

template <class Visit>
void for_each_contraction(Visit visit) {
  for (const arithmetic_info& info : arithmetics()) {
    for (const contraction_kind kind : kKinds) {
      for (const derivative gradient : {derivative::approx, derivative::exact}) {
        if (kind == contraction_kind::product ? gradient == derivative::exact
                                              : !info.has_derivative(gradient)) {
          continue;
        }
        visit(info, kind, gradient);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

template <class Visit>
void for_each_policy(const arithmetic_info& info, Visit visit) {
  for (const auto subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
    for (const auto overflow : {overflow_policy::infinity, overflow_policy::saturate}) {
      // 463051 to all: what an arithmetic does not use must not matter.
      for (const std::int32_t compensation : {0, 1, 463051, 0x7fffff, 0x800000}) {
        const bool used = info.compensation(binary32{}, compensation) == compensation;
        if (!used && compensation != 463051) continue;
        visit(policy<binary32>{subnormals, overflow, compensation, {}});
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

template <class Array>
const auto& pick(const Array& values, std::mt19937& random) {
  return values[random() % std::size(values)];
}

// A problem with m, n and k of these sizes, each operand of some profile.
problem draw_problem(const std::array<std::int64_t, 3>& sizes, std::mt19937& random) {
  problem c;
  c.m = sizes[0];
  c.n = sizes[1];
  c.k = sizes[2];
  c.a = pick(kProfiles, random);
  c.b = pick(kProfiles, random);
  c.d = pick(kProfiles, random);
  return c;
}

std::array<std::int64_t, 3> draw_small_sizes(std::mt19937& random) {
  std::array<std::int64_t, 3> sizes{};
  for (std::int64_t& n : sizes) n = 1 + static_cast<std::int64_t>(random() % 37);
  return sizes;
}

TEST(Contraction, EqualsTheDefinitionOnMixedOperandsOfEveryLayout) {
  std::mt19937 random(1);
  constexpr std::array<std::int64_t, 16> summed = {0,  1,  2,  3,  4,  5,  7,   8,
                                                   15, 16, 17, 31, 37, 64, 255, 290};
  for_each_contraction(
      [&](const arithmetic_info& info, contraction_kind kind, derivative gradient) {
        for_each_policy(info, [&](const policy<binary32>& p) {
          for (int i = 0; i < 40; ++i) {
            problem c = draw_problem(draw_small_sizes(random), random);
            c.batch = random() % 3 == 0 ? 1 + static_cast<std::int64_t>(random() % 3) : 1;
            std::int64_t& terms = kind == contraction_kind::product ? c.k
                                  : kind == contraction_kind::vjp_a ? c.n
                                                                    : c.m;
            terms = pick(summed, random);
            ASSERT_NO_FATAL_FAILURE(check(info, kind, gradient, p, c, random));
          }
        });
      });
}

TEST(Contraction, WidensNarrowOperandsOfEveryLayoutWhereItReadsThem) {
  std::mt19937 random(7);
  for_each_contraction(
      [&](const arithmetic_info& info, contraction_kind kind, derivative gradient) {
        for_each_policy(info, [&](const policy<binary32>& p) {
          for (int i = 0; i < 24; ++i) {
            std::array<std::int64_t, 3> sizes = draw_small_sizes(random);
            // Now and then more than one block of terms, of rows or of columns.
            if (i % 8 == 0) {
              const std::int64_t block = i == 8 ? simd::kColumnBlock : simd::kTermBlock;
              sizes[random() % 3] = block + 1 + static_cast<std::int64_t>(random() % 200);
            }
            problem c = draw_problem(sizes, random);
            c.is_narrow = true;
            c.batch = random() % 3 == 0 ? 2 : 1;
            ASSERT_NO_FATAL_FAILURE(check(info, kind, gradient, p, c, random));
          }
        });
      });
}

template <class F>
void compare_every_encoding(element_format format) {
  using storage = typename F::storage;
  constexpr std::size_t kCount = std::size_t{1} << (8 * sizeof(storage));
  std::vector<storage> all(kCount);
  for (std::size_t i = 0; i < kCount; ++i) all[i] = static_cast<storage>(i);
  std::vector<float> widened(kCount);
  widen_elements(format, all.data(), 0, 1, static_cast<std::int64_t>(kCount), widened.data(), 1);
  for (std::size_t i = 0; i < kCount; ++i) {
    const encoding<binary32> expected = widen(encoding<F>{all[i]});
    const encoding<binary32> got{std::bit_cast<std::uint32_t>(widened[i])};
    const encoding<binary32> one{load_element(format, all.data(), static_cast<std::int64_t>(i))};
    // The payload of a NaN is no result's.
    ASSERT_TRUE(is_nan(expected) ? is_nan(got) : got.bits == expected.bits) << std::hex << i;
    ASSERT_TRUE(is_nan(expected) ? is_nan(one) : one.bits == expected.bits) << std::hex << i;
  }
}

TEST(Contraction, WidensEveryNarrowEncodingExactly) {
  compare_every_encoding<bfloat16>(element_format::bfloat16);
  compare_every_encoding<binary16>(element_format::binary16);
  compare_every_encoding<e5m2>(element_format::e5m2);
  compare_every_encoding<e4m3>(element_format::e4m3);
}

TEST(Contraction, EqualsTheDefinitionAcrossBlocks) {
  std::mt19937 random(2);
  for_each_contraction(
      [&](const arithmetic_info& info, contraction_kind kind, derivative gradient) {
        for_each_policy(info, [&](const policy<binary32>& p) {
          for (const std::int64_t block : {simd::kTermBlock, simd::kColumnBlock}) {
            // More than one block of terms, of rows or of columns; the others small.
            std::array<std::int64_t, 3> sizes = {1 + static_cast<std::int64_t>(random() % 8),
                                                 1 + static_cast<std::int64_t>(random() % 20),
                                                 1 + static_cast<std::int64_t>(random() % 8)};
            sizes[random() % 3] = block + 1 + static_cast<std::int64_t>(random() % 200);
            ASSERT_NO_FATAL_FAILURE(
                check(info, kind, gradient, p, draw_problem(sizes, random), random));
          }
        });
      });
}

// Ranges that just hold and just fail the bounds of the classes.
TEST(Contraction, EqualsTheDefinitionAtTheEdgesOfTheClasses) {
  std::mt19937 random(3);
  constexpr std::int32_t one = 0x3f800000;
  constexpr std::int32_t least_normal = 0x00800000;
  constexpr std::int32_t largest = 0x7f7fffff;
  for_each_contraction([&](const arithmetic_info& info, contraction_kind kind,
                           derivative gradient) {
    for_each_policy(info, [&](const policy<binary32>& p) {
      for (const int zeros : {0, 30}) {
        for (const std::int32_t shift : {-1, 0, 1, -0x800000, 0x800000}) {
          for (const bool at_the_top : {false, true}) {
            // mag(x) + mag(y) - ONE + compensation at the bound.
            const std::int32_t x = static_cast<std::int32_t>(at_the_top ? 0x5f000000 : 0x1f000000) +
                                   static_cast<std::int32_t>(random() % 0x01000000);
            const std::int64_t bound = at_the_top ? largest : least_normal;
            const std::int64_t y = bound + one - p.compensation - x + shift;
            if (y < least_normal || y > largest) continue;
            const auto edge = [&](std::int64_t at) {
              const auto m = static_cast<std::int32_t>(at);
              operand_profile f{.name = "edge", .zeros = zeros, .extremes = true};
              f.least = at_the_top ? std::max(m - 0x02000000, least_normal) : m;
              f.greatest = at_the_top ? m : std::min(m + 0x02000000, largest);
              return f;
            };
            problem c;
            c.m = 13;
            c.n = 35;
            c.k = 21;
            c.a = edge(kind == contraction_kind::vjp_a ? one : x);
            c.b = edge(kind == contraction_kind::vjp_b ? one : y);
            c.d = edge(kind == contraction_kind::vjp_a ? x : y);
            ASSERT_NO_FATAL_FAILURE(check(info, kind, gradient, p, c, random));
          }
        }
      }
    });
  });
}

// One term per output, so that nothing hides a product that is one unit off or at a bound; ties of
// the roundings to powers of two; now and then an operand that makes the whole block one of another
// class.
TEST(Contraction, EqualsTheDefinitionOnSingleTermsAtTheBounds) {
  std::mt19937 random(6);
  constexpr std::int32_t one = 0x3f800000;
  for_each_contraction([&](const arithmetic_info& info, contraction_kind kind,
                           derivative gradient) {
    for_each_policy(info, [&](const policy<binary32>& p) {
      for (const std::int32_t bound : {0x00800000, 0x7f7fffff, 0x40000000}) {
        for (const std::int32_t fraction : {0x000000, 0x3fffff, 0x400000, 0x7fffff}) {
          const std::int32_t x = (bound > one ? 0x5f000000 : 0x1f000000) + fraction;
          const std::int64_t wanted = std::int64_t{bound} + one - p.compensation - x;
          if (wanted < 0x00800001 || wanted > 0x7effffff) continue;
          const auto y = static_cast<std::int32_t>(wanted);
          for (const std::int32_t other : {0x00800000, 0x7f000000, 0x3fc00000}) {
            const operand_profile near_x{.name = "x",
                                         .choices = {x, x + 1, x - 1, x ^ 0x400000, x, x}};
            operand_profile near_y{.name = "y", .choices = {y, y + 1, y - 1, y, y + 0x800000, y}};
            if (random() % 2 == 0) near_y.choices[5] = other;
            if (random() % 4 == 0) near_y.zeros = 10;
            const bool exchange = random() % 2 == 0;
            problem c;
            c.m = kind == contraction_kind::vjp_b ? 1 : 9;
            c.n = kind == contraction_kind::vjp_a ? 1 : 37;
            c.k = kind == contraction_kind::product ? 1 : 17;
            c.a = exchange ? near_y : near_x;
            c.b = kind == contraction_kind::vjp_a ? c.a : exchange ? near_x : near_y;
            c.d = exchange ? near_x : near_y;
            ASSERT_NO_FATAL_FAILURE(check(info, kind, gradient, p, c, random));
          }
        }
      }
    });
  });
}

// A sum that cancels to a zero, one that overflows and one that meets the opposite infinity.
TEST(Contraction, KeepsTheOrderAndTheSpecialSums) {
  std::mt19937 random(4);
  operand_profile huge{
      .name = "huge", .least = 0x7f000000, .greatest = 0x7f7fffff, .extremes = true};
  operand_profile unit{.name = "unit", .least = 0x3f800000, .greatest = 0x3f800000};
  for_each_contraction(
      [&](const arithmetic_info& info, contraction_kind kind, derivative gradient) {
        for_each_policy(info, [&](const policy<binary32>& p) {
          for (const auto& [x, y] : {std::pair{huge, unit}, {unit, unit}, {huge, huge}}) {
            problem c;
            c.m = 9;
            c.n = 40;
            c.k = 33;
            c.a = x;
            c.b = y;
            c.d = x;
            ASSERT_NO_FATAL_FAILURE(check(info, kind, gradient, p, c, random));
          }
        });
      });
}

#if defined(__SSE__)
TEST(Contraction, DoesNotDependOnTheCallersFloatEnvironment) {
  std::mt19937 random(5);
  operand_profile tiny{.name = "tiny", .least = 0x00000001, .greatest = 0x1f800000, .zeros = 5};
  const unsigned saved = __builtin_ia32_stmxcsr();
  for_each_contraction([&](const arithmetic_info& info, contraction_kind kind,
                           derivative gradient) {
    const policy<binary32> p{.subnormals = subnormal_policy::gradual,
                             .compensation = info.compensation(binary32{}, 0)};
    contraction_problem q{
        .batch = 1, .m = 7, .n = 19, .k = 23, .a = {}, .b = {}, .d = {}, .out = {}};
    std::vector<float> a(7 * 23), b(23 * 19), d(7 * 19), expected(23 * 19), got(23 * 19);
    for (auto* values : {&a, &b, &d}) {
      for (float& x : *values) x = std::bit_cast<float>(draw(tiny, random));
    }
    q.a = {a.data(), 23, 1, 0};
    q.b = {b.data(), 19, 1, 0};
    q.d = {d.data(), 19, 1, 0};
    q.out = {expected.data(), output_columns(kind, q), 1, 0};
    scalar_backend().contraction(info.name, kind, gradient)(p, q);
    q.out.data = got.data();
    for (const unsigned mode : {0x8040U, 0x6000U, 0x2000U}) {  // flush and zero; towards zero; down
      const unsigned changed = saved | mode;
      __builtin_ia32_ldmxcsr(changed);
      simd_backend().contraction(info.name, kind, gradient)(p, q);
      const unsigned after = __builtin_ia32_stmxcsr();
      __builtin_ia32_ldmxcsr(saved);
      ASSERT_EQ(after & ~0x3fU, changed & ~0x3fU) << "the caller's settings are restored";
      for (std::size_t i = 0; i < got.size(); ++i) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(got[i]), std::bit_cast<std::uint32_t>(expected[i]))
            << info.name << ' ' << i;
      }
    }
  });
}
#endif

}  // namespace
}  // namespace pamkit::testing
