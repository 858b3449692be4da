// The golden model against the definitions written down once more, in binary64 and by search among
// all encodings. In the 8-bit formats every number, sum and product here is exact in binary64, and
// a quotient or root is far closer to its binary64 value than to any rounding edge it does not lie
// on.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "rules_for_tests.hpp"

namespace pamkit::reference {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

// An 8-bit format with its numbers spelled out.
class naive_format {
 public:
  naive_format(const std::string& name, bool flush, bool saturate)
      : e5m2_(name == "e5m2"), flush_(flush), saturate_(saturate) {
    for (std::uint32_t bits = 0; bits < 256; ++bits) values_.push_back(value_of(bits));
    for (std::uint32_t bits = 0; unflushed_value_of(bits) <= largest(); ++bits) {
      finite_.push_back(unflushed_value_of(bits));
    }
    // What a result may round to before its range is looked at.
    const int fractions = e5m2_ ? 4 : 8;
    for (int exponent = e5m2_ ? -60 : -40; exponent <= (e5m2_ ? 20 : 12); ++exponent) {
      if (!flush_ && exponent < least_exponent()) continue;
      for (int i = 0; i < fractions; ++i) {
        candidates_.push_back(std::ldexp(1 + static_cast<double>(i) / fractions, exponent));
      }
    }
    if (!flush_) {
      for (int i = 0; i < fractions; ++i) {
        candidates_.push_back(std::ldexp(static_cast<double>(i) / fractions, least_exponent()));
      }
    }
    std::ranges::sort(candidates_);
  }

  double operator[](std::uint32_t bits) const { return values_[bits]; }

  // A special case's infinity.
  std::uint32_t infinity(bool negative) const {
    const std::uint32_t sign = negative ? 0x80 : 0;
    if (e5m2_) return sign | 0x7c;
    return saturate_ ? sign | 0x7e : 0x7f;
  }
  std::uint32_t nan() const { return e5m2_ ? 0x7e : 0x7f; }
  std::uint32_t zero(bool negative) const { return negative ? 0x80 : 0; }
  std::uint32_t one() const { return e5m2_ ? 0x3c : 0x38; }

  // The nearest encoding, found by search; ties go to the even candidate: they alternate from an
  // even one.
  std::uint32_t nearest(double x, bool negative) const {
    const double size = std::fabs(x);
    if (size == 0) return zero(negative);
    const auto above = std::ranges::lower_bound(candidates_, size);
    double best = 0;
    if (above == candidates_.end()) {
      best = kInf;
    } else if (above == candidates_.begin()) {
      best = flush_ ? 0 : *above;
    } else {
      const double low = *(above - 1);
      const bool low_is_even = (above - 1 - candidates_.begin()) % 2 == 0;
      const double from_low = size - low;
      const double from_high = *above - size;
      best = from_low < from_high || (from_low == from_high && low_is_even) ? low : *above;
    }
    if (best > largest()) {
      if (saturate_) return zero(negative) | (e5m2_ ? 0x7b : 0x7e);
      return e5m2_ ? infinity(negative) : nan();
    }
    if (flush_ && best < std::ldexp(1, least_exponent())) return zero(negative);
    const auto found = std::ranges::lower_bound(finite_, best);
    if (found == finite_.end() || *found != best) ADD_FAILURE() << "no encoding of " << best;
    return zero(negative) | static_cast<std::uint32_t>(found - finite_.begin());
  }

 private:
  int least_exponent() const { return e5m2_ ? -14 : -6; }
  double largest() const { return e5m2_ ? 57344 : 448; }

  double unflushed_value_of(std::uint32_t bits) const {
    const std::uint32_t fraction_bits = e5m2_ ? 2 : 3;
    const std::uint32_t field = (bits & 0x7f) >> fraction_bits;
    const double fraction =
        std::ldexp(static_cast<double>(bits & (e5m2_ ? 3 : 7)), -static_cast<int>(fraction_bits));
    double size = field == 0 ? std::ldexp(fraction, least_exponent())
                             : std::ldexp(1 + fraction, static_cast<int>(field) - (e5m2_ ? 15 : 7));
    if (e5m2_ && field == 31) {
      size = fraction == 0 ? kInf : std::numeric_limits<double>::quiet_NaN();
    }
    if (!e5m2_ && (bits & 0x7f) == 0x7f) size = std::numeric_limits<double>::quiet_NaN();
    return (bits & 0x80) != 0 ? -size : size;
  }

  double value_of(std::uint32_t bits) const {
    const double value = unflushed_value_of(bits);
    if (flush_ && std::fabs(value) < std::ldexp(1, least_exponent())) {
      return std::copysign(0.0, value);
    }
    return value;
  }

