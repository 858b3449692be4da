/// Each statement has to fail for an arithmetic that breaks it: a fault in one operation of pam,
/// for every statement about scalars that could be missed.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {
namespace {

/// What an operation returns in place of `right`.
using fault = std::uint32_t (*)(const format_description&, std::uint32_t a, std::uint32_t b,
                                std::uint32_t right);

struct planted {
  const char* statement;
  const char* operation;  ///< the one with the fault
  fault wrong;
  const char* arithmetic = "pam";
};

planted g_planted;  // read by the backend below, which has no place for it

std::uint32_t fraction(const format_description& f, std::uint32_t x) {
  return x & (f.min_normal - 1);
}
std::uint32_t unit(const format_description& f) { return 1U << f.dropped_bits; }
bool is_power(const format_description& f, std::uint32_t x) {
  return f.is_normal(x) && fraction(f, x) == 0;
}
std::uint32_t sign_of(const format_description& f, std::uint32_t x) { return x & f.sign_mask; }

void with_fault(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
                std::uint32_t* out, std::size_t count) {
  const std::vector<std::uint32_t> x(a, a + count);
  const bool is_unary = find_operation(g_planted.operation)->arity == 1;
  const std::vector<std::uint32_t> y = is_unary ? x : std::vector<std::uint32_t>(b, b + count);
  scalar_backend().elementwise(g_planted.operation, c.arithmetic)(c, x.data(), y.data(), out,
                                                                  count);
  const format_description f = describe(c.format);
  for (std::size_t i = 0; i < count; ++i) {
    if (f.is_normal(out[i])) out[i] = g_planted.wrong(f, x[i], y[i], out[i]);
  }
}

constexpr backend kFaulty{
    .name = "faulty",
    .description = "wrong on purpose",
    .elementwise = [](std::string_view operation,
                      std::string_view arithmetic) -> elementwise_function {
      if (operation == g_planted.operation) return with_fault;
      return scalar_backend().elementwise(operation, arithmetic);
    },
    .contraction =
        [](std::string_view arithmetic, contraction_kind kind, derivative gradient) {
          return scalar_backend().contraction(arithmetic, kind, gradient);
        }};

std::uint32_t one_more(const format_description& f, std::uint32_t, std::uint32_t,
                       std::uint32_t right) {
  return right + unit(f);
}
std::uint32_t last_bit_flipped(const format_description& f, std::uint32_t, std::uint32_t,
                               std::uint32_t right) {
  return right ^ unit(f);
}
std::uint32_t one_more_where_a_is_odd(const format_description& f, std::uint32_t a, std::uint32_t,
                                      std::uint32_t right) {
  return (a & unit(f)) != 0 ? right + unit(f) : right;
}
std::uint32_t two_more_at_powers(const format_description& f, std::uint32_t a, std::uint32_t,
                                 std::uint32_t right) {
  return is_power(f, a) ? right + 2 * unit(f) : right;
}
std::uint32_t one_more_at_powers(const format_description& f, std::uint32_t a, std::uint32_t,
                                 std::uint32_t right) {
  return is_power(f, a) ? right + unit(f) : right;
}
std::uint32_t too_steep(const format_description& f, std::uint32_t a, std::uint32_t,
                        std::uint32_t right) {
  return right + (fraction(f, a) & ~(unit(f) - 1));
}
std::uint32_t sign_of_a(const format_description& f, std::uint32_t a, std::uint32_t,
                        std::uint32_t right) {
  return (right & f.magnitude_mask) | sign_of(f, a);
}
std::uint32_t one_less_at_powers(const format_description& f, std::uint32_t a, std::uint32_t b,
                                 std::uint32_t right) {
  return is_power(f, a) && is_power(f, b) ? right - unit(f) : right;
}
std::uint32_t one_less_where_exact(const format_description& f, std::uint32_t, std::uint32_t,
                                   std::uint32_t right) {
  return fraction(f, right) == 0 ? right - unit(f) : right;
}
std::uint32_t one_more_for_larger_a(const format_description& f, std::uint32_t a, std::uint32_t b,
                                    std::uint32_t right) {
  return a > b ? right + unit(f) : right;
}
std::uint32_t identity(const format_description& f, std::uint32_t a, std::uint32_t b,
                       std::uint32_t right) {
  return b == f.one ? a : right;
}
std::uint32_t one_more_below_zero(const format_description& f, std::uint32_t a, std::uint32_t,
                                  std::uint32_t right) {
  return f.sign(a) ? right + unit(f) : right;
}
std::uint32_t far_off_above_four(const format_description& f, std::uint32_t a, std::uint32_t,
                                 std::uint32_t right) {
  return !f.sign(a) && a >= f.one + 2 * f.min_normal && f.kept_bits > 8 ? right - 64 * unit(f)
                                                                        : right;
}
std::uint32_t an_eighth_more_at_powers(const format_description& f, std::uint32_t, std::uint32_t b,
                                       std::uint32_t right) {
  return is_power(f, b) && f.kept_bits > 2 ? right + f.min_normal / 8 : right;
}

std::uint32_t more_above_four(const format_description& f, std::uint32_t, std::uint32_t,
                              std::uint32_t right) {
  const bool is_above = (right & f.magnitude_mask) >= f.one + 2 * f.min_normal;
  return is_above && f.kept_bits > 4 ? right + f.min_normal / 16 : right;
}

const planted kPlanted[] = {
    {"P20", "mul", one_more_where_a_is_odd},
    {"P21", "mul", two_more_at_powers},
    {"P22", "mul", too_steep},
    {"P23", "mul", one_more},
    {"P24", "mul", sign_of_a},
    {"P25.bounds", "mul", an_eighth_more_at_powers},
    {"P25.least", "mul", one_more},
    {"P25.greatest", "mul", more_above_four},
    {"P33.integers", "exp2", one_less_where_exact},
    {"P33.shifts", "exp2", one_more_below_zero},
    {"P34", "log2", one_more_at_powers},
    {"P36.near", "exp2", one_more},
    {"P36.everywhere", "exp2", far_off_above_four},
    {"P36.overflow", "log2", one_less_where_exact},
    {"P37", "log2", one_more},
    {"P38.exp2-rounded", "exp2", one_less_where_exact},
    {"P38.log2-rounded", "log2", one_more_at_powers},
    {"P38.exp2-monotone", "exp2", last_bit_flipped},
    {"P38.log2-monotone", "log2", last_bit_flipped},
    {"P40.near", "sqrt", one_more},
    {"P40.everywhere", "sqrt", far_off_above_four},
    {"P40.attained", "sqrt", one_more},
    {"P40.scaling", "sqrt", far_off_above_four},
    {"P41.difference", "mul_da", one_more},
    {"P42", "mul_da", one_more_where_a_is_odd},
    {"P43.power-of-two", "mul_da", one_more},
    {"P49.ratio", "mul", one_less_at_powers, "pam:1.0552"},
    {"P49.commutes", "mul", one_more_for_larger_a, "pam:1.0552"},
    {"P49.no-identity", "mul", identity, "pam:1.0552"},
};

class statement_faults : public testing::TestWithParam<planted> {};

TEST_P(statement_faults, are_rejected) {
  g_planted = GetParam();
  suite_options options;
  options.backends = {&kFaulty};
  options.arithmetics = {*parse_arithmetic(g_planted.arithmetic)};
  options.properties = {g_planted.statement};
  const suite_results results = run_suite(options);
  const auto row = std::ranges::find(results.rows, run_status::fail, &result::status);
  ASSERT_NE(row, results.rows.end());
  ASSERT_TRUE(row->counterexample.has_value());
  EXPECT_EQ(row->statement, g_planted.statement);
  EXPECT_NE(row->counterexample->replay.find(std::string("--property ") + g_planted.statement),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(all, statement_faults, testing::ValuesIn(kPlanted),
                         [](const testing::TestParamInfo<planted>& planted_fault) {
                           std::string name = planted_fault.param.statement;
                           std::ranges::replace_if(
                               name, [](char c) { return c == '.' || c == '-'; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace pamkit::properties
