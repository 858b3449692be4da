/// exp2, log2, exp and log of exact on columns: section 10.1, with what a C library may give.
///
/// Each is computed in binary64 by a series, with a relative error e of less than 2^-48, as is shown
/// beside it. Let y be the computed and Y the true value. What is admissible lies between Y (1 - 2^-52)
/// and Y (1 + 2^-52), so between y (1 - 2^-45) and y (1 + 2^-45). Where these two round to the same
/// encoding, it is the one result; elsewhere, for about one operand in 2^20, the rationals decide.
#include "binary64.hpp"
#include "columns.hpp"
#include "integer_definition.hpp"

namespace pamkit::reference::columns {
namespace {

constexpr double kMargin = 0x1p-45;
constexpr double kLn2High = 0x1.62e42feep-1;  // 32 bits of ln 2
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kLn2 = 0x1.62e42fefa39efp-1;
constexpr double kLog2e = 0x1.71547652b82fep0;
constexpr double kRounder = 0x1.8p52;  // adding it rounds to an integer, in the low bits

/// e^t for abs(t) <= 0.36: the terms up to t^14 / 14!; the rest is below 0.36^15 / 15! < 2^-62 of 1. Each
/// of 14 steps errs by at most 2^-52 of a partial sum below 1.5, and is multiplied by t / k < 0.36 after it.
PAMKIT_LANE double exponential(double t) {
  double sum = 1;
#pragma GCC unroll 14
  for (int k = 14; k >= 1; --k) sum = 1 + sum * (t * (1.0 / k));
  return sum;
}

/// 2^n for the integer n in the low bits of n + kRounder, abs(n) <= 1022.
PAMKIT_LANE double power_of_rounded(double rounded) {
  const std::uint64_t n =
      std::bit_cast<std::uint64_t>(rounded) - std::bit_cast<std::uint64_t>(kRounder);
  return std::bit_cast<double>((n + 1023) << 52);
}

PAMKIT_LANE double limited(double x, double limit) {
  x = x > limit ? limit : x;
  return x < -limit ? -limit : x;
}

/// x - n is exact. Results of more than 2^1000 are outside of every format.
PAMKIT_LANE double exp2_of(double operand) {
  const double x = limited(operand, 1000);
  const double rounded = x + kRounder;
  return exponential((x - (rounded - kRounder)) * kLn2) * power_of_rounded(rounded);
}

/// n kLn2High is exact, with 42 bits; the rest errs by at most 2^-52.
PAMKIT_LANE double exp_of(double operand) {
  const double x = limited(operand, 700);
  const double rounded = x * kLog2e + kRounder;
  const double n = rounded - kRounder;
  return exponential((x - n * kLn2High) - n * kLn2Low) * power_of_rounded(rounded);
}

/// ln x = E ln 2 + 2 atanh(s), s = (m - 1) / (m + 1), with m in [0.70, 1.42), so that s s < 0.0303: the terms
/// up to s^23 / 23; the rest is below 2^-60 of the first. m - 1 and m + 1 are exact. E is 0 near 1, where
/// the sum would cancel; elsewhere the result is above 0.34 in magnitude and at most 2 to 600 times its terms'
/// errors of 2^-53 (E ln 2) each.
template <class Integer>
struct logarithm {
  double exponent;
  double of_rest;  // ln m
  PAMKIT_LANE logarithm(const number_format<Integer, false>& f, Integer magnitude) {
    const Integer k = f.ordinal(magnitude);
    const auto fraction = static_cast<std::int32_t>(k & (f.unit() - 1));
    const double unit = static_cast<double>(static_cast<std::int32_t>(f.unit()));
    double m = 1 + static_cast<double>(fraction) / unit;
    const double e = static_cast<double>(static_cast<std::int32_t>(k >> f.N));
    const bool is_upper = m > 1.41;
    exponent = is_upper ? e + 1 : e;
    m = is_upper ? m / 2 : m;
    const double s = (m - 1) / (m + 1);
    const double z = s * s;
    double sum = 1.0 / 23;
#pragma GCC unroll 11
    for (int i = 21; i >= 1; i -= 2) sum = sum * z + 1.0 / i;
    of_rest = 2 * s * sum;
  }
};

// y (1 + margin), encoded as a result of an exponential of this operand.
template <class Integer>
PAMKIT_LANE Integer encoded_power(const binary64_operations<Integer>& m, Integer a, double y,
                                  double margin) {
  const Integer x = a & m.f.magnitude;
  const Integer is_negative = mask<Integer>((a & m.f.sign) != 0);
  Integer r = m.encode(y * (1 + margin), 0);
  r = pick(mask<Integer>(x == m.f.infinity), ~is_negative & m.f.asked_infinity(0), r);
  return pick(mask<Integer>(x > m.f.last_number), m.f.nan, r);
}

template <class Integer>
PAMKIT_LANE Integer encoded_logarithm(const binary64_operations<Integer>& m, Integer a, double y,
                                      double margin) {
  const Integer x = a & m.f.magnitude;
  const double size = __builtin_fabs(y) * (1 + margin);
  Integer r = m.encode(size, y < 0 ? m.f.sign : Integer{0});
  r = pick(mask<Integer>(x == m.f.infinity), m.f.asked_infinity(0), r);
  r = pick(mask<Integer>((a & m.f.sign) != 0), m.f.nan, r);
  r = pick(mask<Integer>(x == 0), m.f.asked_infinity(m.f.sign), r);
  return pick(mask<Integer>(x > m.f.last_number), m.f.nan, r);
}

template <class Integer>
PAMKIT_LANE double signed_value(const binary64_operations<Integer>& m, Integer a) {
  const Integer x = a & m.f.magnitude;
  const double v = m.value(x > m.f.max ? m.f.max : x);
  return (a & m.f.sign) != 0 ? -v : v;
}

struct power_case {
  template <class Model, class Integer>
  PAMKIT_LANE static Integer encoded(const Model& m, Integer a, double y, double margin) {
    return encoded_power(m, a, y, margin);
  }
};

struct logarithm_case {
  template <class Model, class Integer>
  PAMKIT_LANE static Integer encoded(const Model& m, Integer a, double y, double margin) {
    return encoded_logarithm(m, a, y, margin);
  }
};

struct exp2_case : power_case {
  static constexpr std::string_view name = "exp2";
  template <class Model, class Integer>
  PAMKIT_LANE static double value(const Model& m, Integer a) {
    return exp2_of(signed_value(m, a));
  }
};

struct exp_case : power_case {
  static constexpr std::string_view name = "exp";
  template <class Model, class Integer>
  PAMKIT_LANE static double value(const Model& m, Integer a) {
    return exp_of(signed_value(m, a));
  }
};

struct log2_case : logarithm_case {
  static constexpr std::string_view name = "log2";
  template <class Model, class Integer>
  PAMKIT_LANE static double value(const Model& m, Integer a) {
    const logarithm<Integer> l(m.f, a & m.f.magnitude);
    return l.exponent + l.of_rest * kLog2e;
  }
};

struct log_case : logarithm_case {
  static constexpr std::string_view name = "log";
  template <class Model, class Integer>
  PAMKIT_LANE static double value(const Model& m, Integer a) {
    const logarithm<Integer> l(m.f, a & m.f.magnitude);
    return l.exponent * kLn2 + l.of_rest;
  }
};

template <class Case>
void oracle(const rules& asked, const std::uint32_t* a, const std::uint32_t* /*b*/,
            std::uint32_t* lowest, std::uint32_t* highest, std::size_t count) {
  rules r = asked;
  r.subnormals = subnormal_policy::gradual;
  with_integer(r.format, [&]<class Integer>(Integer) {
    const binary64_operations<Integer> model(r);
    for_bounds(
        [=](std::uint32_t operand) __attribute__((always_inline)) {
          const auto x = static_cast<Integer>(operand);
          const double y = Case::value(model, x);
          return bounds{static_cast<std::uint32_t>(Case::encoded(model, x, y, -kMargin)),
                        static_cast<std::uint32_t>(Case::encoded(model, x, y, kMargin))};
        },
        a, lowest, highest, count);
  });
  static const admissible_oracle rationals = find_admissible(Case::name, "exact");
  for (std::size_t i = 0; i < count; ++i) {
    if (lowest[i] == highest[i]) continue;
    const admissible either = rationals(asked, {a + i, 1});
    lowest[i] = either.lowest;
    highest[i] = either.highest;
  }
}

constexpr definition kDefinitions[] = {
    {"exact", "exp2", oracle<exp2_case>, true},
    {"exact", "log2", oracle<log2_case>, true},
    {"exact", "exp", oracle<exp_case>, true},
    {"exact", "log", oracle<log_case>, true},
};

}  // namespace

std::span<const definition> elementary_definitions() { return kDefinitions; }

}  // namespace pamkit::reference::columns
