#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <sstream>
#include <vector>

#include "guarded_array.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/simd.hpp"

// Vector elementwise operations against the scalar definitions, encoding by encoding.

namespace pamkit::testing {
namespace {

using words = std::vector<std::uint32_t>;

std::string hex(std::uint32_t x) {
  std::ostringstream s;
  s << std::hex << x;
  return s.str();
}

void check(std::string_view operation, const configuration& c, const words& a, const words& b) {
  words expected(a.size());
  words got(a.size());
  scalar_backend().elementwise(operation, c.arithmetic)(c, a.data(), b.data(), expected.data(),
                                                        a.size());
  for (const std::string_view target : simd_targets()) {
    if (target == "scalar") continue;
    ASSERT_TRUE(use_simd_target(target));
    const elementwise_function f = simd_backend().elementwise(operation, c.arithmetic);
    f(c, a.data(), b.data(), got.data(), a.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(got[i], expected[i])
          << target << ' ' << c.arithmetic << ' ' << operation << ' ' << hex(a[i]) << ' '
          << hex(b[i]) << " gives " << hex(got[i]) << ", not " << hex(expected[i])
          << "; compensation " << c.compensation
          << (c.subnormals == subnormal_policy::gradual ? " gradual" : " flush")
          << (c.overflow == overflow_policy::saturate ? " saturate" : " infinity");
    }
  }
  use_simd_target("");
}

template <class Visit>
void for_each_operation(Visit visit) {
  for (const arithmetic_info& info : arithmetics()) {
    for (const operation_info& op : operations()) {
      if (!info.defines(op.name)) continue;
      for (const auto subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
        for (const auto overflow : {overflow_policy::infinity, overflow_policy::saturate}) {
          // 463051 to all: what an arithmetic does not use must not matter.
          for (const std::int32_t compensation : {0, 463051, 0x7fffff, 0x800000}) {
            const bool used = info.compensation(binary32{}, compensation) == compensation;
            if (!used && compensation != 463051) continue;
            visit(op, configuration{binary32{}, info.name, subnormals, overflow, compensation});
            if (::testing::Test::HasFatalFailure()) return;
          }
        }
      }
    }
  }
}

// Every exponent field with the fractions at which something happens, and both signs.
words class_representatives() {
  words all;
  for (std::uint32_t field = 0; field < 256; ++field) {
    for (const std::uint32_t fraction : {0x000000U, 0x000001U, 0x3fffffU, 0x400000U, 0x7fffffU}) {
      all.push_back(field << 23 | fraction);
      all.push_back(0x80000000U | field << 23 | fraction);
    }
  }
  return all;
}

TEST(Elementwise, EqualsTheDefinitionOnClassesCrossedWithClasses) {
  const words all = class_representatives();
  for_each_operation([&](const operation_info& op, const configuration& c) {
    if (op.arity == 1) {
      check(op.name, c, all, all);
      return;
    }
    // The whole cross product takes turns over first operands, so that each configuration stays
    // short.
    for (std::size_t i = 0; i < all.size(); i += 7) {
      const words first(all.size(),
                        all[(i + static_cast<std::size_t>(c.compensation)) % all.size()]);
      check(op.name, c, first, all);
      if (::testing::Test::HasFatalFailure()) return;
    }
  });
}

TEST(Elementwise, EqualsTheDefinitionOnRandomEncodings) {
  std::mt19937 random(1);
  for_each_operation([&](const operation_info& op, const configuration& c) {
    words a(20000);
    words b(20000);
    for (auto& x : a) x = static_cast<std::uint32_t>(random());
    for (std::size_t i = 0; i < b.size(); ++i) {
      b[i] = static_cast<std::uint32_t>(random());
      // Often a product, or a quotient, near a bound.
      if (i % 4 == 0) {
        const std::uint32_t bound = i % 8 == 0 ? 0x00800000U : 0x7f800000U;
        const std::uint32_t y = i % 16 < 8 ? bound + 0x3f800000U - (a[i] & 0x7fffffffU)
                                           : (a[i] & 0x7fffffffU) + 0x3f800000U - bound;
        const auto compensation =
            random() % 2 == 0 ? 0U : static_cast<std::uint32_t>(c.compensation);
        const auto step = static_cast<std::uint32_t>(random() % 5);
        b[i] = (y + step - 2 - compensation) ^ (b[i] & 0x80000000U);
      }
    }
    check(op.name, c, a, b);
  });
}

// Every operand of the formats of 16 bits, after those first operands at which something happens.
template <class Format>
void check_every_operand(std::string_view format_name) {
  SCOPED_TRACE(format_name);
  words all(65536);
  std::iota(all.begin(), all.end(), 0U);
  words firsts;
  for (const std::int32_t m :
       {0, 1, min_magnitude<Format> / 2 + 1, min_magnitude<Format> - 1, min_magnitude<Format>,
        one_magnitude<Format> - 1, one_magnitude<Format>,
        one_magnitude<Format> + min_magnitude<Format> / 2 + 1,
        max_magnitude(Format{}) - min_magnitude<Format>, max_magnitude(Format{}),
        top_binade<Format>, top_binade<Format> + 1}) {
    firsts.push_back(static_cast<std::uint32_t>(m) | (m % 2 == 0 ? 0 : sign_mask<Format>));
  }
  for_each_operation([&](const operation_info& op, const configuration& of_binary32) {
    configuration c = of_binary32;
    c.format = Format{};
    // As far within an octave as in binary32.
    c.compensation >>= 23 - Format::fraction_bits;
    if (op.arity == 1) return check(op.name, c, all, all);
    for (const std::uint32_t first : firsts) {
      check(op.name, c, words(all.size(), first), all);
      if (::testing::Test::HasFatalFailure()) return;
    }
  });
}

TEST(Elementwise, EqualsTheDefinitionOnEveryOperandOfSixteenBits) {
  check_every_operand<bfloat16>("bfloat16");
  check_every_operand<binary16>("binary16");
}

// Runs of ordinary operands take a shorter way through the product.
TEST(Elementwise, EqualsTheDefinitionOnOrdinaryOperands) {
  std::mt19937 random(2);
  for_each_operation([&](const operation_info& op, const configuration& c) {
    words a(5000);
    words b(5000);
    for (auto* values : {&a, &b}) {
      for (auto& x : *values) {
        const auto word = static_cast<std::uint32_t>(random());
        x = (word & 0x80000000U) | (0x3e000000U + word % 0x04000000U);
      }
    }
    check(op.name, c, a, b);
  });
}

TEST(Elementwise, EqualsTheDefinitionOnEveryWidenedBfloat16) {
  words all(65536);
  for (std::uint32_t i = 0; i < 65536; ++i) all[i] = i << 16;
  words other = all;
  std::mt19937 random(3);
  for_each_operation([&](const operation_info& op, const configuration& c) {
    std::ranges::shuffle(other, random);
    check(op.name, c, all, other);
  });
}

TEST(Elementwise, EqualsTheDefinitionInOtherFormats) {
  std::mt19937 random(4);
  for (const any_format& format : default_formats()) {
    const format_description f = describe(format);
    words a(500);
    words b(500);
    for (auto* values : {&a, &b}) {
      for (auto& x : *values) {
        x = static_cast<std::uint32_t>(random()) & (f.sign_mask | f.magnitude_mask) &
            ~((std::uint32_t{1} << f.dropped_bits) - 1);
      }
    }
    for (const arithmetic_info& info : arithmetics()) {
      for (const operation_info& op : operations()) {
        if (!info.defines(op.name)) continue;
        check(op.name,
              configuration{.format = format,
                            .arithmetic = info.name,
                            .compensation = info.compensation(format, 0)},
              a, b);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(Elementwise, TakesAnyLengthAndWorksInPlace) {
  const configuration c{.format = binary32{}, .arithmetic = "pam"};
  std::mt19937 random(5);
  for (std::size_t n = 0; n < 70; ++n) {
    words a(n + 1), b(n + 1), expected(n + 1, 7);
    for (auto* values : {&a, &b}) {
      for (auto& x : *values) x = static_cast<std::uint32_t>(random());
    }
    scalar_backend().elementwise("mul", "pam")(c, a.data(), b.data(), expected.data(), n);
    expected[n] = a[n];
    simd_backend().elementwise("mul", "pam")(c, a.data(), b.data(), a.data(), n);
    ASSERT_EQ(a, expected);
  }
}

TEST(Elementwise, TouchesNothingOutsideOfOperandsAndResults) {
  std::mt19937 random(6);
  const words values = [&random] {
    words all(70);
    for (auto& x : all) x = static_cast<std::uint32_t>(random());
    return all;
  }();
  for (const any_format& format : {any_format{binary32{}}, any_format{bfloat16{}}}) {
    for (const arithmetic_info& info : arithmetics()) {
      const configuration c{.format = format, .arithmetic = info.name};
      for (const operation_info& op : operations()) {
        if (!info.defines(op.name)) continue;
        for (const std::string_view target : simd_targets()) {
          ASSERT_TRUE(use_simd_target(target));
          for (const auto side : {guarded_array::side::before, guarded_array::side::behind}) {
            for (std::size_t n = 0; n < 35; ++n) {
              guarded_array a(n, side), b(n, side), out(n, side);
              const auto words_of = [](guarded_array& g) {
                return static_cast<std::uint32_t*>(g.bytes());
              };
              const std::uint32_t mask =
                  describe(format).sign_mask | describe(format).magnitude_mask;
              for (std::size_t i = 0; i < n; ++i) {
                words_of(a)[i] = values[i] & mask;
                words_of(b)[i] = values[69 - i] & mask;
              }
              simd_backend().elementwise(op.name, info.name)(
                  c, words_of(a), op.arity == 1 ? nullptr : words_of(b), words_of(out), n);
              words expected(n);
              scalar_backend().elementwise(op.name, info.name)(c, words_of(a), words_of(b),
                                                               expected.data(), n);
              ASSERT_TRUE(std::equal(expected.begin(), expected.end(), words_of(out)))
                  << target << ' ' << info.name << ' ' << op.name << ' ' << n;
            }
          }
        }
      }
    }
  }
  use_simd_target("");
}

}  // namespace
}  // namespace pamkit::testing
