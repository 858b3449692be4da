/// P23, and what P38 and P40 say over the rationals: the real-number definitions, in exact rational
/// numbers and rigorous intervals.
#include "pamkit/properties/property.hpp"
#include "pamkit/reference/exact_value.hpp"
#include "statement_range.hpp"

namespace pamkit::properties::statements {
namespace {

using reference::high_precision;
using reference::rational;

rational value_of(const format_description& f, std::uint32_t x) {
  return reference::decode(f, x, subnormal_policy::gradual).value;
}

/// Nearest encoding, to show a number in a counterexample.
std::uint32_t shown(const format_description& f, const rational& x) {
  return reference::encode(x, f, subnormal_policy::gradual, overflow_policy::infinity);
}

void product_is_power_of_sum(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const rational offset = rational(s.rules().compensation) / rational(std::int64_t{f.min_normal});
  const column products = s.mul(x[0], x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (!all_normal(s, {x[0][i], x[1][i]})) continue;
    const rational a = value_of(f, x[0][i]);
    const rational b = value_of(f, x[1][i]);
    const rational sum =
        reference::real_palog2(abs(a)) + reference::real_palog2(abs(b)) + offset;
    const rational power = reference::real_paexp2(sum);
    const rational expected = a.is_negative() != b.is_negative() ? -power : power;
    const rational defined = reference::real_pam(a, b, offset);
    out.require(i, defined == expected, shown(f, defined), shown(f, expected));
    if (defined != expected || !is_in_range(s, products[i])) continue;
    out.require(i, value_of(f, products[i]) == expected, products[i], shown(f, expected));
  }
}

// The reference's functions are off by less than 2^-150 of themselves, so a comparison that allows
// for 2^-145 is rigorous. It decides: the least ratio that a normal operand gives, of 2^-126, is more
// than 2^-128 above 1, and the extremes are attained at no rational number.
const high_precision& margin() {
  static const high_precision m = rational::power_of_two(-145).to_high_precision();
  return m;
}

const high_precision& ln2() {
  static const high_precision value = reference::ordinary_log(rational(2));
  return value;
}

// 2 / (e ln 2), the greatest paexp2(x) / 2^x.
const high_precision& greatest_power_ratio() {
  static const high_precision value = 2 / (reference::ordinary_exp(rational(1)) * ln2());
  return value;
}

// 1 - 1/ln2 - log2(ln 2), the greatest log2 x - palog2 x.
const high_precision& greatest_logarithm_gap() {
  static const high_precision value =
      1 - 1 / ln2() - reference::ordinary_log2(rational::from_high_precision(ln2()));
  return value;
}

void power_within_bounds(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  for (std::size_t i = 0; i < x[0].size(); ++i) {
    if (!f.is_finite(x[0][i]) || f.is_subnormal(x[0][i])) continue;
    const rational t = value_of(f, x[0][i]);
    if (abs(t) > rational(1024)) continue;
    const rational power = reference::real_paexp2(t);
    const high_precision ratio = power.to_high_precision() / reference::ordinary_exp2(t);
    // Equal at integers alone, and above everywhere else.
    const bool holds =
        t.is_integer()
            ? power == rational::power_of_two(t.floor().convert_to<std::int64_t>())
            : ratio >= 1 + margin() && ratio * (1 + margin()) <= greatest_power_ratio();
    out.require(i, holds, shown(f, power),
                shown(f, rational::from_high_precision(reference::ordinary_exp2(t))));
  }
}

void logarithm_within_bounds(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  for (std::size_t i = 0; i < x[0].size(); ++i) {
    if (f.sign(x[0][i]) || !f.is_normal(x[0][i])) continue;
    const rational v = value_of(f, x[0][i]);
    const rational logarithm = reference::real_palog2(v);
    // Of 2^E (1 + F) only F matters.
    const rational mantissa = 1 + v.fraction();
    const high_precision gap =
        reference::ordinary_log2(mantissa) - v.fraction().to_high_precision();
    const bool is_sum = logarithm == rational(v.exponent()) + v.fraction();
    const bool holds = v.fraction().is_zero()
                           ? true
                           : gap >= margin() && gap + margin() <= greatest_logarithm_gap();
    out.require(i, is_sum && holds, shown(f, logarithm),
                shown(f, rational::from_high_precision(reference::ordinary_log2(v))));
  }
}

rational real_root(const rational& x) {
  return reference::real_paexp2(reference::real_palog2(x) * rational::power_of_two(-1));
}

void root_inverts_square(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  for (std::size_t i = 0; i < x[0].size(); ++i) {
    if (!f.is_normal(x[0][i])) continue;
    const rational a = value_of(f, x[0][i]);
    const rational root = real_root(reference::real_pam(a, a));
    out.require(i, root == abs(a), shown(f, root), magnitude(f, x[0][i]));
  }
}

// Operands v and one whose exponent is k.
void root_scales(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  for (std::size_t i = 0; i < x[0].size(); ++i) {
    if (!f.is_normal(x[0][i]) || f.sign(x[0][i]) || !f.is_normal(x[1][i])) continue;
    const int k = normal_exponent(f, x[1][i]);
    const rational v = value_of(f, x[0][i]);
    const rational root = real_root(v.scaled(2 * k));
    const rational expected = real_root(v).scaled(k);
    out.require(i, root == expected, shown(f, root), shown(f, expected));
  }
}

void positive(const format_description& f, operand_columns& x) {
  for (std::uint32_t& e : x[0]) e = magnitude(f, e);
}

property_text about_definition(std::string_view id, std::string_view part,
                               std::string_view sentence, std::string_view domain,
                               std::string_view operation) {
  return {.id = id,
          .part = part,
          .sentence = sentence,
          .domain = domain,
          .operation = operation,
          .promise = "exp2_log2_pieces",
          .promised = [](const promises& p) { return p.exp2_log2_pieces; },
          .about = [](const subject& s) { return s.promised().exp2_log2_pieces; },
          .about_what = "the piecewise affine definitions"};
}

property_text about_root(std::string_view part, std::string_view sentence,
                         std::string_view domain) {
  property_text text = about_definition("P40", part, sentence, domain, "sqrt");
  text.promise = "sqrt_is_composed";
  text.promised = [](const promises& p) { return p.sqrt_is_composed; };
  text.about = [](const subject& s) { return s.promised().sqrt_is_composed; };
  return text;
}

}  // namespace

std::vector<statement> rational_forms() {
  return {
      scalar_property{.text = {.id = "P23",
                               .sentence = "a . b = paexp2(palog2 a + palog2 b + f) over the "
                                           "rationals, signs apart",
                               .domain = "normal operands; the encoded product where in range",
                               .operation = "mul",
                               .promise = "log_linear",
                               .promised = [](const promises& p) { return p.log_linear; }},
                      .needs = {"mul"},
                      .thinning = 8,
                      .evaluate = product_is_power_of_sum},
      scalar_property{
          .text = about_definition("P38", "exp2-real",
                                   "paexp2 over 2^x is in [1, 2 / (e ln 2)], and 1 at integers "
                                   "alone",
                                   "over the rationals; x of at most 1024", "exp2"),
          .arity = 1,
          .needs = {"exp2"},
          .thinning = 8,
          .about_reals = true,
          .evaluate = power_within_bounds},
      scalar_property{
          .text = about_definition("P38", "log2-real",
                                   "log2 x - palog2 x is in [0, 1 - 1/ln 2 - log2 ln 2], and 0 at "
                                   "powers of two alone",
                                   "over the rationals; x positive and normal", "log2"),
          .arity = 1,
          .needs = {"log2"},
          .thinning = 8,
          .about_reals = true,
          .evaluate = logarithm_within_bounds},
      scalar_property{.text = about_root("real-square", "pasqrt(a . a) = abs(a)",
                                         "over the rationals; a normal, without compensation"),
                      .arity = 1,
                      .needs = {"sqrt"},
                      .thinning = 4,
                      .about_reals = true,
                      .evaluate = root_inverts_square},
      scalar_property{.text = about_root("real-scaling", "pasqrt(4^k v) = 2^k pasqrt(v)",
                                         "over the rationals; v positive and normal"),
                      .needs = {"sqrt"},
                      .adapt = positive,
                      .thinning = 4,
                      .about_reals = true,
                      .evaluate = root_scales},
  };
}

}  // namespace pamkit::properties::statements
