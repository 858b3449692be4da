/// P40 as encodings: a square root as the inverse of a square, and under powers of four.
#include "pamkit/properties/property.hpp"
#include "statement_range.hpp"

namespace pamkit::properties::statements {
namespace {

column root_of_square(const subject& s, const column& a) {
  const column squares = s.mul(a, a);
  return s.apply("sqrt", squares, squares);
}

bool is_near_one(const format_description& f, std::uint32_t a) {
  return f.is_normal(a) && normal_exponent(f, a) >= -2 && normal_exponent(f, a) < 2;
}

void to_near_one(const format_description& f, operand_columns& x) {
  for (std::uint32_t& e : x[0]) {
    const std::uint32_t field = static_cast<std::uint32_t>(f.bias - 2) + (e >> f.fraction_bits & 3);
    e = (e & (f.sign_mask | (f.min_normal - 1))) | field << f.fraction_bits;
  }
}

void returns_near_one(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column roots = root_of_square(s, x[0]);
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (is_near_one(f, x[0][i])) out.require_equal(i, roots[i], magnitude(f, x[0][i]));
  }
}

/// The most encodings, in units of the kept bits, by which a root can be off. Logarithms reach the
/// binade [2^e, 2^(e+1)) of the largest exponent, where one is off by half an ulp, 2^(e-N-1); the
/// root halves that, and 2^N encodings make an octave: 2^(e-2). 16 for eight exponent bits, since
/// log2 is below 128 there.
std::int64_t most_drift(const format_description& f) {
  const auto largest = static_cast<std::uint32_t>(f.max_finite >> f.fraction_bits) -
                       static_cast<std::uint32_t>(f.bias);
  return std::int64_t{1} << (std::bit_width(largest) - 3);
}

std::int64_t drift(const format_description& f, std::uint32_t got, std::uint32_t expected) {
  return std::abs(std::int64_t{got} - expected) / unit_of(f);
}

void returns_closely(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  const column squares = s.mul(x[0], x[0]);
  const column roots = s.apply("sqrt", squares, squares);
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (!f.is_normal(x[0][i]) || !is_in_range(s, squares[i])) continue;
    const std::uint32_t expected = magnitude(f, x[0][i]);
    out.require(i, drift(f, roots[i], expected) <= most_drift(f), roots[i], expected);
  }
}

constexpr std::uint32_t kWorst = 0x20000010;

void drifts_most(const subject& s, const operand_columns& x, outcome& out) {
  const column roots = root_of_square(s, x[0]);
  for (std::size_t i = 0; i < roots.size(); ++i) {
    out.require(i, drift(s.format(), roots[i], x[0][i]) == most_drift(s.format()), roots[i],
                x[0][i]);
  }
}

// Operands v in [1, 4) and one whose exponent is k.
void to_scaled_pairs(const format_description& f, operand_columns& x) {
  for (std::uint32_t& e : x[0]) {
    const std::uint32_t field = static_cast<std::uint32_t>(f.bias) + (e >> f.fraction_bits & 1);
    e = (e & (f.min_normal - 1)) | field << f.fraction_bits;
  }
}

void scales(const subject& s, const operand_columns& x, outcome& out) {
  const format_description& f = s.format();
  column scaled = x[0];
  for (std::size_t i = 0; i < scaled.size(); ++i) {
    const bool is_unit = is_near_one(f, x[0][i]) && x[0][i] >= f.one && f.is_normal(x[1][i]);
    // k up to the whole range, halved: 4^k v has to be normal.
    scaled[i] = is_unit ? scaled_in_range(f, x[0][i], normal_exponent(f, x[1][i]) / 2 * 2) : f.nan;
  }
  const column roots = s.apply("sqrt", x[0], x[0]);
  const column scaled_roots = s.apply("sqrt", scaled, scaled);
  for (std::size_t i = 0; i < scaled.size(); ++i) {
    if (f.is_nan(scaled[i])) continue;
    const std::uint32_t expected = scaled_in_range(f, roots[i], normal_exponent(f, x[1][i]) / 2);
    out.require(i, drift(f, scaled_roots[i], expected) <= most_drift(f), scaled_roots[i], expected);
  }
}

bool is_binary32(const subject& s) {
  return s.format().exponent_bits == 8 && s.format().kept_bits == 23;
}

property_text text(std::string_view part, std::string_view sentence, std::string_view domain) {
  return {.id = "P40",
          .part = part,
          .sentence = sentence,
          .domain = domain,
          .operation = "sqrt",
          .promise = "sqrt_inverts_square",
          .promised = [](const promises& p) { return p.sqrt_inverts_square; }};
}

property_text attained_text() {
  property_text t = text("attained", "sqrt(a . a) is 16 encodings off at 20000010",
                         "the pinned operand");
  t.promise = "sqrt_is_composed and sqrt_inverts_square";
  t.promised = [](const promises& p) { return p.sqrt_is_composed && p.sqrt_inverts_square; };
  t.about = is_binary32;
  t.about_what = "binary32";
  return t;
}

property_text scaling_text() {
  property_text t = text("scaling",
                         "sqrt(4^k v) is close to 2^k sqrt(v): within 16 encodings in formats of "
                         "eight exponent bits, 2 in the others",
                         "v in [1, 4), 4^k v normal");
  t.promise = "sqrt_scales";
  t.promised = [](const promises& p) { return p.sqrt_scales; };
  return t;
}

std::vector<column> one(const subject& s) { return {{s.format().one}}; }

}  // namespace

std::vector<statement> square_roots() {
  return {
      scalar_property{.text = text("near", "sqrt(a . a) = abs(a)", "abs(a) in [1/4, 4)"),
                      .arity = 1,
                      .needs = {"mul", "sqrt"},
                      .adapt = to_near_one,
                      .pinned = one,
                      .evaluate = returns_near_one},
      scalar_property{
          .text = text("everywhere",
                       "sqrt(a . a) is close to abs(a): within 16 encodings in formats of eight "
                       "exponent bits, 2 in the others",
                       "a normal, a . a in range"),
          .arity = 1,
          .needs = {"mul", "sqrt"},
          .evaluate = returns_closely},
      scalar_property{.text = attained_text(),
                      .arity = 1,
                      .needs = {"mul", "sqrt"},
                      .pinned = [](const subject&) { return std::vector<column>{{kWorst}}; },
                      .only_pinned = true,
                      .evaluate = drifts_most},
      scalar_property{.text = scaling_text(),
                      .needs = {"sqrt"},
                      .adapt = to_scaled_pairs,
                      .evaluate = scales},
  };
}

}  // namespace pamkit::properties::statements
