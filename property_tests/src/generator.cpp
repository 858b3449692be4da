#include "pamkit/properties/generator.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "extended_magnitude.hpp"
#include "paper_cases.hpp"

namespace pamkit::properties {
namespace {

using description = format_description;

std::uint32_t with_sign(const description& f, std::int64_t magnitude, bool negative) {
  return static_cast<std::uint32_t>(magnitude) | (negative ? f.sign_mask : 0U);
}

std::uint32_t random_sign(const description& f, std::int64_t magnitude, entropy& source) {
  return with_sign(f, magnitude, source.one_in(2));
}

// A fraction field: few set bits, runs of ones, or uniform.
std::int64_t draw_fraction(const description& f, entropy& source) {
  const std::int64_t ones = (std::int64_t{1} << f.kept_bits) - 1;
  const auto bit = [&] {
    return std::int64_t{1} << source.below(static_cast<std::uint64_t>(f.kept_bits));
  };
  const auto uniform = [&] { return static_cast<std::int64_t>(source.next()) & ones; };
  std::int64_t fraction = 0;
  switch (source.below(12)) {
    case 0:
      fraction = 0;
      break;
    case 1:
      fraction = 1;
      break;
    case 2:
      fraction = ones;
      break;
    case 3:
      fraction = ones - 1;
      break;
    case 4:
      fraction = bit();
      break;
    case 5:
      fraction = ones ^ bit();
      break;
    case 6:
      fraction = bit() | bit();
      break;
    case 7:
      fraction = bit() - 1;
      break;  // ones below a bit
    case 8:
      fraction = ones ^ (bit() - 1);
      break;  // ones above a bit
    case 9:
      fraction = (ones >> 1) + 1;
      break;  // 1/2: the tie of a weight, the worst case of pam
    default:
      fraction = uniform();
      break;
  }
  return (fraction & ones) << f.dropped_bits;
}

// Exponents from the range ends, around 1.0 and around the size of one unit, where operations
// change their ways.
std::int64_t draw_exponent_field(const description& f, entropy& source) {
  const std::int64_t fields = std::int64_t{1} << f.exponent_bits;
  std::int64_t field = 0;
  switch (source.below(4)) {
    case 0:
      field = static_cast<std::int64_t>(source.below(static_cast<std::uint64_t>(fields)));
      break;
    case 1:
      field = f.bias + source.between(-3, 3);
      break;
    case 2:
      field = f.bias + source.between(f.exponent_bits - 3, f.exponent_bits + 1);
      break;
    default: {
      const std::array<std::int64_t, 12> special = {0,
                                                    1,
                                                    2,
                                                    f.bias - f.kept_bits - 1,
                                                    f.bias - f.kept_bits,
                                                    f.bias + f.kept_bits,
                                                    f.bias + f.kept_bits + 1,
                                                    fields - 2,
                                                    fields - 3,
                                                    fields / 4,
                                                    3 * fields / 4,
                                                    fields - 1};
      field = special[source.below(special.size())];
    }
  }
  return std::clamp<std::int64_t>(field, 0, fields - 1);
}

std::uint32_t draw_special(const description& f, entropy& source) {
  const std::int64_t unit = unit_of(f);
  const std::int64_t nan_fraction =
      std::max<std::int64_t>(draw_fraction(f, source), unit);  // quiet or signalling, with payload
  const std::array<std::int64_t, 12> magnitudes = {
      0,
      0,
      unit,
      std::int64_t{f.min_normal} - unit,
      f.min_normal,
      f.max_finite,
      f.one,
      f.infinity,
      f.nan,
      f.has_infinity ? f.infinity + nan_fraction : std::int64_t{f.nan},
      f.has_infinity && f.kept_bits > 1 ? std::int64_t{f.infinity} + unit : std::int64_t{f.nan},
      static_cast<std::int64_t>(source.below(f.min_normal >> f.dropped_bits)) << f.dropped_bits};
  return random_sign(f, magnitudes[source.below(magnitudes.size())], source);
}

// A normal number whose products with two like it stay in range.
std::uint32_t draw_moderate(const description& f, entropy& source) {
  const std::int64_t reach = std::max<std::int64_t>(1, f.bias / 4);
  const std::int64_t field = f.bias + source.between(-reach, reach);
  return random_sign(f, (field << f.fraction_bits) + draw_fraction(f, source), source);
}

// An integer or half an integer of moderate size, or a neighbour: where exponentials have edges.
std::uint32_t draw_near_integer(const description& f, entropy& source) {
  const std::int64_t limit = f.bias + f.fraction_bits + 3;
  std::int64_t doubled = source.one_in(2) ? source.between(1, 2 * limit)
                                          : 2 * (f.bias + source.between(-3, f.fraction_bits + 2));
  doubled = std::max<std::int64_t>(doubled, 1);
  const int leading = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(doubled))) - 1;
  const std::int64_t rest = doubled - (std::int64_t{1} << leading);
  const std::int64_t fraction = leading <= f.fraction_bits ? rest << (f.fraction_bits - leading)
                                                           : rest >> (leading - f.fraction_bits);
  const std::int64_t exact = (std::int64_t{f.bias + leading - 1} << f.fraction_bits) + fraction;
  const std::int64_t m = (exact & -unit_of(f)) + unit_of(f) * source.between(-1, 1);
  return random_sign(f, std::clamp<std::int64_t>(m, 0, f.max_finite), source);
}

