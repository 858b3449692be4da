/// P51 to P53: sigmoid, tanh and GELU.
#include <algorithm>
#include <numbers>
#include <numeric>

#include "layer_rows.hpp"
#include "statement_parts.hpp"

namespace pamkit::properties::statements {
namespace {

using finding = layer_property::finding;

tensor activation_of(const subject& s, const layer_info& layer, const tensor& x) {
  return apply_to_widened(s, layer, false, derivative::approx,
                          {.inputs = {x}, .incoming = {}, .attributes = {}})
      .front();
}

// ---- Enclosures -------------------------------------------------------------------------------

/// Positive numbers from `low` to `high`.
struct enclosure {
  double low = 0;
  double high = 0;
};

// What is computed here in binary64 is off by less, relative; a binary32 rounding is 2^-24.
constexpr double kSlack = 0x1p-40;
constexpr double kRounding = kHalfUnit + kSlack;

// P16: a product lies in [8/9, 1] of the exact one, and is exact as an encoding.
enclosure product(const enclosure& a, const enclosure& b) {
  return {a.low * b.low * 8 / 9 * (1 - kSlack), a.high * b.high * (1 + kSlack)};
}
// P30: a quotient lies in [1, 9/8] of the exact one.
enclosure quotient(const enclosure& a, const enclosure& b) {
  return {a.low / b.high * (1 - kSlack), a.high / b.low * 9 / 8 * (1 + kSlack)};
}
enclosure sum(const enclosure& a, const enclosure& b) {
  return {(a.low + b.low) * (1 - kRounding), (a.high + b.high) * (1 + kRounding)};
}
// P38: the ratio of paexp2(t) to 2^t is (1 + F) / 2^F, F the fraction of t: at least 1, greatest where F =
// 1 / ln 2 - 1.
enclosure power(double low, double high) {
  const double greatest = 1 / std::numbers::ln2 / std::exp2(1 / std::numbers::ln2 - 1);
  return {std::exp2(low) * (1 - kRounding), std::exp2(high) * greatest * (1 + kRounding)};
}
enclosure number(double x) { return {x, x}; }

// 1 + paexp2(-t) for t of the sign of `x`, its magnitude enclosed.
enclosure bottom(double x, const enclosure& t) {
  const enclosure e = x < 0 ? power(t.low, t.high) : power(-t.high, -t.low);
  return sum(number(1), e);
}

enclosure sigmoid_of(double x) {
  const enclosure t = product(number(std::abs(x)), number(static_cast<float>(std::numbers::log2e)));
  return quotient(number(1), bottom(x, t));
}

// Of abs(x).
enclosure tanh_of(double x) {
  const enclosure t =
      product(number(std::abs(x)), number(static_cast<float>(2 * std::numbers::log2e)));
  enclosure e = power(-t.high, -t.low);
  e.high = std::min(e.high, 1.0);
  const enclosure top{(1 - e.high) * (1 - kRounding), (1 - e.low) * (1 + kRounding)};
  return quotient(top, sum(number(1), e));
}

// Of abs(x), whose quotient has x's sign.
enclosure gelu_of(double x) {
  const double c = 2 * std::sqrt(2 / std::numbers::pi) * std::numbers::log2e;
  const enclosure m = number(std::abs(x));
  const enclosure cubic = product(product(m, m), number(static_cast<float>(0.044715 * c)));
  const enclosure u = product(m, sum(cubic, number(static_cast<float>(c))));
  return quotient(m, bottom(x, u));
}

template <enclosure (*Of)(double)>
finding is_enclosed(const subject& s, const layer_info& layer, const layer_case& c) {
  const tensor& x = c.inputs.front();
  const tensor y = activation_of(s, layer, x);
  finding found;
  for (std::size_t i = 0; i < x.encodings.size(); ++i) {
    const double in = value_of(x.encodings[i]);
    if (!(std::abs(in) >= 0x1p-40 && std::abs(in) < 8)) continue;
    ++found.cases;
    const enclosure wanted = Of(in);
    const double got = value_of(y.encodings[i]);
    const double size = std::abs(got);
    // sigmoid is positive; the others have the sign of x, which a result of 0 has too.
    const bool has_sign = layer.name == "sigmoid" ? !std::signbit(got)
                                                  : std::signbit(got) == std::signbit(in);
    if (has_sign && size >= wanted.low && size <= wanted.high) continue;
    if (!found.mismatch) {
      const double nearest = size < wanted.low ? wanted.low : wanted.high;
      found.mismatch = contraction_mismatch{
          y.encodings[i], std::bit_cast<std::uint32_t>(static_cast<float>(nearest))};
    }
  }
  return found;
}

// Exponents to [-40, 2]: the fraction and the sign stay.
void to_moderate(layer_case& c) {
  for (std::uint32_t& x : c.inputs.front().encodings) {
    const std::uint32_t field = 87 + (x >> 23 & 0xFF) % 43;
    x = (x & 0x807FFFFF) | field << 23;
  }
}

// ---- Order and range --------------------------------------------------------------------------

finding grows(const subject& s, const layer_info& layer, const layer_case& c) {
  tensor x = c.inputs.front();
  std::erase_if(x.encodings, [](std::uint32_t e) { return std::isnan(value_of(e)); });
  x.shape = {static_cast<std::int64_t>(x.encodings.size())};
  std::ranges::sort(x.encodings, {}, value_of);
  const tensor y = activation_of(s, layer, x);
  finding found;
  for (std::size_t i = 0; i + 1 < y.encodings.size(); ++i) {
    ++found.cases;
    if (value_of(y.encodings[i]) <= value_of(y.encodings[i + 1])) continue;
    if (!found.mismatch) found.mismatch = contraction_mismatch{y.encodings[i + 1], y.encodings[i]};
  }
  return found;
}

finding keeps_range(const subject& s, const layer_info& layer, const layer_case& c) {
  const tensor& x = c.inputs.front();
  const tensor y = activation_of(s, layer, x);
  const double least = layer.name == "sigmoid" ? 0 : -1;
  finding found;
  for (std::size_t i = 0; i < x.encodings.size(); ++i) {
    if (std::isnan(value_of(x.encodings[i]))) continue;
    ++found.cases;
    const double got = value_of(y.encodings[i]);
    if (got >= least && got <= 1) continue;
    const float bound = got > 1 ? 1.0F : static_cast<float>(least);
    if (!found.mismatch) {
      found.mismatch = contraction_mismatch{y.encodings[i], std::bit_cast<std::uint32_t>(bound)};
    }
  }
  return found;
}

finding is_odd(const subject& s, const layer_info& layer, const layer_case& c) {
  constexpr std::uint32_t kSign = 0x80000000;
  tensor mirrored = c.inputs.front();
  for (std::uint32_t& x : mirrored.encodings) x ^= kSign;
  const tensor y = activation_of(s, layer, c.inputs.front());
  const tensor z = activation_of(s, layer, mirrored);
  finding found;
  for (std::size_t i = 0; i < y.encodings.size(); ++i) {
    if (std::isnan(value_of(y.encodings[i]))) continue;
    ++found.cases;
    const std::uint32_t expected = y.encodings[i] ^ kSign;
    if (z.encodings[i] == expected || found.mismatch) continue;
    found.mismatch = contraction_mismatch{z.encodings[i], expected};
  }
  return found;
}

layer_property about(std::string_view operation, std::string_view id, std::string_view part,
                     std::string_view sentence, std::string_view domain, auto evaluate,
                     void (*adapt)(layer_case&) = nullptr) {
  return {.text = {.id = id,
                   .part = part,
                   .sentence = sentence,
                   .domain = domain,
                   .operation = operation,
                   .promise = "exp2_log2_pieces",
                   .promised =
                       [](const promises& p) {
                         return p.exp2_log2_pieces && p.has_error_bounds && p.has_quotient_bounds;
                       },
                   .unpromised = "its product, quotient or exponential has bounds of its own"},
          .adapt = adapt,
          .evaluate = evaluate};
}

constexpr std::string_view kModerate = "2^-40 <= abs(x) < 8";
constexpr std::string_view kNumbers = "all operands that are no NaN";

}  // namespace

std::vector<statement> activations() {
  return {
      about("sigmoid", "P51", "enclosure",
            "sigmoid lies where the bounds of its product, exponential, sum and quotient put it",
            kModerate, is_enclosed<sigmoid_of>, to_moderate),
      about("sigmoid", "P51", "range", "sigmoid lies in [0, 1]", kNumbers, keeps_range),
      about("sigmoid", "P51", "monotone", "sigmoid grows weakly with its operand", kNumbers, grows),
      about("tanh", "P52", "enclosure",
            "tanh lies where the bounds of its product, exponential, sums and quotient put it",
            kModerate, is_enclosed<tanh_of>, to_moderate),
      about("tanh", "P52", "range", "tanh lies in [-1, 1]", kNumbers, keeps_range),
      about("tanh", "P52", "monotone", "tanh grows weakly with its operand", kNumbers, grows),
      about("tanh", "P52", "odd", "tanh(-x) = -tanh(x)", kNumbers, is_odd),
      about("gelu", "P53", "enclosure",
            "gelu lies where the bounds of its products, exponential, sums and quotient put it",
            kModerate, is_enclosed<gelu_of>, to_moderate)};
}

}  // namespace pamkit::properties::statements