  bool e5m2_;
  bool flush_;
  bool saturate_;
  std::vector<double> values_;
  std::vector<double> finite_;  // of the encodings 0, 1, 2, ... without a sign
  std::vector<double> candidates_;
};

struct parts {
  int exponent;
  double fraction;
};

parts split(double x) {
  int exponent = 0;
  const double significand = std::frexp(std::fabs(x), &exponent);  // in [1/2, 1)
  return {exponent - 1, 2 * significand - 1};
}

std::uint32_t naive_pam(const naive_format& f, std::uint32_t a, std::uint32_t b, double offset) {
  const double x = f[a];
  const double y = f[b];
  if (std::isnan(x) || std::isnan(y)) return f.nan();
  const bool negative = std::signbit(x) != std::signbit(y);
  if (std::isinf(x) || std::isinf(y)) return x == 0 || y == 0 ? f.nan() : f.infinity(negative);
  if (x == 0 || y == 0) return f.zero(negative);
  const double sum = split(x).fraction + split(y).fraction + offset;
  const double carry = std::floor(sum);
  const int exponent = split(x).exponent + split(y).exponent + static_cast<int>(carry);
  return f.nearest(std::ldexp(1 + sum - carry, exponent), negative);
}

std::uint32_t naive_pad(const naive_format& f, std::uint32_t a, std::uint32_t b, double offset) {
  const double x = f[a];
  const double y = f[b];
  if (std::isnan(x) || std::isnan(y)) return f.nan();
  const bool negative = std::signbit(x) != std::signbit(y);
  if ((x == 0 && y == 0) || (std::isinf(x) && std::isinf(y))) return f.nan();
  if (x == 0 || std::isinf(y)) return f.zero(negative);
  if (y == 0 || std::isinf(x)) return f.infinity(negative);
  const double difference = split(x).fraction - split(y).fraction - offset;
  const double carry = std::floor(difference);
  const int exponent = split(x).exponent - split(y).exponent + static_cast<int>(carry);
  return f.nearest(std::ldexp(1 + difference - carry, exponent), negative);
}

std::uint32_t naive_exp2(const naive_format& f, std::uint32_t a) {
  const double x = f[a];
  if (std::isnan(x)) return f.nan();
  if (std::isinf(x)) return x > 0 ? f.infinity(false) : f.zero(false);
  const double whole = std::floor(x);
  return f.nearest(std::ldexp(1 + (x - whole), static_cast<int>(std::clamp(whole, -500.0, 500.0))),
                   false);
}

std::uint32_t naive_log2(const naive_format& f, std::uint32_t a) {
  const double x = f[a];
  if (std::isnan(x)) return f.nan();
  if (x == 0) return f.infinity(true);
  if (x < 0) return f.nan();
  if (std::isinf(x)) return f.infinity(false);
  const double y = split(x).exponent + split(x).fraction;
  return f.nearest(y, y < 0);
}

double fraction_or_zero(double x) { return x == 0 || std::isinf(x) ? 0 : split(x).fraction; }

std::uint32_t naive_mul_da(const naive_format& f, std::uint32_t a, std::uint32_t b, double offset) {
  const double x = f[a];
  const double y = f[b];
  if (std::isnan(x) || std::isnan(y)) return f.nan();
  const bool negative = std::signbit(y);
  if (y == 0) return f.zero(negative);
  if (std::isinf(y)) return f.infinity(negative);
  const double carry = std::floor(fraction_or_zero(x) + split(y).fraction + offset);
  return f.nearest(std::ldexp(1, split(y).exponent + static_cast<int>(carry)), negative);
}

std::uint32_t naive_div_da(const naive_format& f, std::uint32_t a, std::uint32_t b, double offset) {
  const double x = f[a];
  const double y = f[b];
  if (std::isnan(x) || std::isnan(y)) return f.nan();
  const bool negative = std::signbit(y);
  if (y == 0) return f.infinity(negative);
  if (std::isinf(y)) return f.zero(negative);
  const double carry = std::floor(fraction_or_zero(x) - split(y).fraction - offset);
  return f.nearest(std::ldexp(1, static_cast<int>(carry) - split(y).exponent), negative);
}

std::uint32_t naive_div_db(const naive_format& f, std::uint32_t a, std::uint32_t b, double offset) {
  const double x = f[a];
  const double y = f[b];
  if (std::isnan(x) || std::isnan(y)) return f.nan();
  if ((x == 0 && y == 0) || (std::isinf(x) && std::isinf(y))) return f.nan();
  const bool negative = !std::signbit(x);
  if (x == 0 || std::isinf(y)) return f.zero(negative);
  if (std::isinf(x) || y == 0) return f.infinity(negative);
  const double carry = std::floor(split(x).fraction - split(y).fraction - offset);
  const int exponent = split(x).exponent - 2 * split(y).exponent + static_cast<int>(carry);
  return f.nearest(std::ldexp(1, exponent), negative);
}

// A result of IEEE arithmetic in binary64: exact, or close enough. Infinities of infinite operands
// and of divisions by zero are special cases.
std::uint32_t encode_ieee(const naive_format& f, double x) {
  if (std::isnan(x)) return f.nan();
  if (std::isinf(x)) return f.infinity(x < 0);
  return f.nearest(x, std::signbit(x));
}

struct variation {
  std::string format;
  bool flush;
  bool saturate;
};

class EightBitFormats : public testing::TestWithParam<variation> {
 protected:
  // Compares the two on every pair of encodings.
  template <class Naive>
  void expect_equal_on_all_pairs(const char* operation, const char* arithmetic,
                                 std::int32_t compensation, Naive naive) {
    rules r = rules_for(GetParam().format, arithmetic);
    if (!GetParam().flush) r = gradual(r);
    if (GetParam().saturate) r = saturating(r);
    r.compensation = compensation;
    const scalar_oracle oracle = find(operation, arithmetic);
    ASSERT_NE(oracle, nullptr);
    for (std::uint32_t a = 0; a < 256; ++a) {
      for (std::uint32_t b = 0; b < 256; ++b) {
        const std::array operands = {a, b};
        ASSERT_EQ(oracle(r, operands), naive(a, b))
            << operation << " " << arithmetic << " " << compensation << std::hex << " of " << a
            << " " << b;
      }
    }
  }

