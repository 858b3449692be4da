#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "closed_forms.hpp"
#include "pairs/fraction_weights.hpp"
#include "real/real_groups.hpp"
#include "real/real_pairs.hpp"
#include "requests.hpp"

namespace pamkit::reports {
namespace {

namespace cf = closed_form;

bound_group real_group(const std::string& operation, const std::string& arithmetic = "pam",
                       std::size_t n = 0) {
  return real_groups(*find_measured_operation(operation), *parse_arithmetic(arithmetic)).at(n);
}

double value(const bound_group& g, const char* metric) {
  const bound* b = g.find(metric);
  if (b == nullptr) throw std::out_of_range(metric);
  return b->value;
}

// What two sides that are right to more digits differ by once each is rounded to binary64: half a
// unit, 2^-54, of a number below 1 each.
constexpr double kTwoRoundings = 0x1p-53;
// The same where a dozen operations of binary64 or long double on numbers below 16 came before.
constexpr double kFewRoundings = 0x1p-50;
// Midpoint sums over h err by c_2 h^2 + c_4 h^4 + ..., c_4 the fourth derivative over 5760, so an
// extrapolation of 1/1000 and 1/2000 leaves less than (3 / 5760) 10^-12 of a derivative that is
// below 10 here.
constexpr double kMidpointRemainder = 1e-12;
// A peak between points 2^-14 apart of a function with second derivatives below 2.
constexpr double kPeakBetweenPoints = 0x1p-30;
// A peak between points 1/512 apart, on a ridge of slopes up to 1/32 beside it.
constexpr long double kRidgeBetweenPoints = 1 / 512.0L / 32;
// Midpoint sums of 200 rows of 200 cells: h^2 / 24 of second derivatives below 16.
constexpr double kRowsRemainder = 2e-5;

// Half a unit of the last of the decimal places that a text gives.
double half_a_unit(int places) { return 0.5 * std::pow(10.0, -places); }

void expect_closed_form(const bound_group& g, const char* metric, cf::real expected) {
  EXPECT_NEAR(value(g, metric), static_cast<double>(expected), kTwoRoundings)
      << g.operation << metric;
  EXPECT_EQ(g.find(metric)->evidence, evidence_kind::proved);
}

TEST(real, products_have_the_closed_forms) {
  const bound_group g = real_group("mul");
  EXPECT_EQ(g.find("min_relative")->exact, "-1/9");
  EXPECT_EQ(g.find("max_relative")->exact, "0/1");
  EXPECT_EQ(g.find("mean_ratio")->exact, "26/27");
  expect_closed_form(g, "mean_relative", cf::pam_mean());
  expect_closed_form(g, "mean_relative_loguniform", cf::pam_mean_loguniform());
  // E[pam] = 26/12 and E[x y] = 9/4, pam never above: 1/12.
  expect_closed_form(g, "mean_absolute_error", 1 / 12.0L);
  EXPECT_EQ(g.find("worst_case_error")->exact, "1/4");  // 9/4 - 2 at 3/2 . 3/2
}

// The digits that the table of error bounds of the specification gives where it has no closed form.
TEST(real, products_have_the_tabulated_digits) {
  const bound_group g = real_group("mul");
  EXPECT_NEAR(value(g, "rms_relative"), 0.0484195948208996, half_a_unit(16));
  EXPECT_NEAR(value(g, "gain"), 0.965816, half_a_unit(6));
  EXPECT_NEAR(value(g, "offset_zero_mean"), 0.0566232706886, half_a_unit(13));
  EXPECT_NEAR(value(g, "offset_minimax"), 0.0688575362464639, half_a_unit(16));
  EXPECT_NEAR(value(g, "offset_least_rms"), 0.0552550006, half_a_unit(10));
  EXPECT_NEAR(value(g, "rms_relative_at_offset_least_rms"), 0.0305375713, half_a_unit(10));
  EXPECT_NEAR(value(real_group("mul", "l_mul"), "mean_relative"), 0.00408177020, half_a_unit(11));
  EXPECT_EQ(real_group("mul", "l_mul").find("min_relative")->exact, "-161/2209");
}

TEST(real, the_minimax_offset_is_a_root_of_its_cubic) {
  // 8 / (3 - f)^2 - 1 = -f.
  const double f = value(real_group("mul"), "offset_minimax");
  EXPECT_NEAR(f * f * f - 7 * f * f + 15 * f - 1, 0, kFewRoundings);
}

// The least-squares gain by hand: E[pam x y] / E[x^2 y^2], the sum of the integrals of
// (x + y - 1) x y and 2 (x + y - 2) x y over the two triangles of [1, 2]^2.
TEST(real, the_gain_is_a_ratio_of_polynomial_integrals) {
  // Cells across the line where the pieces meet err by slopes below 8 times h^3, n of them by 8 h^2 with
  // changing signs, of which Richardson's extrapolation leaves what does not repeat, below h^2 / 2000.
  constexpr double kRemainder = 1 / 256.0 / 256 / 2000;
  const auto midpoint = [](int n) {
    long double sum = 0;
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < n; ++j) {
        const long double x = 1 + (i + 0.5L) / n;
        const long double y = 1 + (j + 0.5L) / n;
        sum += (x + y < 3 ? x + y - 1 : 2 * (x + y - 2)) * x * y;
      }
    }
    return sum / n / n;
  };
  const long double integral = (4 * midpoint(512) - midpoint(256)) / 3;
  EXPECT_NEAR(value(real_group("mul"), "gain"), static_cast<double>(integral / (49 / 9.0L)),
              kRemainder);
}

