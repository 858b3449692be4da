/// P47: rows of softmax.
#include <algorithm>
#include <numeric>

#include "layer_rows.hpp"
#include "pamkit/properties/backends.hpp"
#include "statement_parts.hpp"
#include "summation_order.hpp"

namespace pamkit::properties::statements {
namespace {

using finding = layer_property::finding;
using row_view = std::span<const std::uint32_t>;

tensor softmax_of(const subject& s, const layer_info& layer, const tensor& x) {
  return apply_to_widened(s, layer, false, derivative::approx,
                          {.inputs = {x}, .incoming = {}, .attributes = {}})
      .front();
}

// Rows of finite numbers whose results are all normal: nothing is flushed away.
template <class Function>
finding over_rows(const subject& s, const layer_info& layer, const layer_case& c,
                  const Function& judge) {
  const tensor& x = c.inputs.front();
  finding found;
  for_each_row(x, softmax_of(s, layer, x), [&](row_view in, row_view out) {
    if (!is_all_finite(in) || !is_all_normal(out)) return;
    ++found.cases;
    if (!found.mismatch) found.mismatch = judge(in, out);
  });
  return found;
}

// Each y_i is pad(e_i, S), between e_i / S and 9/8 of it, and exact as an encoding. S is the
// rounded sum of the e_i, off by a factor of at most (1 + 2^-24)^depth either way.
std::optional<contraction_mismatch> row_sum_in_bounds(row_view, row_view out) {
  double sum = 0;  // of at most some hundred binary32 numbers below 2: exact to 2^-44
  for (const std::uint32_t y : out) sum += value_of(y);
  const double rounding = std::pow(1 + kHalfUnit, lane_sum_depth(out.size())) + 0x1p-40;
  if (sum * rounding >= 1 && sum <= 1.125 * rounding) return std::nullopt;
  const auto nearest = std::bit_cast<std::uint32_t>(static_cast<float>(sum));
  return contraction_mismatch{nearest, std::bit_cast<std::uint32_t>(1.0F)};
}

finding sums_to_one(const subject& s, const layer_info& layer, const layer_case& c) {
  return over_rows(s, layer, c, row_sum_in_bounds);
}

finding keeps_maximum(const subject& s, const layer_info& layer, const layer_case& c) {
  return over_rows(s, layer, c,
                   [](row_view in, row_view out) -> std::optional<contraction_mismatch> {
                     const auto value = [](std::uint32_t x) { return value_of(x); };
                     const auto at = std::ranges::max_element(in, {}, value) - in.begin();
                     const std::uint32_t greatest = *std::ranges::max_element(out, {}, value);
                     const std::uint32_t there = out[static_cast<std::size_t>(at)];
                     if (there == greatest) return std::nullopt;
                     return contraction_mismatch{there, greatest};
                   });
}

constexpr std::uint32_t kLog2e = 0x3FB8AA3B;

// S, the sum of the e_i in the declared order, by the scalar definitions (docs/specification.md, section 13.1).
std::uint32_t sum_of_exponentials(const subject& s, row_view in) {
  const subject definitions = in_layers(scalar_backend(), s);
  column t = definitions.mul(column(in.begin(), in.end()), column(in.size(), kLog2e));
  const float shift = std::floor(std::bit_cast<float>(*std::ranges::max_element(
      t, {}, [](std::uint32_t x) { return value_of(x); })));
  for (std::uint32_t& x : t) x = std::bit_cast<std::uint32_t>(std::bit_cast<float>(x) - shift);
  return sum_in_order(summation::lanes, definitions.apply("exp2", t, t));
}

// Place i of a permuted row holds what was at place [i]: backwards, and in steps of about two thirds
// of the row.
std::vector<std::vector<std::size_t>> permutations_of(std::size_t n) {
  std::vector<std::size_t> backwards(n);
  std::vector<std::size_t> steps(n);
  std::size_t step = 2 * n / 3 + 1;
  while (std::gcd(step, n) != 1) ++step;
  for (std::size_t i = 0; i < n; ++i) {
    backwards[i] = n - 1 - i;
    steps[i] = (i + 1) * step % n;
  }
  return {backwards, steps};
}

// A permuted row has the same terms, its sum another order: S' for S. Every result moves by
// mag(S) - mag(S').
finding permutes(const subject& s, const layer_info& layer, const layer_case& c) {
  const auto length = static_cast<std::size_t>(c.inputs.front().shape.back());
  finding found;
  for (const std::vector<std::size_t>& place : permutations_of(length)) {
    tensor permuted = c.inputs.front();
    for (std::size_t first = 0; length > 0 && first < permuted.encodings.size(); first += length) {
      for (std::size_t i = 0; i < length; ++i) {
        permuted.encodings[first + i] = c.inputs.front().encodings[first + place[i]];
      }
    }
    const tensor moved = softmax_of(s, layer, permuted);
    std::size_t first = 0;
    for_each_row(c.inputs.front(), softmax_of(s, layer, c.inputs.front()),
                 [&](row_view in, row_view out) {
                   const row_view other = std::span(moved.encodings).subspan(first, length);
                   const row_view other_in = std::span(permuted.encodings).subspan(first, length);
                   first += length;
                   if (!is_all_finite(in) || !is_all_normal(out) || !is_all_normal(other)) return;
                   ++found.cases;
                   const std::uint32_t shift =
                       sum_of_exponentials(s, in) - sum_of_exponentials(s, other_in);
                   for (std::size_t i = 0; i < length && !found.mismatch; ++i) {
                     const std::uint32_t expected = out[place[i]] + shift;
                     if (other[i] != expected) {
                       found.mismatch = contraction_mismatch{other[i], expected};
                     }
                   }
                 });
  }
  return found;
}

// Every e_i is a power of two between 2^-10 and 1 where x is a multiple of pad(1, log2e) by
// integers: sums are exact, and their order does not show.
void to_exact_sums(layer_case& c) {
  for (std::uint32_t& x : c.inputs.front().encodings) {
    // pam(x, log2e) = -n needs bits(x) = bits(n) - bits(log2e) + ONE, with the sign.
    const int n = static_cast<int>(x % 11);
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(n));
    x = n == 0 ? 0 : 0x80000000U | (bits - 0x3FB8AA3BU + 0x3F800000U);
  }
}

finding reverses_exactly(const subject& s, const layer_info& layer, const layer_case& c) {
  tensor backwards = c.inputs.front();
  std::ranges::reverse(backwards.encodings);
  tensor got = softmax_of(s, layer, backwards);
  std::ranges::reverse(got.encodings);
  const tensor expected = softmax_of(s, layer, c.inputs.front());
  finding found{.cases = expected.encodings.size(), .mismatch = {}};
  const auto [g, e] = std::ranges::mismatch(got.encodings, expected.encodings);
  if (g != got.encodings.end()) found.mismatch = contraction_mismatch{*g, *e};
  return found;
}

// x for which pam(x, log2e) is the multiple t of 2^-10 below 32 that the bits of x choose: mag(x) =
// mag(t) - mag(log2e) + ONE.
constexpr std::uint32_t kOne = 0x3F800000;

std::uint32_t with_base_two(float t) {
  const auto bits = std::bit_cast<std::uint32_t>(t);
  return t == 0 ? 0 : bits - kLog2e + kOne;
}

float in_base_two(std::uint32_t x) {
  return (x & 0x7FFFFFFF) == 0 ? 0 : std::bit_cast<float>(x + kLog2e - kOne);
}

void to_short_exponents(layer_case& c) {
  for (std::uint32_t& x : c.inputs.front().encodings) {
    const auto steps = static_cast<float>((x ^ x >> 13) % 32768);
    x = with_base_two((x >> 31 != 0 ? -steps : steps) / 1024);
  }
}

// softmax of t + n in base two, for every n such that each t + n is exact.
finding shifts(const subject& s, const layer_info& layer, const layer_case& c) {
  finding found;
  const tensor& x = c.inputs.front();
  const tensor plain = softmax_of(s, layer, x);
  for (const float n : {-17.0F, 1.0F, 40.0F}) {
    tensor moved = x;
    for (std::uint32_t& e : moved.encodings) {
      const float t = in_base_two(e);
      const float sum = t + n;
      const bool is_exact = std::isfinite(t) && double{sum} == double{t} + double{n} &&
                            (t == 0 || std::abs(t) >= 0x1p-20F) && std::abs(t) < 0x1p10F;
      if (!is_exact) return found;
      e = with_base_two(sum);
    }
    const tensor got = softmax_of(s, layer, moved);
    if (!x.encodings.empty()) ++found.cases;
    const auto [g, e] = std::ranges::mismatch(got.encodings, plain.encodings);
    if (g != got.encodings.end() && !found.mismatch) found.mismatch = contraction_mismatch{*g, *e};
  }
  return found;
}

layer_property about_softmax(std::string_view part, std::string_view sentence, std::string_view domain, auto evaluate,
                             void (*adapt)(layer_case&) = nullptr) {
  return {.text = {.id = "P47",
                   .part = part,
                   .sentence = sentence,
                   .domain = domain,
                   .operation = "softmax",
                   .promise = "softmax_rows",
                   .promised = [](const promises& p) { return p.softmax_rows; },
                   .unpromised = "its exponential is a C library's"},
          .adapt = adapt,
          .evaluate = evaluate};
}

}  // namespace

std::vector<statement> softmax_rows() {
  return {
      about_softmax("sum", "a row of softmax sums to [1, 9/8], up to the roundings of its sum",
                    "finite rows, normal results", sums_to_one),
      about_softmax("maximum", "the greatest element of a row stays a greatest one",
                    "finite rows, normal results", keeps_maximum),
      about_softmax("permutation", "permuting a row permutes the result, all encodings moved by mag(S) - mag(S')",
                    "finite rows, normal results; backwards, and in equal steps", permutes),
      about_softmax("exact-permutation", "reversing a row reverses the result where every partial sum is exact",
                    "rows whose exponentials are powers of two", reverses_exactly, to_exact_sums),
      about_softmax("shift", "adding an integer n to every t = x log2 e changes no bit",
                    "t and t + n exact, n = -17, 1, 40", shifts, to_short_exponents)};
}

}  // namespace pamkit::properties::statements