  template <class Naive>
  void expect_equal_on_all(const char* operation, const char* arithmetic, Naive naive) {
    rules r = rules_for(GetParam().format, arithmetic);
    if (!GetParam().flush) r = gradual(r);
    if (GetParam().saturate) r = saturating(r);
    for (std::uint32_t a = 0; a < 256; ++a) {
      ASSERT_EQ(golden(operation, r, {a}), naive(a))
          << operation << " " << arithmetic << std::hex << " of " << a;
    }
  }

  naive_format format() const { return {GetParam().format, GetParam().flush, GetParam().saturate}; }
  naive_format unflushed_format() const { return {GetParam().format, false, GetParam().saturate}; }
  double unit() const { return GetParam().format == "e5m2" ? 0.25 : 0.125; }
};

TEST_P(EightBitFormats, PamAndPadAreTheirDefinitionsOnAllPairs) {
  const naive_format f = format();
  for (const std::int32_t compensation : {0, 1, 3}) {
    const double offset = compensation * unit();
    expect_equal_on_all_pairs("mul", "pam", compensation,
                              [&](auto a, auto b) { return naive_pam(f, a, b, offset); });
    expect_equal_on_all_pairs("div", "pam", compensation,
                              [&](auto a, auto b) { return naive_pad(f, a, b, offset); });
  }
}

TEST_P(EightBitFormats, SlopesAreTheirDefinitionsOnAllPairs) {
  const naive_format f = format();
  for (const std::int32_t compensation : {0, 3}) {
    const double offset = compensation * unit();
    expect_equal_on_all_pairs("mul_da", "pam", compensation,
                              [&](auto a, auto b) { return naive_mul_da(f, a, b, offset); });
    expect_equal_on_all_pairs("div_da", "pam", compensation,
                              [&](auto a, auto b) { return naive_div_da(f, a, b, offset); });
    expect_equal_on_all_pairs("div_db", "pam", compensation,
                              [&](auto a, auto b) { return naive_div_db(f, a, b, offset); });
  }
}

TEST_P(EightBitFormats, ExponentialsLogarithmsAndPowersAreTheirDefinitions) {
  const naive_format f = format();
  const std::uint32_t three_halves = GetParam().format == "e5m2" ? 0x3e : 0x3c;  // log2 e, rounded
  const std::uint32_t half = GetParam().format == "e5m2" ? 0x38 : 0x30;
  const auto pow = [&](std::uint32_t a, std::uint32_t p) -> std::uint32_t {
    if (std::isnan(f[a]) || std::isnan(f[p])) return f.nan();
    if (f[a] == 0) return f[p] == 0 ? f.one() : f[p] > 0 ? f.zero(false) : f.infinity(false);
    return naive_exp2(f, naive_pam(f, naive_log2(f, a), p, 0));
  };
  expect_equal_on_all("exp2", "pam", [&](auto a) { return naive_exp2(f, a); });
  expect_equal_on_all("log2", "pam", [&](auto a) { return naive_log2(f, a); });
  expect_equal_on_all("exp", "pam",
                      [&](auto a) { return naive_exp2(f, naive_pam(f, a, three_halves, 0)); });
  expect_equal_on_all("log", "pam",
                      [&](auto a) { return naive_pad(f, naive_log2(f, a), three_halves, 0); });
  expect_equal_on_all("sqrt", "pam", [&](auto a) { return pow(a, half); });
  expect_equal_on_all_pairs("pow", "pam", 0, pow);
  expect_equal_on_all("exp2_da", "pam", [&](auto a) -> std::uint32_t {
    if (std::isnan(f[a])) return f.nan();
    if (std::isinf(f[a])) return f[a] > 0 ? f.infinity(false) : f.zero(false);
    return f.nearest(std::ldexp(1, static_cast<int>(std::clamp(std::floor(f[a]), -500.0, 500.0))),
                     false);
  });
  expect_equal_on_all("log2_da", "pam", [&](auto a) -> std::uint32_t {
    if (std::isnan(f[a])) return f.nan();
    if (f[a] == 0) return f.infinity(false);
    if (f[a] < 0) return f.nan();
    if (std::isinf(f[a])) return f.zero(false);
    return f.nearest(std::ldexp(1, -split(f[a]).exponent), false);
  });
}

TEST_P(EightBitFormats, ComparatorsAreTheirDefinitionsOnAllPairs) {
  const naive_format f = format();
  const naive_format u = unflushed_format();
  expect_equal_on_all_pairs("mul", "exact", 0,
                            [&](auto a, auto b) { return encode_ieee(u, u[a] * u[b]); });
  expect_equal_on_all_pairs("div", "exact", 0,
                            [&](auto a, auto b) { return encode_ieee(u, u[a] / u[b]); });
  expect_equal_on_all("sqrt", "exact", [&](auto a) { return encode_ieee(u, std::sqrt(u[a])); });
  expect_equal_on_all_pairs(
      "mul", "adder", 0, [&](auto a, auto b) { return encode_ieee(u, -std::fabs(u[a] - u[b])); });
  expect_equal_on_all_pairs("mul", "l_mul", 0, [&](auto a, auto b) {
    return naive_pam(f, a, b, unit());  // l is the number of fraction bits in both formats
  });
  expect_equal_on_all_pairs("mul", "power_of_two", 0, [&](auto a, auto b) {
    double weight = f[b];
    if (weight != 0 && std::isfinite(weight)) {
      const parts p = split(weight);
      weight = std::copysign(std::ldexp(1, p.exponent + (p.fraction >= 0.5 ? 1 : 0)), weight);
    }
    return encode_ieee(f, f[a] * weight);
  });
}

// A NaN where C's pow would ignore it.
double pow_with_nan(double x, double p) {
  return std::isnan(x) || std::isnan(p) ? std::numeric_limits<double>::quiet_NaN() : std::pow(x, p);
}

TEST_P(EightBitFormats, ElementaryFunctionsOfExactAdmitTheCLibrary) {
  const naive_format u = unflushed_format();
  rules r = rules_for(GetParam().format, "exact");
  if (GetParam().saturate) r = saturating(r);
  const auto expect_admitted = [&](const char* operation, std::vector<std::uint32_t> operands,
                                   double y, bool finite_operands) {
    // An infinity that binary64 overflowed to is an overflow of finite operands.
    const bool overflowed = std::isinf(y) && finite_operands;
    const std::uint32_t bits = overflowed ? u.nearest(y, y < 0) : encode_ieee(u, y);
    const admissible results = admissible_results(operation, r, operands);
    EXPECT_TRUE(results.contains(bits)) << operation << std::hex << " " << operands[0] << " "
                                        << operands.back() << " gives " << bits;
    EXPECT_TRUE(results.contains(golden(operation, r, operands)));
  };
  for (std::uint32_t a = 0; a < 256; ++a) {
    const bool finite = std::isfinite(u[a]);
    expect_admitted("exp2", {a}, std::exp2(u[a]), finite);
    expect_admitted("exp", {a}, std::exp(u[a]), finite);
    expect_admitted("log2", {a}, std::log2(u[a]), false);
    expect_admitted("log", {a}, std::log(u[a]), false);
    for (std::uint32_t b = 0; b < 256; ++b) {
      expect_admitted("pow", {a, b}, pow_with_nan(u[a], u[b]),
                      finite && std::isfinite(u[b]) && u[a] != 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    AllPolicies, EightBitFormats,
    testing::Values(variation{"e5m2", true, false}, variation{"e5m2", false, false},
                    variation{"e5m2", true, true}, variation{"e4m3", true, false},
                    variation{"e4m3", false, false}, variation{"e4m3", false, true}),
    [](const testing::TestParamInfo<variation>& parameter) {
      return parameter.param.format + (parameter.param.flush ? "_flush" : "_gradual") +
             (parameter.param.saturate ? "_saturate" : "_infinity");
    });

}  // namespace
}  // namespace pamkit::reference
