#include "elementary.hpp"

#include <array>
#include <bit>
#include <boost/math/constants/constants.hpp>
#include <limits>

namespace pamkit::reference {
namespace {

__extension__ using wide = unsigned __int128;

// Numbers in [1, 2) with 127 bits behind the point.
constexpr int kPointBits = 127;
constexpr wide kOne = wide{1} << kPointBits;

// Bounds the relative error of what this file computes; each function says why it stays below.
constexpr int kApproximationExponent = -80;

integer to_integer(wide x) {
  return (integer(static_cast<std::uint64_t>(x >> 64)) << 64) + static_cast<std::uint64_t>(x);
}

wide to_wide(const integer& x) {
  const integer low_mask = std::numeric_limits<std::uint64_t>::max();
  return (wide{integer(x >> 64).convert_to<std::uint64_t>()} << 64) |
         integer(x & low_mask).convert_to<std::uint64_t>();
}

// floor(x y / 2^128)
wide high_product(wide x, wide y) {
  const wide x1 = x >> 64;
  const wide x0 = static_cast<std::uint64_t>(x);
  const wide y1 = y >> 64;
  const wide y0 = static_cast<std::uint64_t>(y);
  const wide cross = x1 * y0 + (x0 * y0 >> 64);
  const wide other = x0 * y1 + static_cast<std::uint64_t>(cross);
  return x1 * y1 + (cross >> 64) + (other >> 64);
}

wide truncated(const high_precision& x) {
  return to_wide(integer(boost::multiprecision::ldexp(x, kPointBits)));
}

// 2^(2^-k) for k = 1..127
const std::array<wide, kPointBits + 1>& roots_of_two() {
  static const std::array<wide, kPointBits + 1> roots = [] {
    std::array<wide, kPointBits + 1> r{};
    high_precision root = 2;
    for (int k = 1; k <= kPointBits; ++k) {
      root = boost::multiprecision::sqrt(root);
      r[static_cast<std::size_t>(k)] = truncated(root);
    }
    return r;
  }();
  return roots;
}

}  // namespace

const rational& approximate_log2e() {
  static const rational value =
      rational::from_high_precision(1 / boost::math::constants::ln_two<high_precision>());
  return value;
}

const rational& approximate_ln2() {
  static const rational value =
      rational::from_high_precision(boost::math::constants::ln_two<high_precision>());
  return value;
}

rational limited_exponent(const rational& x) {
  constexpr std::int64_t kFarOutside = 4096;
  if (x > kFarOutside) return kFarOutside;
  if (x < -kFarOutside) return -kFarOutside;
  return x;
}

rational approximate_exp2(const rational& exponent) {
  const rational x = limited_exponent(exponent);
  const auto whole = x.floor().convert_to<std::int64_t>();
  // 2^t is the product of 2^(2^-k) over the bits k of t. Cutting t to 127 bits, every factor and
  // every product costs less than 2^-126 each, together less than 2^-117.
  const wide t = to_wide((x - whole).scaled(kPointBits).floor());
  wide product = kOne;
  for (int k = 1; k <= kPointBits; ++k) {
    if ((t >> (kPointBits - k) & 1) == 0) continue;
    product = high_product(product, roots_of_two()[static_cast<std::size_t>(k)]) << 1;
  }
  return rational(to_integer(product)).scaled(whole - kPointBits);
}

rational approximate_log2(const rational& x) {
  // Squaring a number in [1, 2) doubles its logarithm, so the bit that carries it past 2 is the
  // next bit of the logarithm. The cut of square k costs less than 2^-126 2^-k of the result,
  // together less than 2^-124.
  wide square = to_wide((1 + x.fraction()).scaled(kPointBits).floor());
  wide bits = 0;
  for (int k = 1; k <= kPointBits; ++k) {
    const wide product = high_product(square, square);  // in [1, 4) with 126 bits behind the point
    const bool past_two = product >> kPointBits != 0;
    square = past_two ? product : product << 1;
    bits = bits << 1 | (past_two ? 1 : 0);
  }
  return x.exponent() + rational(to_integer(bits)).scaled(-kPointBits);
}

std::uint32_t correctly_rounded(const codec& c, const true_result& y) {
  if (y.special) return *y.special;
  if (y.is_exact) return c.encode(y.magnitude, y.negative);
  const rational error = y.magnitude.scaled(kApproximationExponent);
  const std::uint32_t low = c.encode(y.magnitude - error, y.negative);
  if (low == c.encode(y.magnitude + error, y.negative)) return low;
  // 50 digits decide: an irrational result that close to a rounding edge is not among the operands
  // of a format of 24 significant bits (for pow: would need a coincidence of 2^-60 among all
  // operand pairs).
  return c.encode(rational::from_high_precision(y.refine(y.x, y.y)), y.negative);
}

admissible library_results(const codec& c, const true_result& y) {
  if (y.special) return {*y.special, *y.special};
  rational error = y.magnitude.scaled(kLibraryErrorExponent);
  // What is not known of y belongs to the bracket.
  if (!y.is_exact) error = error + y.magnitude.scaled(kApproximationExponent + 1);
  return {c.encode(y.magnitude - error, y.negative), c.encode(y.magnitude + error, y.negative)};
}

}  // namespace pamkit::reference