TEST(real, quotients_have_the_closed_forms) {
  const bound_group g = real_group("div");
  EXPECT_EQ(g.find("min_relative")->exact, "0/1");
  EXPECT_EQ(g.find("max_relative")->exact, "1/8");
  expect_closed_form(g, "mean_relative", cf::pad_mean());
  expect_closed_form(g, "mean_relative_loguniform", cf::pad_mean_loguniform());
  EXPECT_EQ(real_group("div", "pam", 1).operation, "reciprocal");
  EXPECT_EQ(real_group("div", "pam", 1).find("mean_relative")->exact, "1/12");
}

TEST(real, functions_have_the_closed_forms) {
  const bound_group exp2 = real_group("exp2");
  expect_closed_form(exp2, "max_relative", cf::paexp2_max());
  expect_closed_form(exp2, "mean_relative", cf::paexp2_mean());
  const bound_group log2 = real_group("log2");
  expect_closed_form(log2, "min_absolute", cf::palog2_min());
  expect_closed_form(log2, "max_absolute", 0);
  expect_closed_form(log2, "mean_absolute", cf::palog2_mean());
  const bound_group sqrt = real_group("sqrt");
  expect_closed_form(sqrt, "max_relative", cf::pasqrt_max());
  expect_closed_form(sqrt, "mean_relative", cf::pasqrt_mean());
}

TEST(real, compensated_products_reach_down_to_the_closed_form) {
  for (const int n : {0, 1, 5, 9}) {
    const reference::rational f = reference::rational(n) / reference::rational(16);
    const real_range range = real_error_range(pair_kind::product, f);
    const auto real_f = static_cast<cf::real>(f.to_high_precision());
    EXPECT_NEAR(range.least.error.to_double(), static_cast<double>(cf::compensated_pam_min(real_f)),
                kFewRoundings)
        << n;
    EXPECT_EQ(range.greatest.error, f) << n;
  }
}

