/// P48: rows of layer normalisation without eps, gain 1 and bias 0.
#include <algorithm>
#include <numbers>

#include "layer_rows.hpp"
#include "statement_parts.hpp"

namespace pamkit::properties::statements {
namespace {

using finding = layer_property::finding;
using row_view = std::span<const std::uint32_t>;
constexpr std::uint32_t kOne = 0x3F800000;

void to_plain_norm(layer_case& c) {
  std::ranges::fill(c.inputs[1].encodings, kOne);
  std::ranges::fill(c.inputs[2].encodings, 0);
  c.attributes["eps"] = 0;
}

bool is_plain_norm(const layer_case& c) {
  const auto eps = c.attributes.find("eps");
  return eps != c.attributes.end() && eps->second == 0 &&
         std::ranges::all_of(c.inputs[1].encodings, [](std::uint32_t g) { return g == kOne; }) &&
         std::ranges::all_of(c.inputs[2].encodings, [](std::uint32_t b) { return b == 0; });
}

// Numbers between 2^-20 and 2^20, so that squares, their sums and all that follows stay far from
// the range ends, scaled by up to 2^8.
bool is_in_range(row_view in, row_view out) {
  return is_all_normal(out) && std::ranges::all_of(in, [](std::uint32_t x) {
           const double m = std::abs(value_of(x));
           return m >= 0x1p-20 && m <= 0x1p20;
         });
}

tensor norm_of(const subject& s, const layer_info& layer, layer_case c, int k) {
  for (std::uint32_t& x : c.inputs.front().encodings) {
    const auto field = static_cast<int>(x >> 23 & 0xFF);
    if (field > 20 && field < 230) x += static_cast<std::uint32_t>(k) << 23;
  }
  return apply_to_widened(s, layer, false, derivative::approx, c).front();
}

// The encodings that every output moves by; nothing where they do not all move alike.
std::optional<std::int64_t> common_shift(row_view from, row_view to) {
  const std::int64_t shift = std::int64_t{to[0]} - from[0];
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (std::int64_t{to[i]} - from[i] != shift) return std::nullopt;
  }
  return shift;
}

constexpr std::int64_t kMostShift = 32;          // between any two scales
constexpr std::int64_t kMostShiftFromUnit = 16;  // against a variance in [1, 4)

// The variance that the definition computes, by the backend's own operations.
double variance_of(const subject& s, row_view in, std::uint32_t mean) {
  column c;
  for (const std::uint32_t x : in) {
    c.push_back(std::bit_cast<std::uint32_t>(std::bit_cast<float>(x) - std::bit_cast<float>(mean)));
  }
  const subject plain = in_layers(s.implementation(), s);
  const tensor squares{{static_cast<std::int64_t>(c.size())}, plain.mul(c, c)};
  return value_of(apply_to_widened(plain, *find_layer("mean"), false, derivative::approx,
                                   {.inputs = {squares}, .incoming = {}, .attributes = {}})
                      .front()
                      .encodings.front());
}

tensor means_of(const subject& s, const tensor& x) {
  return apply_to_widened(s, *find_layer("mean"), false, derivative::approx,
                          {.inputs = {x}, .incoming = {}, .attributes = {}})
      .front();
}

finding scales(const subject& s, const layer_info& layer, const layer_case& c) {
  if (!is_plain_norm(c)) return {};
  const tensor plain = norm_of(s, layer, c, 0);
  const tensor means = means_of(s, c.inputs.front());
  finding found;
  for (const int k : {-8, -3, 1, 2, 7}) {
    const tensor scaled = norm_of(s, layer, c, k);
    std::size_t first = 0;
    std::size_t row = 0;
    for_each_row(c.inputs.front(), plain, [&](row_view in, row_view out) {
      const row_view other = std::span(scaled.encodings).subspan(first, out.size());
      first += out.size();
      const std::uint32_t mean = means.encodings[row++];
      if (!is_in_range(in, out) || !is_all_normal(other)) return;
      ++found.cases;
      const auto shift = common_shift(out, other);
      const double variance = variance_of(s, in, mean);
      const std::int64_t most = variance >= 1 && variance < 4 ? kMostShiftFromUnit : kMostShift;
      if (!found.mismatch && (!shift || std::abs(*shift) > most)) {
        found.mismatch = contraction_mismatch{other[0], out[0]};
      }
    });
  }
  return found;
}

// y against (x - m) / sqrt(mean (x - m)^2), m the mean of the arithmetic. Over the reals the
// quotient lies in [2 sqrt 2 / 3, 27 sqrt 2 / 32] where n is a power of two, in [8/9, 27 sqrt 2 /
// 32] for every n. Encoded, the root is off by at most 32 encodings of 2^-23, and the sum by a
// factor (1 + 2^-24)^depth under the root.
finding stays_near_norm(const subject& s, const layer_info& layer, const layer_case& c) {
  if (!is_plain_norm(c)) return {};
  const tensor means = means_of(s, c.inputs.front());
  std::size_t row = 0;
  finding found;
  for_each_row(c.inputs.front(), norm_of(s, layer, c, 0), [&](row_view in, row_view out) {
    const double mean = value_of(means.encodings[row++]);
    if (!is_in_range(in, out)) return;
    ++found.cases;
    double squares = 0;
    std::vector<double> centred;
    for (const std::uint32_t x : in) {
      centred.push_back(static_cast<float>(value_of(x) - mean));  // the subtraction rounds once
      squares += centred.back() * centred.back();
    }
    const double deviation = std::sqrt(squares / static_cast<double>(in.size()));
    const double rounding = 1 + 32 * 2 * kHalfUnit + kHalfUnit * lane_sum_depth(in.size());
    const double low = std::has_single_bit(in.size()) ? 2 * std::numbers::sqrt2 / 3 : 8.0 / 9;
    const double high = 27 * std::numbers::sqrt2 / 32;
    for (std::size_t i = 0; i < in.size() && !found.mismatch; ++i) {
      const double expected = centred[i] / deviation;
      const double ratio = value_of(out[i]) / expected;
      if (ratio * rounding >= low && ratio <= high * rounding) continue;
      found.mismatch =
          contraction_mismatch{out[i], std::bit_cast<std::uint32_t>(static_cast<float>(expected))};
    }
  });
  return found;
}

layer_property about_norm(std::string_view part, std::string_view sentence, auto evaluate) {
  return {
      .text = {.id = "P48",
               .part = part,
               .sentence = sentence,
               .domain = "eps 0, gain 1, bias 0; elements between 2^-20 and 2^20, normal results",
               .operation = "layer_norm",
               .promise = "layer_norm_rows",
               .promised = [](const promises& p) { return p.layer_norm_rows; }},
      .adapt = to_plain_norm,
      .evaluate = evaluate};
}

}  // namespace

std::vector<statement> normalised_rows() {
  return {
      about_norm(
          "scaling", "scaling a row by 2^k moves every output by one number of encodings, at most 32, and at "
          "most 16 against a variance in [1, 4)",
          scales),
      about_norm(
          "ratio", "an output over the exact one with the same mean lies in [2 sqrt 2 / 3, 27 sqrt 2 / 32] "
          "for n a power of two, in [8/9, 27 sqrt 2 / 32] for every n",
          stays_near_norm)};
}

}  // namespace pamkit::properties::statements