// The magnitudes where a result changes its kind.
std::int64_t draw_edge_magnitude(const description& f, entropy& source) {
  const std::int64_t min = f.min_normal;
  // Half the least subnormal and the least subnormal, as extended magnitudes.
  const std::int64_t vanishing = -std::int64_t{f.kept_bits} * min;
  const std::array<std::int64_t, 8> edges = {
      min, min, min, f.max_finite, f.max_finite, f.max_finite, vanishing, vanishing + min};
  return edges[source.below(edges.size())] + unit_of(f) * source.between(-1, 1);
}

// mag a + mag b = total, both normal; false when no such pair exists.
bool draw_sum(const description& f, std::int64_t total, entropy& source, column& out) {
  const std::int64_t low = std::max<std::int64_t>(f.min_normal, total - f.max_finite);
  const std::int64_t high = std::min<std::int64_t>(f.max_finite, total - f.min_normal);
  if (low > high) return false;
  std::int64_t a = source.between(low, high) & -unit_of(f);
  if (source.one_in(2)) a = (a & -std::int64_t{f.min_normal}) + draw_fraction(f, source);
  a = std::clamp(a, low, high);
  out = {random_sign(f, a, source), random_sign(f, total - a, source)};
  return true;
}

// A subnormal and the operand that brings the product to the edge.
bool draw_sum_with_subnormal(const description& f, std::int64_t total, entropy& source,
                             column& out) {
  const auto count = static_cast<std::uint64_t>(f.min_normal >> f.dropped_bits);
  if (count < 2) return false;
  const std::int64_t s = (1 + static_cast<std::int64_t>(source.below(count - 1))) << f.dropped_bits;
  const std::int64_t other = total - extended_magnitude(f, static_cast<std::uint32_t>(s));
  if (other < f.min_normal || other > f.max_finite) return false;
  out = {random_sign(f, s, source), random_sign(f, other & -unit_of(f), source)};
  if (source.one_in(2)) std::swap(out[0], out[1]);
  return true;
}

// mag a - mag b = difference, both normal.
bool draw_difference(const description& f, std::int64_t difference, entropy& source, column& out) {
  const std::int64_t low = std::max<std::int64_t>(f.min_normal, f.min_normal + difference);
  const std::int64_t high = std::min<std::int64_t>(f.max_finite, f.max_finite + difference);
  if (low > high) return false;
  const std::int64_t a = source.between(low, high) & -unit_of(f);
  if (a < low) return false;
  out = {random_sign(f, a, source), random_sign(f, a - difference, source)};
  return true;
}

// Fractions whose sum or difference, compensation included, is at the edge of two pieces.
column draw_fraction_edge(const case_shape& shape, const description& f, entropy& source) {
  const std::int64_t mask = std::int64_t{f.min_normal} - 1;
  const std::int64_t compensation = source.one_in(4) ? 0 : shape.compensation;
  const std::uint32_t a = source.one_in(2) ? draw_moderate(f, source) : draw_encoding(f, source);
  const std::int64_t nudge = unit_of(f) * source.between(-1, 1);
  const std::int64_t fraction = fraction_field(f, a & f.magnitude_mask);
  const std::int64_t partner =
      source.one_in(2) ? nudge - compensation - fraction : fraction - compensation + nudge;
  const std::uint32_t b = draw_moderate(f, source);
  const std::uint32_t exponent = b & ~static_cast<std::uint32_t>(mask);
  return {a, exponent | static_cast<std::uint32_t>(partner & mask)};
}