TEST(real, ranges_hold_at_every_point_of_a_grid) {
  for (const pair_kind kind : {pair_kind::product, pair_kind::quotient}) {
    for (const int c : {0, 3, 11}) {
      const real_range range =
          real_error_range(kind, reference::rational(c) / reference::rational(64));
      const long double f = c / 64.0L;
      for (int i = 0; i < 192; ++i) {
        for (int j = 0; j < 192; ++j) {
          const long double x = i / 192.0L;
          const long double y = j / 192.0L;
          const bool product = kind == pair_kind::product;
          const long double s = product ? x + y + f : x - y - f;
          const long double k = std::floor(s);
          const long double r = std::exp2(k) * (1 + s - k);
          const long double error = r / (product ? (1 + x) * (1 + y) : (1 + x) / (1 + y)) - 1;
          ASSERT_GE(error, range.least.error.to_double() - kFewRoundings)
              << c << ' ' << i << ' ' << j;
          ASSERT_LE(error, range.greatest.error.to_double() + kFewRoundings)
              << c << ' ' << i << ' ' << j;
        }
      }
    }
  }
}

// Closed forms against midpoint sums on n and 2 n cells, extrapolated: what is left is far below
// the tolerance, for integrands that are smooth between the ends of their pieces.
template <class F>
long double midpoint_mean(const F& f) {
  const auto mean = [&](int n) {
    long double sum = 0;
    for (int i = 0; i < n; ++i) sum += f((i + 0.5L) / n);
    return sum / n;
  };
  return (4 * mean(2000) - mean(1000)) / 3;
}

TEST(real, functions_have_the_means_of_their_definitions) {
  struct definition {
    const char* name;
    long double (*result)(long double u);  // of u in [0, 1), the fraction (sqrt: of two binades)
    long double (*ordinary)(long double u);
  };
  const std::array definitions = {
      definition{"exp2", [](long double u) { return 1 + u; },
                 [](long double u) { return std::exp2(u); }},
      definition{"log2", [](long double u) { return u; },
                 [](long double u) { return std::log2(1 + u); }},
  };
  for (const definition& d : definitions) {
    const bound_group g = real_group(d.name);
    const bool absolute = std::string_view(d.name) == "log2";
    const std::string suffix = absolute ? "absolute" : "relative";
    const auto error = [&](long double u) {
      return absolute ? d.result(u) - d.ordinary(u) : d.result(u) / d.ordinary(u) - 1;
    };
    const auto mean = [&](const auto& f) { return static_cast<double>(midpoint_mean(f)); };
    EXPECT_NEAR(value(g, ("mean_" + suffix).c_str()), mean(error), kMidpointRemainder) << d.name;
    EXPECT_NEAR(value(g, ("mean_square_" + suffix).c_str()),
                mean([&](long double u) { return error(u) * error(u); }), kMidpointRemainder)
        << d.name;
    EXPECT_NEAR(value(g, "mean_absolute_error"),
                mean([&](long double u) { return std::abs(d.result(u) - d.ordinary(u)); }),
                kMidpointRemainder)
        << d.name;
    double worst = 0;
    for (int i = 0; i <= 1 << 14; ++i) {
      const long double u = std::ldexp(static_cast<long double>(i), -14);
      worst = std::max(worst, static_cast<double>(std::abs(d.result(u) - d.ordinary(u))));
    }
    EXPECT_NEAR(value(g, "worst_case_error"), worst, kPeakBetweenPoints) << d.name;
    if (absolute) continue;
    EXPECT_NEAR(value(g, "mean_ratio"), mean(d.result) / mean(d.ordinary), kMidpointRemainder);
    EXPECT_NEAR(value(g, "gain"),
                mean([&](long double u) { return d.result(u) * d.ordinary(u); }) /
                    mean([&](long double u) { return d.ordinary(u) * d.ordinary(u); }),
                kMidpointRemainder);
  }
}

