#include "paper_cases.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace pamkit::properties {
namespace {

constexpr std::uint32_t kSign = 0x80000000;
constexpr std::uint32_t kMagnitude = 0x7fffffff;
constexpr std::uint32_t kFraction = 0x7fffff;
constexpr std::uint32_t kInfinity = 0x7f800000;
constexpr double kLeast = 1e-37;
constexpr double kBound = 1e37;

float value(std::uint32_t x) { return std::bit_cast<float>(x); }

bool is_subnormal(std::uint32_t x) { return (x & kMagnitude) != 0 && (x & kMagnitude) <= kFraction; }

// The binary32 numbers around an edge: the last one below and the first one not below.
std::array<std::uint32_t, 2> around(double edge) {
  auto at = std::bit_cast<std::uint32_t>(static_cast<float>(edge));
  if (static_cast<double>(value(at)) < edge) ++at;
  return {at - 1, at};
}

// A finite magnitude that is nearest to v, moved by a few units.
std::uint32_t nearby(double v, entropy& source) {
  const auto m = std::int64_t{std::bit_cast<std::uint32_t>(static_cast<float>(v))};
  const std::int64_t moved = m + source.between(-2, 2);
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(moved, 0, kInfinity - 1));
}

// The partner that brings the product, or the quotient a / b, to an edge of the range.
column draw_edge(const format_description& f, entropy& source) {
  const double edge = source.one_in(2) ? kLeast : kBound;
  const std::uint32_t a = draw_encoding(f, source) & kMagnitude;
  const double x = value(a);
  if (a == 0 || a >= kInfinity) return {a, draw_encoding(f, source)};
  return {a, nearby(source.one_in(2) ? edge / x : x / edge, source)};
}

// A subnormal and a normal partner with which it stays in range, on either side.
column draw_subnormal(entropy& source) {
  const auto tiny = 1 + static_cast<std::uint32_t>(source.below(kFraction));
  const std::uint32_t fraction = static_cast<std::uint32_t>(source.next()) & kFraction;
  // Products need a partner of 2^27 and more, quotients one of 2^-4 and less.
  const bool large = source.one_in(2);
  const std::int64_t field = large ? source.between(127 + 27, 254) : source.between(1, 127 - 4);
  column pair = {tiny, (static_cast<std::uint32_t>(field) << 23) | fraction};
  if (source.one_in(2)) std::swap(pair[0], pair[1]);
  return pair;
}

// b with the largest exponent fields, infinity and NaNs among them: the slope's sum leaves them.
column draw_wrapping_slope(const format_description& f, std::int64_t compensation,
                           entropy& source) {
  const std::uint32_t a = draw_encoding(f, source);
  const std::int64_t edge = std::int64_t{kSign} - (a & kFraction) - compensation;
  const std::int64_t b = edge + source.between(-2, 2);
  const std::uint32_t anywhere = 0x7f000000U | (static_cast<std::uint32_t>(source.next()) & 0xffffff);
  return {a, source.one_in(2) ? static_cast<std::uint32_t>(b) & kMagnitude : anywhere};
}

struct edge_classes {
  case_class below_least, least, below_bound, bound;
};

class counter {
 public:
  explicit counter(class_counts& counts) : counts_(counts) {}

  void add(case_class c) { ++counts_[static_cast<std::size_t>(c)]; }

  // The classes of one ordinary result; says whether it is in range.
  bool count_edges(float ordinary, const edge_classes& classes) {
    static const auto least = around(kLeast);
    static const auto bound = around(kBound);
    const std::uint32_t t = std::bit_cast<std::uint32_t>(ordinary) & kMagnitude;
    if (t == least[0]) add(classes.below_least);
    if (t == least[1]) add(classes.least);
    if (t == bound[0]) add(classes.below_bound);
    if (t == bound[1]) add(classes.bound);
    return t >= least[1] && t <= bound[0];
  }

 private:
  class_counts& counts_;
};

}  // namespace

column draw_paper_case(std::int64_t compensation, const format_description& format,
                       entropy& source) {
  column pair;
  switch (source.below(8)) {
    case 0:
    case 1:
    case 2:
    case 3:
      pair = draw_edge(format, source);
      break;
    case 4:
    case 5:
      pair = draw_subnormal(source);
      break;
    case 6:
      pair = draw_wrapping_slope(format, compensation, source);
      break;
    default:
      pair = {draw_encoding(format, source), draw_encoding(format, source) | kSign};
      break;
  }
  for (std::uint32_t& x : pair) x ^= source.one_in(2) ? kSign : 0;
  return pair;
}

void count_paper_case(std::uint32_t a, std::uint32_t b, std::int64_t compensation,
                      class_counts& counts) {
  using enum case_class;
  counter c(counts);
  const bool product = c.count_edges(
      value(a) * value(b), {product_below_least, product_least, product_below_bound, product_bound});
  const bool quotient =
      c.count_edges(value(a) / value(b),
                    {quotient_below_least, quotient_least, quotient_below_bound, quotient_bound});
  const bool tiny = is_subnormal(a) || is_subnormal(b);
  if (tiny && product) c.add(subnormal_in_product);
  if (tiny && quotient) c.add(subnormal_in_quotient);
  if (product && (a & b & kSign) != 0) c.add(signs_wrap);
  if (quotient && (b & kSign) != 0) c.add(negative_divisor);
  const std::int64_t sum = std::int64_t{b & kMagnitude} + (a & kFraction) + compensation;
  if (sum >= std::int64_t{kSign}) c.add(slope_sum_wraps);
}

std::vector<case_class> paper_classes() {
  using enum case_class;
  return {product_below_least,  product_least,         product_below_bound,  product_bound,
          quotient_below_least, quotient_least,        quotient_below_bound, quotient_bound,
          subnormal_in_product, subnormal_in_quotient, signs_wrap,           negative_divisor,
          slope_sum_wraps};
}

}  // namespace pamkit::properties
