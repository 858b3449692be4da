/// P49: what a compensation f does to a product.
#include "pamkit/properties/property.hpp"
#include "statement_range.hpp"

namespace pamkit::properties::statements {
namespace {

bool is_compensated(const subject& s) { return s.rules().compensation != 0; }

struct interval {
  fraction low;
  fraction high;
};

// The range of the ratio less 1, f = c / M: 8/(3-f)^2 and 16/(4-f)^2 as fractions of squares of
// 3M - c and 4M - c, the smaller; and f.
interval error_range(const subject& s) {
  const std::int64_t one = s.format().min_normal;
  const std::int64_t c = s.rules().compensation;
  const std::int64_t three = (3 * one - c) * (3 * one - c);
  const std::int64_t four = (4 * one - c) * (4 * one - c);
  const fraction first = {8 * one * one - three, three};
  const fraction second = {16 * one * one - four, four};
  const bool first_is_less = int128{first.numerator} * second.denominator <=
                             int128{second.numerator} * first.denominator;
  return {first_is_less ? first : second, {c, one}};
}

// 1 . 1, the most; and fractions (1 - f) / 2 twice, the least where that is an encoding.
std::vector<column> extremes(const subject& s) {
  const format_description& f = s.format();
  const std::uint32_t rest = f.min_normal - static_cast<std::uint32_t>(s.rules().compensation);
  const std::uint32_t worst = f.one + (rest / 2 & ~static_cast<std::uint32_t>(unit_of(f) - 1));
  return {{worst, worst}, {f.one, f.one}};
}

void ratio_in_bounds(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const interval bounds = error_range(s);
  const auto rest = std::int64_t{f.min_normal} - s.rules().compensation;
  const column products = s.mul(x[0], x[1]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    const std::uint32_t a = x[0][i];
    const std::uint32_t b = x[1][i];
    if (!all_normal(s, {a, b}) || !is_in_range(s, products[i])) continue;
    bool is_least = false;
    bool is_most = false;
    const bool within = relative_error_within(
        exact_magnitude(f, products[i]), exact_magnitude(f, a) * exact_magnitude(f, b), bounds.low,
        bounds.high, &is_least, &is_most);
    // Where the bounds are attained, up to f = 2 - sqrt 2.
    const bool is_worst =
        2 * fraction_bits_of(f, a) == rest && 2 * fraction_bits_of(f, b) == rest;
    const bool is_power = is_normal_power_of_two(f, a) && is_normal_power_of_two(f, b);
    const bool is_small = s.rules().compensation * 100LL <= 58LL * f.min_normal;
    out.require(i, within && (!is_worst || !is_small || is_least) && (!is_power || is_most),
                products[i], products[i]);
  }
}

void commutes(const subject& s, const operand_columns& x, outcome& out) {
  const column products = s.mul(x[0], x[1]);
  const column exchanged = s.mul(x[1], x[0]);
  for (std::size_t i = 0; i < products.size(); ++i) {
    out.require_equal(i, products[i], exchanged[i]);
  }
}

// a . 1 is one compensation above a, never a.
void loses_identity(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column same = s.mul(x[0], constant(x[0].size(), f.one));
  for (std::size_t i = 0; i < same.size(); ++i) {
    if (!f.is_normal(x[0][i]) || !is_in_range(s, same[i])) continue;
    const std::uint32_t expected =
        x[0][i] + static_cast<std::uint32_t>(s.rules().compensation);
    out.require_equal(i, same[i], expected);
  }
}

std::vector<column> one(const subject& s) { return {{s.format().one}}; }

property_text text(std::string_view part, std::string_view sentence, std::string_view domain) {
  return {.id = "P49",
          .part = part,
          .sentence = sentence,
          .domain = domain,
          .operation = "mul",
          .promise = "log_linear",
          .promised = [](const promises& p) { return p.log_linear; },
          .about = is_compensated,
          .about_what = "products with a compensation"};
}

}  // namespace

std::vector<statement> compensation() {
  return {
      scalar_property{.text = text("ratio",
                                   "a . b over the exact product is in [min(8/(3-f)^2, "
                                   "16/(4-f)^2), 1 + f], 1 + f at powers of two, the first at "
                                   "fractions (1-f)/2 twice",
                                   "normal operands, result in range"),
                      .needs = {"mul"},
                      .pinned = extremes,
                      .evaluate = ratio_in_bounds},
      scalar_property{.text = text("commutes", "a . b = b . a", "all operands"),
                      .needs = {"mul"},
                      .evaluate = commutes},
      scalar_property{.text = text("no-identity", "a . 1 is not a: it is one compensation above",
                                   "a normal, result in range"),
                      .arity = 1,
                      .needs = {"mul"},
                      .pinned = one,
                      .evaluate = loses_identity},
  };
}

}  // namespace pamkit::properties::statements
