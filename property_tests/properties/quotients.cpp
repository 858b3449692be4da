/// P27 to P29, P31 and P32: division as the inverse of the product.
#include "pamkit/properties/property.hpp"
#include "statement_range.hpp"

namespace pamkit::properties::statements {
namespace {

void quotient_of_product(const subject& s, const operand_columns& x, outcome& out) {
  const column products = s.mul(x[0], x[1]);
  const column back = s.div(products, x[1]);
  for (std::size_t i = 0; i < back.size(); ++i) {
    if (!all_normal(s, {x[0][i], x[1][i]}) || !is_in_range(s, products[i])) continue;
    out.require_equal(i, back[i], x[0][i]);
  }
}

void product_of_quotient(const subject& s, const operand_columns& x, outcome& out) {
  const column quotients = s.div(x[0], x[1]);
  const column back = s.mul(quotients, x[1]);
  for (std::size_t i = 0; i < back.size(); ++i) {
    if (!all_normal(s, {x[0][i], x[1][i]}) || !is_in_range(s, quotients[i])) continue;
    out.require_equal(i, back[i], x[0][i]);
  }
}

void second_to_power_of_two(const format_description& f, operand_columns& x) {
  for (std::uint32_t& e : x[1]) e = to_power_of_two(f, e);
}

void simple_quotients(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column& a = x[0];
  const column by_itself = s.div(a, a);
  const column by_one = s.div(a, constant(a.size(), f.one));
  const column by_power = s.div(a, x[1]);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!f.is_normal(a[i])) continue;
    out.require_equal(i, by_itself[i], f.one);
    if (by_itself[i] == f.one) out.require_equal(i, by_one[i], a[i]);
    if (out.state(i) == case_state::violated || !is_normal_power_of_two(f, x[1][i])) continue;
    const std::uint32_t expected = scaled_in_range(f, a[i], -normal_exponent(f, x[1][i]));
    if (f.is_normal(expected)) {
      out.require_equal(i, by_power[i], expected ^ (x[1][i] & f.sign_mask));
    }
  }
}

void quotient_is_product_with_reciprocal(const subject& s, const operand_columns& x, outcome& out) {
  const column reciprocals = s.div(constant(x[1].size(), s.format().one), x[1]);
  const column quotients = s.div(x[0], x[1]);
  const column products = s.mul(x[0], reciprocals);
  for (std::size_t i = 0; i < quotients.size(); ++i) {
    if (!all_normal(s, {x[0][i], x[1][i]})) continue;
    if (!all_in_range(s, {reciprocals[i], quotients[i], products[i]})) continue;
    out.require_equal(i, quotients[i], products[i]);
  }
}

void quotient_of_quotient(const subject& s, const operand_columns& x, outcome& out) {
  const column ab = s.div(x[0], x[1]);
  const column bc = s.mul(x[1], x[2]);
  const column left = s.div(ab, x[2]);
  const column right = s.div(x[0], bc);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!all_normal(s, {x[0][i], x[1][i], x[2][i]})) continue;
    if (!all_in_range(s, {ab[i], bc[i], left[i], right[i]})) continue;
    out.require_equal(i, left[i], right[i]);
  }
}

}  // namespace

std::vector<statement> quotients() {
  return {
      scalar_property{.text = {.id = "P27",
                               .sentence = "(a . b) / b = a",
                               .domain = "normal operands, product in range",
                               .operation = "div",
                               .promise = "quotient_inverts",
                               .promised = [](const promises& p) { return p.quotient_inverts; }},
                      .needs = {"mul", "div"},
                      .evaluate = quotient_of_product},
      scalar_property{.text = {.id = "P28",
                               .sentence = "(a / b) . b = a",
                               .domain = "normal operands, quotient in range",
                               .operation = "div",
                               .promise = "quotient_inverts",
                               .promised = [](const promises& p) { return p.quotient_inverts; }},
                      .needs = {"mul", "div"},
                      .evaluate = product_of_quotient},
      scalar_property{.text = {.id = "P29",
                               .sentence = "a / a = 1, a / 1 = a and a / 2^k is exact",
                               .domain = "a normal, the last where the quotient is normal",
                               .operation = "div",
                               .promise = "quotient_identities",
                               .promised = [](const promises& p) { return p.quotient_identities; }},
                      .needs = {"div"},
                      .adapt = second_to_power_of_two,
                      .evaluate = simple_quotients},
      scalar_property{.text = {.id = "P31",
                               .sentence = "a / b = a . (1 / b)",
                               .domain = "normal operands, 1 / b and results in range",
                               .operation = "div",
                               .promise = "quotient_is_group",
                               .promised = [](const promises& p) { return p.quotient_is_group; }},
                      .needs = {"mul", "div"},
                      .evaluate = quotient_is_product_with_reciprocal},
      scalar_property{.text = {.id = "P32",
                               .sentence = "(a / b) / c = a / (b . c)",
                               .domain = "normal operands, all intermediate results in range",
                               .operation = "div",
                               .promise = "quotient_is_group",
                               .promised = [](const promises& p) { return p.quotient_is_group; },
                               .unpromised = "the promise covers a . (1 / b) too, which a "
                                             "compensation breaks"},
                      .arity = 3,
                      .needs = {"mul", "div"},
                      .evaluate = quotient_of_quotient},
  };
}

}  // namespace pamkit::properties::statements
