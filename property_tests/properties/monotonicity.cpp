/// P13 to P15 and P19: how a product follows its left operand. Order on neighbours is order
/// everywhere.
#include "pamkit/properties/property.hpp"
#include "statement_pieces.hpp"

namespace pamkit::properties::statements {
namespace {

void strictly_increases(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column larger = next_larger(f, x[0]);
  const column products = s.mul(x[0], x[1]);
  const column next = s.mul(larger, x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (larger[i] == x[0][i] || !all_normal(s, {x[0][i], x[1][i]})) continue;
    if (!all_in_range(s, {products[i], next[i]})) continue;
    out.require(i, magnitude(f, next[i]) > magnitude(f, products[i]), next[i], products[i]);
  }
}

void weakly_increases(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column larger = next_larger(f, x[0]);
  const column products = s.mul(x[0], x[1]);
  const column next = s.mul(larger, x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    // In a format without infinities NaN stands for them, and is the largest magnitude too.
    if (!f.is_finite(x[0][i]) || !f.is_finite(x[1][i])) continue;
    out.require(i, magnitude(f, next[i]) >= magnitude(f, products[i]), next[i], products[i]);
  }
}

// c becomes a neighbour of a, or shares its exponent.
void nearly_equal(const format_description& f, operand_columns& x) {
  const auto unit = static_cast<std::uint32_t>(unit_of(f));
  for (std::size_t i = 0; i < x[0].size(); ++i) {
    const std::uint32_t a = x[0][i];
    const std::uint32_t c = x[1][i];
    const bool neighbour = i % 2 == 0;
    const std::uint32_t fraction_mask = f.min_normal - 1;
    x[1][i] = neighbour ? (magnitude(f, a) >= unit ? a - unit : a)
                        : (a & ~fraction_mask) | (c & fraction_mask);
  }
}

void cancels(const subject& s, const operand_columns& x, outcome& out) {
  const column ab = s.mul(x[0], x[2]);
  const column cb = s.mul(x[1], x[2]);
  for (std::size_t i = 0; i < ab.size(); ++i) {
    if (!all_normal(s, {x[0][i], x[1][i], x[2][i]}) || !all_in_range(s, {ab[i], cb[i]})) continue;
    out.require(i, ab[i] != cb[i] || x[0][i] == x[1][i], ab[i], cb[i]);
  }
}

void ulp_is_ulp(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column larger = next_larger(f, x[0]);
  const column products = s.mul(x[0], x[1]);
  const column next = s.mul(larger, x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (larger[i] == x[0][i] || !all_normal(s, {x[0][i], x[1][i]})) continue;
    if (!all_in_range(s, {products[i], next[i]})) continue;
    out.require_equal(i, next[i], products[i] + static_cast<std::uint32_t>(unit_of(f)));
  }
}

}  // namespace

std::vector<statement> monotonicity() {
  return {
      scalar_property{
          .text = {.id = "P13",
                   .sentence = "abs(a . b) increases strictly with abs(a)",
                   .domain = "a and its larger neighbour, normal operands, results in range",
                   .operation = "mul",
                   .promise = "strictly_increasing",
                   .promised = [](const promises& p) { return p.strictly_increasing; }},
          .needs = {"mul"},
          .evaluate = strictly_increases},
      scalar_property{
          .text = {.id = "P14",
                   .sentence = "abs(a . b) never decreases with abs(a), clamping included",
                   .domain = "a and its larger neighbour, finite operands",
                   .operation = "mul",
                   .promise = "weakly_increasing",
                   .promised = [](const promises& p) { return p.weakly_increasing; }},
          .needs = {"mul"},
          .evaluate = weakly_increases},
      scalar_property{.text = {.id = "P15",
                               .sentence = "a . b = c . b implies a = c",
                               .domain = "operands a, c, b normal, results in range",
                               .operation = "mul",
                               .promise = "cancellative",
                               .promised = [](const promises& p) { return p.cancellative; }},
                      .arity = 3,
                      .needs = {"mul"},
                      .adapt = nearly_equal,
                      .evaluate = cancels},
      scalar_property{.text = {.id = "P19",
                               .sentence = "one ulp more in a is one more in the result's encoding",
                               .domain = "normal operands, results in range",
                               .operation = "mul",
                               .promise = "ulp_for_ulp",
                               .promised = [](const promises& p) { return p.ulp_for_ulp; }},
                      .needs = {"mul"},
                      .evaluate = ulp_is_ulp},
  };
}

}  // namespace pamkit::properties::statements
