/// P25: how far a . (b + c) is from a . b + a . c, in integers.
#include "pamkit/properties/property.hpp"
#include "statement_integers.hpp"

namespace pamkit::properties::statements {
namespace {

// c with b's sign, an exponent beside b's, and fractions short enough for an exact sum.
void to_exact_sums(const format_description& f, operand_columns& x) {
  const auto coarse = static_cast<std::uint32_t>(4 * unit_of(f) - 1);
  for (std::size_t i = 0; i < x[0].size(); ++i) {
    const std::uint32_t b = x[1][i];
    const std::uint32_t c = x[2][i];
    if (!f.is_normal(b) || i % 8 == 0) continue;
    const std::uint32_t fraction = f.min_normal - 1;
    const std::int64_t field = std::clamp<std::int64_t>(
        (b & f.magnitude_mask & ~fraction) / f.min_normal + static_cast<std::int64_t>(i % 5) - 2, 1,
        f.max_finite >> f.fraction_bits);
    x[1][i] = b & ~coarse;
    x[2][i] = (b & f.sign_mask) | static_cast<std::uint32_t>(field << f.fraction_bits) |
              (c & fraction & ~coarse);
  }
}

// A ratio of exact numbers in the one unit of both.
struct exact_ratio {
  int128 numerator = 0;
  int128 denominator = 1;
};

// a . (b + c) over a . b + a . c; nothing outside of the domain. `got` is a . (b + c).
std::optional<exact_ratio> ratio_of(const subject& s, std::uint32_t whole, std::uint32_t left,
                                    std::uint32_t right) {
  const format_description& f = s.format();
  const scaled_integer w = exact_magnitude(f, whole);
  const scaled_integer l = exact_magnitude(f, left);
  const scaled_integer r = exact_magnitude(f, right);
  const int common = std::min({w.exponent, l.exponent, r.exponent});
  if (std::max({w.exponent, l.exponent, r.exponent}) - common > 60) return std::nullopt;
  const auto in_units = [&](scaled_integer x) {
    return int128{static_cast<std::int64_t>(x.significand)} << (x.exponent - common);
  };
  return exact_ratio{in_units(w), in_units(l) + in_units(r)};
}

// Calls judge(i, ratio, a . (b + c), a . b) for every case in the domain.
template <class Judge>
void over_ratios(const subject& s, const operand_columns& x, const Judge& judge) {
  const format_description& f = s.format();
  column sums(x[0].size(), f.nan);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (!all_normal(s, {x[0][i], x[1][i], x[2][i]})) continue;
    if (f.sign(x[1][i]) == f.sign(x[2][i])) {
      sums[i] = exact_sum(f, x[1][i], x[2][i]).value_or(f.nan);
    }
  }
  const column whole = s.mul(x[0], sums);
  const column left = s.mul(x[0], x[1]);
  const column right = s.mul(x[0], x[2]);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (f.is_nan(sums[i]) || !all_in_range(s, {whole[i], left[i], right[i]})) continue;
    if (const auto ratio = ratio_of(s, whole[i], left[i], right[i])) {
      judge(i, *ratio, whole[i], left[i]);
    }
  }
}

void ratio_in_bounds(const subject& s, const operand_columns& x, outcome& out) {
  over_ratios(s, x,
              [&](std::size_t i, const exact_ratio& r, std::uint32_t whole, std::uint32_t left) {
                const bool holds =
                    9 * r.numerator >= 8 * r.denominator && 25 * r.numerator < 28 * r.denominator;
                out.require(i, holds, whole, left);
              });
}

// An encoding less the compensation, so that compensated products by it are plain ones by x.
std::uint32_t less_compensation(const subject& s, std::uint32_t x) {
  return x - static_cast<std::uint32_t>(s.rules().compensation);
}

// 1.5 (1 + 2).
std::vector<column> least_ratio(const subject& s) {
  const format_description& f = s.format();
  const std::uint32_t a = less_compensation(s, f.one + f.min_normal / 2);
  return {{a, f.one, f.one + f.min_normal}};
}

// 7/5 (8/5 + 32/5), the second number cut so that the sum is exact.
std::vector<column> nearly_greatest_ratio(const subject& s) {
  constexpr std::uint32_t kSevenFifths = 0x3FB33333;
  constexpr std::uint32_t kEightFifths = 0x3FCCCCC8;
  return {{less_compensation(s, kSevenFifths), kEightFifths, kEightFifths + (2U << 23)}};
}

void is_least(const subject& s, const operand_columns& x, outcome& out) {
  over_ratios(s, x,
              [&](std::size_t i, const exact_ratio& r, std::uint32_t whole, std::uint32_t left) {
                out.require(i, 9 * r.numerator == 8 * r.denominator, whole, left);
              });
}

// Within 2^-18 of 28/25, and below it.
void is_nearly_greatest(const subject& s, const operand_columns& x, outcome& out) {
  over_ratios(s, x,
              [&](std::size_t i, const exact_ratio& r, std::uint32_t whole, std::uint32_t left) {
                const int128 missing = 28 * r.denominator - 25 * r.numerator;
                const bool holds = missing > 0 && missing * (1 << 18) < 25 * r.denominator;
                out.require(i, holds, whole, left);
              });
}

property_text text(std::string_view part, std::string_view sentence, std::string_view domain) {
  return {.id = "P25",
          .part = part,
          .sentence = sentence,
          .domain = domain,
          .operation = "mul",
          .promise = "distributivity_bound",
          .promised = [](const promises& p) { return p.distributivity_bound; }};
}

// The ends are the piecewise affine product's; a tighter arithmetic does not reach them.
property_text text_of_end(std::string_view part, std::string_view sentence) {
  property_text t = text(part, sentence, "the pinned operands");
  t.promise = "log_linear and distributivity_bound";
  t.promised = [](const promises& p) { return p.log_linear && p.distributivity_bound; };
  t.unpromised = "in a short format rounding may give that value";
  return t;
}

property_text text_of_far_end() {
  property_text t = text_of_end("greatest", "7/5 (8/5 + 32/5) comes within 2^-18 of 28/25");
  t.about = [](const subject& s) {
    return s.format().exponent_bits == 8 && s.format().kept_bits == 23;
  };
  t.about_what = "binary32";
  return t;
}

}  // namespace

std::vector<statement> distributivity() {
  return {
      scalar_property{.text = text("bounds",
                                   "a . (b + c) over a . b + a . c, the sum a rational, is in "
                                   "[8/9, 28/25)",
                                   "normal operands, b and c of one sign, b + c exact, products "
                                   "in range and less than 2^60 apart"),
                      .arity = 3,
                      .needs = {"mul"},
                      .adapt = to_exact_sums,
                      .pinned = least_ratio,
                      .evaluate = ratio_in_bounds},
      scalar_property{
          .text = text_of_end("least", "1.5 . (1 + 2) = 4 against 1.5 . 1 + 1.5 . 2 = 4.5: 8/9 (1.5 less "
                              "the compensation)"),
          .arity = 3,
          .needs = {"mul"},
          .pinned = least_ratio,
          .only_pinned = true,
          .evaluate = is_least},
      scalar_property{.text = text_of_far_end(),
                      .arity = 3,
                      .needs = {"mul"},
                      .pinned = nearly_greatest_ratio,
                      .only_pinned = true,
                      .evaluate = is_nearly_greatest},
  };
}

}  // namespace pamkit::properties::statements
