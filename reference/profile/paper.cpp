/// Profile paper: mul, div and their slopes as the kernels released with arXiv 2305.17190 decide
/// them (docs/specification.md, section 14.2), for binary32. The real product or quotient is formed
/// exactly and rounded once to decide the range; the sums on whole 32-bit encodings are integers
/// modulo 2^32, and a cleared fraction is the multiple of 2^23 below.
#include "pamkit/format/profile.hpp"

#include "ieee.hpp"
#include "piecewise_affine.hpp"

namespace pamkit::reference {
namespace {

constexpr std::int64_t kWords = std::int64_t{1} << 32;
constexpr std::int64_t kBinade = std::int64_t{1} << 23;

// Subnormals are kept, and what the policies would decide is not asked.
codec plain(const rules& rules) {
  return {rules, subnormal_policy::gradual, overflow_policy::infinity};
}

std::int64_t modulo(std::int64_t n, std::int64_t m) {
  const std::int64_t rest = n % m;
  return rest < 0 ? rest + m : rest;
}

std::uint32_t wrapped(std::int64_t sum) { return static_cast<std::uint32_t>(modulo(sum, kWords)); }

std::uint32_t without_fraction(std::int64_t sum) {
  const std::int64_t word = modulo(sum, kWords);
  return static_cast<std::uint32_t>(word - modulo(word, kBinade));
}

// The binary64 number nearest to 10^exponent: 53 significant bits.
rational nearest_binary64(int exponent) {
  const integer power = boost::multiprecision::pow(integer(10), static_cast<unsigned>(
                                                                    exponent < 0 ? -exponent : exponent));
  const rational exact = exponent < 0 ? rational::ratio(1, power) : rational(power);
  const std::int64_t unit = exact.exponent() - 52;
  return rational(exact.nearest_multiple(unit)).scaled(unit);
}

enum class range : std::uint8_t { below, inside, beyond };

// Where the ordinary result lies, an encoding: NaN and infinities are beyond.
range range_of(const codec& c, std::uint32_t ordinary) {
  static const rational least = nearest_binary64(-37);
  static const rational largest = nearest_binary64(37);
  const exact_value t = c.decode(ordinary);
  if (!t.is_finite()) return range::beyond;
  const rational magnitude = abs(t.value);
  if (magnitude < least) return range::below;
  return magnitude < largest ? range::inside : range::beyond;
}

std::uint32_t decided(const codec& c, std::uint32_t ordinary, std::int64_t sum) {
  switch (range_of(c, ordinary)) {
    case range::below:
      return c.zero(false);
    case range::inside:
      return wrapped(sum);
    default:
      return c.nan();
  }
}

std::int64_t product_sum(const rules& rules, operand_list x) {
  return std::int64_t{x[0]} + x[1] - rules.format.one + rules.compensation;
}

std::int64_t quotient_sum(const rules& rules, operand_list x) {
  return std::int64_t{x[0]} - x[1] + rules.format.one - rules.compensation;
}

std::uint32_t product(const rules& rules, operand_list x) {
  const codec c = plain(rules);
  return decided(c, ieee_multiply(c, x[0], x[1]), product_sum(rules, x));
}

std::uint32_t quotient(const rules& rules, operand_list x) {
  const codec c = plain(rules);
  return decided(c, ieee_divide(c, x[0], x[1]), quotient_sum(rules, x));
}

std::uint32_t product_slope(const rules& rules, operand_list x) {
  return without_fraction(std::int64_t{x[1]} + modulo(x[0], kBinade) + rules.compensation);
}

// The reciprocal of b by the profile's own pad, without compensation.
std::uint32_t reciprocal(const rules& rules, std::uint32_t b) {
  const codec c = plain(rules);
  const std::uint32_t one = c.one();
  return decided(c, ieee_divide(c, one, b), std::int64_t{one} - b + one);
}

std::uint32_t quotient_slope_a(const rules& rules, operand_list x) {
  return without_fraction(std::int64_t{reciprocal(rules, x[1])} + modulo(x[0], kBinade));
}

// The positive number that has b's exponent field and a zero fraction.
std::uint32_t power_of(std::uint32_t b) {
  return static_cast<std::uint32_t>(modulo(std::int64_t{b} - modulo(b, kBinade), kWords / 2));
}

std::uint32_t quotient_slope_b(const rules& rules, operand_list x) {
  const codec c = plain(rules);
  const std::uint32_t slope =
      ieee_divide(c, without_fraction(quotient(rules, x)), power_of(x[1]));
  return c.format().is_nan(slope) ? slope : wrapped(std::int64_t{slope} + kWords / 2);
}

// The slopes are applied by an ordinary product; operands {d, a, b}.
std::uint32_t exact_a(const rules& rules, operand_list x) {
  return ieee_multiply(plain(rules), x[0], product_slope(rules, x.subspan(1)));
}
std::uint32_t exact_b(const rules& rules, operand_list x) {
  const std::uint32_t exchanged[] = {x[2], x[1]};
  return ieee_multiply(plain(rules), x[0], product_slope(rules, exchanged));
}

// ---- In words

std::vector<std::string> range_in_words(const codec& c, const char* name, std::uint32_t ordinary,
                                        std::int64_t sum, const char* formula) {
  std::vector<std::string> steps = {std::string("RN(") + name + ") = " + in_words(c, ordinary)};
  switch (range_of(c, ordinary)) {
    case range::below:
      steps.emplace_back("its magnitude is below 1e-37: +0, whatever the signs");
      break;
    case range::inside:
      steps.push_back("its magnitude is from 1e-37 to below 1e37: " + std::string(formula) +
                      " modulo 2^32, on whole encodings = " + in_words(c, wrapped(sum)));
      break;
    default:
      steps.emplace_back("its magnitude is not below 1e37: NaN");
      break;
  }
  return steps;
}

std::vector<std::string> product_steps(const rules& rules, operand_list x) {
  const codec c = plain(rules);
  return range_in_words(c, "a b", ieee_multiply(c, x[0], x[1]), product_sum(rules, x),
                        "a + b - ONE + compensation");
}

std::vector<std::string> quotient_steps(const rules& rules, operand_list x) {
  const codec c = plain(rules);
  return range_in_words(c, "a / b", ieee_divide(c, x[0], x[1]), quotient_sum(rules, x),
                        "a - b + ONE - compensation");
}

std::vector<std::string> product_slope_steps(const rules& rules, operand_list x) {
  return {"b + (a & 0x7fffff) + compensation modulo 2^32, its low 23 bits cleared = " +
          in_words(plain(rules), product_slope(rules, x))};
}

std::vector<std::string> quotient_slope_a_steps(const rules& rules, operand_list x) {
  const codec c = plain(rules);
  return {"1 / b by the profile's pad, without compensation = " +
              in_words(c, reciprocal(rules, x[1])),
          "that + (a & 0x7fffff) modulo 2^32, its low 23 bits cleared = " +
              in_words(c, quotient_slope_a(rules, x))};
}

std::vector<std::string> quotient_slope_b_steps(const rules& rules, operand_list x) {
  const codec c = plain(rules);
  std::vector<std::string> steps = quotient_steps(rules, x);
  steps.push_back("its low 23 bits cleared = " +
                  in_words(c, without_fraction(quotient(rules, x))));
  steps.push_back("b's exponent field alone = " + in_words(c, power_of(x[1])));
  steps.push_back("their quotient, negated = " + in_words(c, quotient_slope_b(rules, x)));
  return steps;
}

constexpr scalar_definition kDefinitions[] = {
    {.name = "mul", .oracle = product, .steps = product_steps},
    {.name = "div", .oracle = quotient, .steps = quotient_steps},
    {.name = "mul_da", .oracle = product_slope, .steps = product_slope_steps},
    {.name = "div_da", .oracle = quotient_slope_a, .steps = quotient_slope_a_steps},
    {.name = "div_db", .oracle = quotient_slope_b, .steps = quotient_slope_b_steps},
};

}  // namespace

namespace profile {
extern constinit const profile_definition paper{.name = kPaperPam,
                                                .never_flushes = true,
                                                .definitions = kDefinitions,
                                                .exact_a = exact_a,
                                                .exact_b = exact_b};
}  // namespace profile

}  // namespace pamkit::reference