// Equal, opposite, neighbouring operands, and some whose units lie a significand's length apart.
column draw_related(const description& f, entropy& source) {
  const std::uint32_t a = draw_encoding(f, source);
  const std::int64_t m = a & f.magnitude_mask;
  std::int64_t other = m;
  switch (source.below(4)) {
    case 0:
      break;
    case 1:
      other = m + unit_of(f) * source.between(-2, 2);
      break;
    case 2:
      other = m - (source.between(-2, 2) + f.kept_bits) * f.min_normal;
      break;
    default:
      other = (m & -std::int64_t{f.min_normal}) + draw_fraction(f, source);
      break;
  }
  return {a, random_sign(f, std::clamp<std::int64_t>(other, 0, f.max_finite), source)};
}

column draw_pair(const case_shape& shape, const description& f, entropy& source) {
  switch (source.below(16)) {
    case 0:
    case 1:
    case 2:
      return draw_range_edge(shape, f, source);
    case 3:
    case 4:
      return draw_fraction_edge(shape, f, source);
    case 5:
      return draw_related(f, source);
    case 6:
      return {draw_near_integer(f, source), draw_encoding(f, source)};
    case 7:
    case 8:
    case 9:
      return {draw_moderate(f, source), draw_moderate(f, source)};
    default:
      return {draw_encoding(f, source), draw_encoding(f, source)};
  }
}

}  // namespace

column case_at(const operand_columns& operands, std::size_t index) {
  column result(operands.size());
  std::ranges::transform(operands, result.begin(), [&](const column& c) { return c[index]; });
  return result;
}

std::uint64_t entropy::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

std::uint64_t entropy::below(std::uint64_t n) {
  __extension__ using uint128 = unsigned __int128;
  return static_cast<std::uint64_t>((uint128{next()} * n) >> 64);
}

std::int64_t entropy::between(std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
}

std::uint32_t draw_encoding(const description& f, entropy& source) {
  if (source.one_in(8)) return draw_special(f, source);
  const std::int64_t m =
      (draw_exponent_field(f, source) << f.fraction_bits) + draw_fraction(f, source);
  return random_sign(f, m, source);
}

column draw_range_edge(const case_shape& shape, const description& f, entropy& source) {
  const std::int64_t one = f.one;
  const std::int64_t edge = draw_edge_magnitude(f, source);
  column out;
  switch (source.below(5)) {
    case 0:
    case 1:
      if (draw_sum(f, edge + one - shape.compensation, source, out)) return out;
      break;
    case 2:
      if (draw_sum_with_subnormal(f, edge + one - shape.compensation, source, out)) return out;
      break;
    default:
      if (draw_difference(f, edge - one + shape.compensation, source, out)) return out;
  }
  return {draw_encoding(f, source), draw_encoding(f, source)};
}

column draw_case(const case_shape& shape, const description& f, entropy& source) {
  if (shape.arity == 1) {
    return {source.one_in(6) ? draw_near_integer(f, source) : draw_encoding(f, source)};
  }
  if (shape.profile == profile::paper && shape.arity == 2 && source.one_in(2)) {
    return draw_paper_case(shape.compensation, f, source);
  }
  if (shape.arity == 2) return draw_pair(shape, f, source);
  if (source.one_in(2)) {
    return {draw_moderate(f, source), draw_moderate(f, source), draw_moderate(f, source)};
  }
  column operands = draw_pair(shape, f, source);
  operands.push_back(source.one_in(2) ? draw_moderate(f, source) : draw_encoding(f, source));
  return operands;
}

std::uint64_t enumeration_size(const any_format& format, int arity) {
  const description f = describe(format);
  const int bits = arity * (f.storage_bits - f.dropped_bits);
  return bits < 64 ? std::uint64_t{1} << bits : ~std::uint64_t{0};
}

operand_columns enumerate(const any_format& format, int arity, std::uint64_t first,
                          std::uint64_t count) {
  const description f = describe(format);
  const std::uint64_t size = enumeration_size(format, arity);
  const std::uint64_t last = count < size - std::min(first, size) ? first + count : size;
  const int bits = f.storage_bits - f.dropped_bits;
  operand_columns operands(static_cast<std::size_t>(arity));
  for (column& c : operands) c.reserve(static_cast<std::size_t>(last - std::min(first, last)));
  for (std::uint64_t i = first; i < last; ++i) {
    if (arity == 2) operands[0].push_back(static_cast<std::uint32_t>(i >> bits << f.dropped_bits));
    const std::uint64_t low = i & ((std::uint64_t{1} << bits) - 1);
    operands.back().push_back(static_cast<std::uint32_t>(low << f.dropped_bits));
  }
  return operands;
}

}  // namespace pamkit::properties
