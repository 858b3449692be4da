/// P20 to P22 and P24: the shape of a product as a function of its left operand.
#include "pamkit/properties/property.hpp"
#include "statement_pieces.hpp"

namespace pamkit::properties::statements {
namespace {

std::uint32_t next_smaller(const format_description& f, std::uint32_t x) {
  return f.is_normal(x) && magnitude(f, x) > f.min_normal
             ? x - static_cast<std::uint32_t>(unit_of(f))
             : x;
}

column next_smaller(const format_description& f, column x) {
  for (std::uint32_t& e : x) e = next_smaller(f, e);
  return x;
}

bool same_piece(const subject& s, std::uint32_t a, std::uint32_t c, std::uint32_t b) {
  const format_description& f = s.format();
  return normal_exponent(f, a) == normal_exponent(f, c) && carry(s, a, b) == carry(s, c, b);
}

// a - u and a in one piece, a + u in it or at its end, where the function is continuous.
void is_affine(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column smaller = next_smaller(f, x[0]);
  const column larger = next_larger(f, x[0]);
  const column below = s.mul(smaller, x[1]);
  const column at = s.mul(x[0], x[1]);
  const column above = s.mul(larger, x[1]);
  for (std::size_t i = 0; i < at.size(); ++i) {
    const std::uint32_t a = x[0][i];
    if (!all_normal(s, {a, x[1][i]}) || smaller[i] == a || larger[i] == a) continue;
    if (!same_piece(s, smaller[i], a, x[1][i])) continue;
    if (!all_in_range(s, {below[i], at[i], above[i]})) continue;
    const scaled_integer first = difference(f, below[i], at[i]);
    const scaled_integer second = difference(f, at[i], above[i]);
    const std::uint32_t expected = at[i] + (at[i] - below[i]);
    out.require(i, first.significand != 0 && first == second, above[i], expected);
  }
}

// The left operand onto an edge: a power of two, or 1 - Fb for its fraction.
void to_edge(const format_description& f, operand_columns& x) {
  const std::uint32_t mask = f.min_normal - 1;
  for (std::size_t i = 0; i < x[0].size(); ++i) {
    if (i % 3 == 0) x[0][i] &= ~mask;
    if (i % 3 == 1) x[0][i] = (x[0][i] & ~mask) | ((f.min_normal - (x[1][i] & mask)) & mask);
  }
}

void is_continuous(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column smaller = next_smaller(f, x[0]);
  const column below = s.mul(smaller, x[1]);
  const column at = s.mul(x[0], x[1]);
  for (std::size_t i = 0; i < at.size(); ++i) {
    const std::uint32_t a = x[0][i];
    if (!all_normal(s, {a, x[1][i]}) || smaller[i] == a) continue;
    if (same_piece(s, smaller[i], a, x[1][i]) || !all_in_range(s, {below[i], at[i]})) continue;
    const std::int64_t jump = std::int64_t{magnitude(f, at[i])} - magnitude(f, below[i]);
    out.require(i, std::abs(jump) <= unit_of(f), at[i], below[i]);
  }
}

// Operands a, c, b with a < c in one binade.
void slope_within_octave(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column low = s.mul(x[0], x[2]);
  const column high = s.mul(x[1], x[2]);
  for (std::size_t i = 0; i < low.size(); ++i) {
    const std::uint32_t a = x[0][i];
    const std::uint32_t c = x[1][i];
    const std::uint32_t b = x[2][i];
    if (!all_normal(s, {a, c, b}) || (a ^ c) >= f.min_normal || c <= a) continue;
    if (!all_in_range(s, {low[i], high[i]})) continue;
    const scaled_integer rise = difference(f, low[i], high[i]);
    const scaled_integer run = {c - a, exact_magnitude(f, a).exponent};
    const scaled_integer least = run * scaled_integer{1, normal_exponent(f, b)};
    const scaled_integer most = run * scaled_integer{1, normal_exponent(f, b) + 1};
    out.require(i, rise >= least && rise <= most, high[i], low[i]);
  }
}

// The last two numbers below 2 times the last: any compensation carries twice.
std::vector<column> steep_pair(const subject& s) {
  const format_description& f = s.format();
  const auto unit = static_cast<std::uint32_t>(unit_of(f));
  const std::uint32_t last = f.one + f.min_normal - unit;
  return {{last - unit, last, last}};
}

void square_is_even(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column opposite = negated(f, x[0]);
  const column squares = s.mul(x[0], x[0]);
  const column others = s.mul(opposite, opposite);
  for (std::size_t i = 0; i < squares.size(); ++i) {
    if (f.is_nan(x[0][i])) continue;
    out.require_equal(i, squares[i], f.is_nan(squares[i]) ? squares[i] : magnitude(f, squares[i]));
    if (out.state(i) == case_state::holds) out.require_equal(i, others[i], squares[i]);
  }
}

std::vector<column> one(const subject& s) { return {{s.format().one}}; }

}  // namespace

std::vector<statement> pieces() {
  return {
      scalar_property{.text = {.id = "P20",
                               .sentence = "inside a piece the second difference of a . b is 0",
                               .domain = "normal operands, a and its neighbours in one piece and "
                                         "its end, results in range",
                               .operation = "mul",
                               .promise = "ulp_for_ulp",
                               .promised = [](const promises& p) { return p.ulp_for_ulp; }},
                      .needs = {"mul"},
                      .evaluate = is_affine},
      scalar_property{.text = {.id = "P21",
                               .sentence = "a . b is continuous at the edge of a piece: it jumps "
                                           "by at most one ulp",
                               .domain = "normal operands, an edge between a and its smaller "
                                         "neighbour, results in range",
                               .operation = "mul",
                               .promise = "ulp_for_ulp",
                               .promised = [](const promises& p) { return p.ulp_for_ulp; },
                               .unpromised = "it has no such pieces, and steps of one ulp are what "
                                             "rounding leaves there"},
                      .needs = {"mul"},
                      .adapt = to_edge,
                      .evaluate = is_continuous},
      scalar_property{
          .text = {.id = "P22",
                   .sentence = "inside one binade of a the slope is between 2^Eb and 2^(Eb+1)",
                   .domain = "operands a, c, b normal, a and c in one binade, results in range",
                   .operation = "mul",
                   .promise = "slope_within_octave",
                   .promised = [](const promises& p) { return p.slope_within_octave; }},
          .arity = 3,
          .needs = {"mul"},
          .adapt = same_binade,
          .pinned = steep_pair,
          .evaluate = slope_within_octave},
      scalar_property{
          .text = {.id = "P24",
                   .sentence = "a . a is not negative, and (-a) . (-a) = a . a",
                   .domain = "a not NaN",
                   .operation = "mul",
                   .promise = "sign_is_xor and negation",
                   .promised = [](const promises& p) { return p.sign_is_xor && p.negation; }},
          .arity = 1,
          .needs = {"mul"},
          .pinned = one,
          .evaluate = square_is_even},
  };
}

}  // namespace pamkit::properties::statements