TEST(real, square_roots_have_the_means_of_their_definition) {
  const bound_group g = real_group("sqrt");
  // Half of the arguments' fractions lie in either binade.
  const auto mean = [](const auto& f) {
    return static_cast<double>(midpoint_mean([&](long double u) {
      return (f(1 + u / 2, std::sqrt(1 + u)) + f((3 + u) / 2, std::sqrt(2 + 2 * u))) / 2;
    }));
  };
  using r = long double;
  const auto square = [](r x) { return x * x; };
  EXPECT_NEAR(value(g, "mean_relative"), mean([](r a, r y) { return a / y - 1; }),
              kMidpointRemainder);
  EXPECT_NEAR(value(g, "mean_square_relative"), mean([&](r a, r y) { return square(a / y - 1); }),
              kMidpointRemainder);
  EXPECT_NEAR(value(g, "mean_absolute_error"), mean([](r a, r y) { return std::abs(a - y); }),
              kMidpointRemainder);
  EXPECT_NEAR(value(g, "mean_ratio"),
              mean([](r a, r) { return a; }) / mean([](r, r y) { return y; }), kMidpointRemainder);
  EXPECT_NEAR(value(g, "gain"),
              mean([](r a, r y) { return a * y; }) / mean([&](r, r y) { return square(y); }),
              kMidpointRemainder);
  EXPECT_NEAR(value(g, "worst_case_error"), 1.5 - std::sqrt(2.0), kFewRoundings);
}

// Row by row, each between the lines on which a fraction carries.
TEST(real, pairs_have_the_means_of_their_definitions) {
  for (const pair_kind kind : {pair_kind::product, pair_kind::quotient}) {
    const bool product = kind == pair_kind::product;
    for (const long double f : {0.0L, 1 / 16.0L, 0.3L}) {
      const auto mean = [&](const auto& g) {
        const auto row = [&](long double x) {
          std::vector<long double> edges = {0, 1};
          for (const int n : {-1, 0, 1, 2}) {
            const long double edge = product ? n - x - f : x - f - n;
            if (edge > 0 && edge < 1) edges.insert(edges.end() - 1, edge);
          }
          std::ranges::sort(edges);
          long double sum = 0;
          for (std::size_t n = 0; n + 1 < edges.size(); ++n) {
            constexpr int kCells = 200;
            const long double length = edges[n + 1] - edges[n];
            for (int i = 0; i < kCells; ++i) {
              const long double y = edges[n] + length * (i + 0.5L) / kCells;
              const long double s = product ? x + y + f : x - y - f;
              const long double k = std::floor(s);
              const long double r = std::exp2(k) * (1 + s - k);
              sum += g(x, y, r, product ? (1 + x) * (1 + y) : (1 + x) / (1 + y)) * length / kCells;
            }
          }
          return sum;
        };
        constexpr int kRows = 200;
        long double sum = 0;
        const long double turn = product ? 1 - f : f;
        for (const auto& [from, to] : {std::pair{0.0L, turn}, std::pair{turn, 1.0L}}) {
          for (int i = 0; i < kRows; ++i)
            sum += row(from + (to - from) * (i + 0.5L) / kRows) * (to - from) / kRows;
        }
        return static_cast<double>(sum);
      };
      using r = long double;
      const real_pair_means m = real_means(kind, f);
      const auto near = [&](long double found, double expected) {
        EXPECT_NEAR(static_cast<double>(found), expected, kRowsRemainder)
            << product << ' ' << static_cast<double>(f);
      };
      near(m.mean, mean([](r, r, r a, r e) { return a / e - 1; }));
      near(m.mean_square, mean([](r, r, r a, r e) { return (a / e - 1) * (a / e - 1); }));
      near(m.mean_loguniform, mean([](r x, r y, r a, r e) {
             return (a / e - 1) / ((1 + x) * (1 + y) * cf::kLn2 * cf::kLn2);
           }));
      near(m.mean_difference, mean([](r, r, r a, r e) { return a - e; }));
      near(m.mean_ratio,
           mean([](r, r, r a, r) { return a; }) / mean([](r, r, r, r e) { return e; }));
      near(m.gain,
           mean([](r, r, r a, r e) { return a * e; }) / mean([](r, r, r, r e) { return e * e; }));
      const long double step = 1e-6L;
      near(m.square_slope,
           static_cast<double>((real_means(kind, f + step).mean_square - m.mean_square) / step));
    }
  }
}

