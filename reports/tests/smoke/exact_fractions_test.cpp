#include <gtest/gtest.h>

#include <string>

#include "requests.hpp"

namespace pamkit::reports {
namespace {

using reference::rational;

// Section 3 of the specification, in rationals: operands 1 + i/M, 1 + j/M, fractions added and
// carried, or subtracted and borrowed.
struct definition {
  bool product;
  std::int64_t M;

  rational fraction(std::int64_t i) const { return rational(i) / rational(M); }
  rational result(std::int64_t i, std::int64_t j) const {
    const rational x = fraction(i);
    const rational y = fraction(j);
    if (product) return i + j < M ? rational(1) + x + y : rational(2) * (x + y);
    return i >= j ? rational(1) + x - y : (rational(2) + x - y) / rational(2);
  }
  rational ordinary(std::int64_t i, std::int64_t j) const {
    const rational x = rational(1) + fraction(i);
    const rational y = rational(1) + fraction(j);
    return product ? x * y : x / y;
  }
};

class exact_fractions : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(exact_fractions, are_those_of_every_pair_in_rationals) {
  const auto& [operation, format] = GetParam();
  const definition d{std::string(operation) == "mul",
                     std::int64_t{1} << describe(*parse_format(format)).kept_bits};
  rational sum;
  rational squares;
  rational absolute;
  rational results;
  rational ordinaries;
  rational mixed;
  rational ordinary_squares;
  rational worst;
  rational least = 1;
  rational greatest = -1;
  for (std::int64_t i = 0; i < d.M; ++i) {
    for (std::int64_t j = 0; j < d.M; ++j) {
      const rational r = d.result(i, j);
      const rational o = d.ordinary(i, j);
      const rational error = r / o - rational(1);
      sum = sum + error;
      squares = squares + error * error;
      const rational distance = reference::abs(r - o);
      absolute = absolute + distance;
      worst = std::max(worst, distance);
      least = std::min(least, error);
      greatest = std::max(greatest, error);
      results = results + r;
      ordinaries = ordinaries + o;
      mixed = mixed + r * o;
      ordinary_squares = ordinary_squares + o * o;
    }
  }
  const rational n = rational(d.M) * rational(d.M);
  const measurement m = measure_fractions(make_request(operation, format, "pam"));
  const auto expect = [&](const char* metric, const rational& value) {
    EXPECT_EQ(at(m, metric).exact, fraction_text(value)) << metric;
    EXPECT_EQ(at(m, metric).value, value.to_double()) << metric;
    EXPECT_EQ(at(m, metric).evidence, evidence_kind::exhaustive) << metric;
  };
  expect("min_relative", least);
  expect("max_relative", greatest);
  expect("mean_relative", sum / n);
  expect("mean_square_relative", squares / n);
  expect("mean_absolute_error", absolute / n);
  expect("worst_case_error", worst);
  expect("mean_ratio", results / ordinaries);
  expect("gain", mixed / ordinary_squares);
}

INSTANTIATE_TEST_SUITE_P(narrow, exact_fractions,
                         testing::Combine(testing::Values("mul", "div"),
                                          testing::Values("e4m3", "e5m2", "bfloat16")));

}  // namespace
}  // namespace pamkit::reports
