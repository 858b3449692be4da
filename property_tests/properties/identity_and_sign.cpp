/// P6 to P9: units, signs and zeros.
#include "pamkit/properties/property.hpp"
#include "statement_range.hpp"

namespace pamkit::properties::statements {
namespace {

void has_identity(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column& a = x[0];
  const column ones = constant(a.size(), f.one);
  const column minus_ones = constant(a.size(), f.one | f.sign_mask);
  const column same = s.mul(a, ones);
  const column opposite = s.mul(a, minus_ones);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!f.is_normal(a[i]) && !f.is_zero(a[i]) && !f.is_infinite(a[i])) continue;
    out.require_equal(i, same[i], a[i]);
    if (same[i] == a[i]) out.require_equal(i, opposite[i], negated(f, a[i]));
  }
}

void negates(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column products = s.mul(x[0], x[1]);
  const column opposite = s.mul(negated(f, x[0]), x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    out.require_equal(i, opposite[i], negated(f, products[i]));
  }
}

void sign_is_xor(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column products = s.mul(x[0], x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (f.is_nan(products[i])) continue;
    const bool negative = f.sign(x[0][i]) != f.sign(x[1][i]);
    const std::uint32_t m = magnitude(f, products[i]);
    out.require_equal(i, products[i], negative ? m | f.sign_mask : m);
  }
}

void to_zero(const format_description& f, operand_columns& x) {
  for (std::uint32_t& e : x[0]) e &= f.sign_mask;
}

void annihilates(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column left = s.mul(x[0], x[1]);
  const column right = s.mul(x[1], x[0]);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!f.is_zero(x[0][i]) || !f.is_finite(x[1][i])) continue;
    const std::uint32_t expected = (x[0][i] ^ x[1][i]) & f.sign_mask;
    out.require_equal(i, left[i], expected);
    if (left[i] == expected) out.require_equal(i, right[i], expected);
  }
}

std::vector<column> one(const subject& s) { return {{s.format().one}}; }

}  // namespace

std::vector<statement> identity_and_sign() {
  return {
      scalar_property{.text = {.id = "P6",
                               .sentence = "a . 1 = a and a . -1 = -a",
                               .domain = "a normal, zero or infinite",
                               .operation = "mul",
                               .promise = "identity",
                               .promised = [](const promises& p) { return p.identity; }},
                      .arity = 1,
                      .needs = {"mul"},
                      .pinned = one,
                      .evaluate = has_identity},
      scalar_property{.text = {.id = "P7",
                               .sentence = "(-a) . b = -(a . b) unless it is NaN",
                               .domain = "all operands",
                               .operation = "mul",
                               .promise = "negation",
                               .promised = [](const promises& p) { return p.negation; }},
                      .needs = {"mul"},
                      .evaluate = negates},
      scalar_property{
          .text = {.id = "P8",
                   .sentence = "the sign of a product is the xor of the signs, for zeros too",
                   .domain = "all operands, result not NaN",
                   .operation = "mul",
                   .promise = "sign_is_xor",
                   .promised = [](const promises& p) { return p.sign_is_xor; }},
          .needs = {"mul"},
          .evaluate = sign_is_xor},
      scalar_property{.text = {.id = "P9",
                               .sentence = "0 . b and b . 0 are zeros, signed by xor",
                               .domain = "b finite",
                               .operation = "mul",
                               .promise = "zero_annihilates",
                               .promised = [](const promises& p) { return p.zero_annihilates; }},
                      .needs = {"mul"},
                      .adapt = to_zero,
                      .evaluate = annihilates},
  };
}

}  // namespace pamkit::properties::statements