TEST(real, quotients_have_their_worst_case_error) {
  EXPECT_NEAR(value(real_group("div"), "worst_case_error"),
              static_cast<double>(3 - 2 * std::sqrt(2.0L)), kTwoRoundings);
  for (const int c : {0, 3, 11}) {
    const long double f = c / 64.0L;
    long double worst = 0;
    constexpr int kCells = 512;
    for (int i = 0; i <= kCells; ++i) {
      for (int j = 0; j <= kCells; ++j) {
        const long double x = static_cast<long double>(i) / kCells;
        const long double y = static_cast<long double>(j) / kCells;
        const long double s = x - y - f;
        const long double k = std::floor(s);
        worst = std::max(worst, std::abs(std::exp2(k) * (1 + s - k) - (1 + x) / (1 + y)));
      }
    }
    const auto found = static_cast<long double>(greatest_quotient_distance(f).value);
    EXPECT_GE(found, worst - kFewRoundings) << c;
    EXPECT_LE(found, worst + kRidgeBetweenPoints) << c;
  }
}

// No number is proved but by a form that says so: the mean distance of a compensated product, whose
// sign changes along hyperbolas, has none.
TEST(real, only_what_is_derived_is_proved) {
  for (const char* operation : {"mul", "div", "exp2", "log2", "sqrt"}) {
    for (const char* arithmetic : {"pam", "pam:1.0552", "l_mul"}) {
      if (!parse_arithmetic(arithmetic)->info->defines(operation)) continue;
      const bound_group g = real_group(operation, arithmetic);
      for (const bound& b : g.bounds) {
        EXPECT_EQ(b.evidence == evidence_kind::proved,
                  b.note.find("no bound of the remainder") == std::string::npos)
            << operation << ' ' << arithmetic << ' ' << b.metric;
      }
    }
  }
  EXPECT_EQ(real_group("mul", "l_mul").find("mean_absolute_error")->evidence,
            evidence_kind::sampled);
  EXPECT_EQ(real_group("mul").find("mean_absolute_error")->evidence, evidence_kind::proved);
  EXPECT_EQ(real_group("div").find("mean_absolute_error")->evidence, evidence_kind::proved);
}

// Against sums over a fine grid, whose means are the integrals' but for the square of its unit.
TEST(real, integrals_agree_with_the_sums_over_a_formats_pairs) {
  constexpr std::uint32_t kPairs = 1 << 12;
  const auto tolerance = static_cast<double>(cf::grid_mean_tolerance(1.0L / kPairs));
  for (const pair_kind kind : {pair_kind::product, pair_kind::quotient}) {
    for (const int c : {0, 100, 333}) {
      const real_pair_means real = real_means(kind, static_cast<long double>(c) / kPairs);
      const pair_class_sums sums = sum_pair_classes(kind, kPairs, static_cast<std::uint32_t>(c));
      const pair_means grid = means_of(sums.uniform, {1, 1, 1});
      EXPECT_NEAR(static_cast<double>(grid.mean), static_cast<double>(real.mean), tolerance);
      EXPECT_NEAR(static_cast<double>(grid.rms), static_cast<double>(real.rms), 4 * tolerance);
    }
  }
}

// Over binary32's fraction pairs, with the offsets rounded to its encodings: a whole offset is at
// most half a unit off, and the mean rises by no more than the offset does.
TEST(real, found_offsets_are_those_of_encoded_pairs) {
  const found_offsets found = find_offsets(pair_kind::product);
  constexpr std::uint32_t kPairs = 1 << 12;
  const auto at = [&](long double f) {
    return means_of(sum_pair_classes(pair_kind::product, kPairs,
                                     static_cast<std::uint32_t>(std::lround(f * kPairs)))
                        .uniform,
                    {1, 1, 1});
  };
  EXPECT_NEAR(static_cast<double>(at(found.zero_mean).mean), 0, 0.5 / kPairs);
  const long double step = 64.0L / kPairs;
  EXPECT_LT(at(found.least_rms).rms, at(found.least_rms + step).rms);
  EXPECT_LT(at(found.least_rms).rms, at(found.least_rms - step).rms);
}

}  // namespace
}  // namespace pamkit::reports
