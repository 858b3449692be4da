/// P2 to P5: in range, encodings less ONE add as integers, and that is a commutative group.
#include "pamkit/properties/property.hpp"
#include "statement_range.hpp"

namespace pamkit::properties::statements {
namespace {

void adds_encodings(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column products = s.mul(x[0], x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (!f.is_normal(x[0][i]) || !f.is_normal(x[1][i])) continue;
    if (f.sign(x[0][i]) || f.sign(x[1][i])) continue;
    const std::int64_t sum = std::int64_t{x[0][i]} + x[1][i] - f.one;
    if (sum < f.min_normal || sum > f.max_finite) continue;
    out.require_equal(i, products[i], static_cast<std::uint32_t>(sum));
  }
}

void positive(const format_description& f, operand_columns& x) {
  for (column& c : x) {
    for (std::uint32_t& e : c) e = magnitude(f, e);
  }
}

void commutes(const subject& s, const operand_columns& x, outcome& out) {
  const column products = s.mul(x[0], x[1]);
  const column exchanged = s.mul(x[1], x[0]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    out.require_equal(i, products[i], exchanged[i]);
  }
}

void associates(const subject& s, const operand_columns& x, outcome& out) {
  const column ab = s.mul(x[0], x[1]);
  const column bc = s.mul(x[1], x[2]);
  const column left = s.mul(ab, x[2]);
  const column right = s.mul(x[0], bc);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!all_normal(s, {x[0][i], x[1][i], x[2][i]})) continue;
    if (!all_in_range(s, {ab[i], bc[i], left[i], right[i]})) continue;
    out.require_equal(i, left[i], right[i]);
  }
}

// 2^h, 2^h, 2^-h: the first product is past the range, the second brings back nothing.
column clamped_triple(const format_description& f, int h) {
  return {power_of_two(f, h), power_of_two(f, h), power_of_two(f, -h)};
}

std::vector<column> clamped_triples(const subject& s) {
  const format_description& f = s.format();
  std::vector<column> pinned = {clamped_triple(f, f.bias - 1)};
  if (f.bias > 100) pinned.push_back(clamped_triple(f, 100));
  return pinned;
}

void stops_associating(const subject& s, const operand_columns& x, outcome& out) {
  const column left = s.mul(s.mul(x[0], x[1]), x[2]);
  const column right = s.mul(x[0], s.mul(x[1], x[2]));
  for (std::size_t i = 0; i < left.size(); ++i) {
    out.require(i, left[i] != right[i] && right[i] == x[0][i], left[i], right[i]);
  }
}

}  // namespace

std::vector<statement> group_structure() {
  return {
      scalar_property{.text = {.id = "P2",
                               .sentence = "bits(a . b) - ONE = (bits a - ONE) + (bits b - ONE)",
                               .domain = "positive normal operands, result in range",
                               .operation = "mul",
                               .promise = "adds_encodings",
                               .promised = [](const promises& p) { return p.adds_encodings; }},
                      .needs = {"mul"},
                      .adapt = positive,
                      .evaluate = adds_encodings},
      scalar_property{.text = {.id = "P3",
                               .sentence = "a . b = b . a",
                               .domain = "all operands",
                               .operation = "mul",
                               .promise = "commutative",
                               .promised = [](const promises& p) { return p.commutative; }},
                      .needs = {"mul"},
                      .evaluate = commutes},
      scalar_property{.text = {.id = "P4",
                               .sentence = "(a . b) . c = a . (b . c)",
                               .domain = "normal operands, partial products in range",
                               .operation = "mul",
                               .promise = "associative",
                               .promised = [](const promises& p) { return p.associative; }},
                      .arity = 3,
                      .needs = {"mul"},
                      .evaluate = associates},
      scalar_property{
          .text = {.id = "P5",
                   .sentence = "associativity ends under clamping: (2^h . 2^h) . 2^-h is "
                               "not 2^h . (2^h . 2^-h)",
                   .domain = "the pinned operands, h = bias - 1 (and 100)",
                   .operation = "mul",
                   .promise = "exact_by_powers_of_two",
                   .promised = [](const promises& p) { return p.exact_by_powers_of_two; }},
          .arity = 3,
          .needs = {"mul"},
          .pinned = clamped_triples,
          .only_pinned = true,
          .evaluate = stops_associating},
  };
}

}  // namespace pamkit::properties::statements
