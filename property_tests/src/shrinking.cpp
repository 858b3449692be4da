#include <bit>

#include "shrinkable_case.hpp"

namespace pamkit::properties {
namespace {

using description = format_description;

// ---------------------------------------------------------------------------------------------

// How far an encoding is from 1.0: specials last, then the distance of the exponent, the set
// fraction bits, the sign. Shrinking only ever goes down in it, so it ends.
std::uint64_t complexity(const description& f, std::uint32_t x) {
  const std::uint32_t m = x & f.magnitude_mask;
  const std::uint64_t sign = f.sign(x) ? 1 : 0;
  if (f.is_nan(x)) return ((m == f.nan ? 6ULL : 7ULL) << 40) + (m << 1) + sign;
  if (f.is_infinite(x)) return (5ULL << 40) + sign;
  if (f.is_zero(x)) return (3ULL << 40) + sign;
  const std::uint64_t kind = m < f.min_normal ? 4 : 1;
  const std::int64_t field = m >> f.fraction_bits;
  const auto distance =
      static_cast<std::uint64_t>(field < f.bias ? f.bias - field : field - f.bias);
  const std::uint32_t fraction = m & (f.min_normal - 1);
  const auto bits = static_cast<std::uint64_t>(std::popcount(fraction));
  // Of equally many bits the higher ones are simpler.
  const auto span =
      fraction == 0 ? 0U : static_cast<unsigned>(f.fraction_bits - std::countr_zero(fraction));
  return (kind << 40) + (distance << 24) + (bits << 12) + (std::uint64_t{span} << 2) + sign;
}

// Simpler encodings, the boldest first.
column simpler_encodings(const description& f, std::uint32_t x) {
  column candidates;
  const std::uint32_t sign = x & f.sign_mask;
  const std::uint32_t m = x & f.magnitude_mask;
  const auto add = [&](std::int64_t magnitude, std::uint32_t s) {
    const std::uint32_t y = static_cast<std::uint32_t>(magnitude) | s;
    if (y != x && f.is_well_formed(y) && complexity(f, y) < complexity(f, x))
      candidates.push_back(y);
  };
  add(f.one, 0);
  add(f.one, sign);
  add(m, 0);
  for (const std::uint32_t magnitude : {f.min_normal, f.max_finite, 0U, f.infinity, f.nan}) {
    add(magnitude, sign);
  }
  if (f.is_nan(x) || f.is_infinite(x)) return candidates;
  const std::uint32_t fraction = m & (f.min_normal - 1);
  const std::uint32_t exponent = m - fraction;
  add(exponent, sign);
  add(exponent + f.min_normal / 2, sign);
  const std::int64_t distance = std::int64_t{exponent >> f.fraction_bits} - f.bias;
  for (std::int64_t step = distance; step != 0; step /= 2) {
    add(m - (step << f.fraction_bits), sign);
  }
  for (std::uint32_t bits = fraction; bits != 0; bits &= bits - 1) {
    add(exponent + (bits & (bits - 1)), sign);  // without the lowest bits
    add(m - (bits & -bits), sign);              // without one bit
  }
  return candidates;
}

rc::Seq<column> simpler_cases(const description& f, const column& operands) {
  std::vector<column> candidates;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    for (const std::uint32_t x : simpler_encodings(f, operands[i])) {
      candidates.push_back(operands);
      candidates.back()[i] = x;
    }
  }
  return rc::seq::fromContainer(std::move(candidates));
}

}  // namespace

rc::Shrinkable<column> shrinkable_case(const description& f, column operands) {
  return rc::shrinkable::shrinkRecur(std::move(operands),
                                     [f](const column& x) { return simpler_cases(f, x); });
}

column shrink_case(const any_format& format, column operands,
                   const std::function<bool(const column&)>& fails, std::size_t limit) {
  rc::Shrinkable<column> best = shrinkable_case(describe(format), std::move(operands));
  std::size_t evaluated = 0;
  for (bool found = true; found;) {
    found = false;
    rc::Seq<rc::Shrinkable<column>> candidates = best.shrinks();
    for (auto candidate = candidates.next(); candidate && evaluated < limit;
         candidate = candidates.next()) {
      ++evaluated;
      if (fails(candidate->value())) {
        best = *candidate;
        found = true;
        break;
      }
    }
  }
  return best.value();
}

}  // namespace pamkit::properties
