#include "pamkit/properties/operand_stream.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pamkit::properties {
namespace {

constexpr std::array<std::pair<suite_level, std::string_view>, 3> kLevels = {
    {{suite_level::quick, "quick"},
     {suite_level::standard, "standard"},
     {suite_level::exhaustive, "exhaustive"}}};

// TestFloat's level 1: the range ends, around 1.0, a significand's length away from it, infinities
// and NaNs; with fractions 0, 1 and all ones, also less one.
column level_one_set(const format_description& f) {
  const std::int64_t last = (std::int64_t{1} << f.exponent_bits) - 1;
  const std::array<std::int64_t, 11> fields = {
      0,          1,          f.bias - f.kept_bits - 1, f.bias - 2, f.bias - 1, f.bias,
      f.bias + 1, f.bias + 2, f.bias + f.kept_bits + 1, last - 1,   last};
  const std::int64_t ones = (std::int64_t{1} << f.kept_bits) - 1;
  const std::array<std::int64_t, 4> fractions = {0, 1, ones, ones - 1};
  column set;
  for (const std::int64_t field : fields) {
    if (field < 0 || field > last) continue;
    for (const std::int64_t fraction : fractions) {
      const std::int64_t m =
          (field << f.fraction_bits) + (std::max<std::int64_t>(fraction, 0) << f.dropped_bits);
      set.push_back(static_cast<std::uint32_t>(m));
      set.push_back(static_cast<std::uint32_t>(m) | f.sign_mask);
    }
  }
  return set;
}

// TestFloat's level 2: the same exponents, with single bits, runs of ones from either end and their
// complements.
column level_two_set(const format_description& f) {
  column set;
  for (const std::uint32_t x : level_one_set(f)) {
    const std::uint32_t exponent = x & ~(f.min_normal - 1);
    for (int bit = f.dropped_bits; bit < f.fraction_bits; ++bit) {
      const std::uint32_t one = std::uint32_t{1} << bit;
      const std::uint32_t below = (one - 1) & -(std::uint32_t{1} << f.dropped_bits);
      for (const std::uint32_t fraction :
           {one, below, (f.min_normal - 1) & ~(one - 1),
            (f.min_normal - 1) & -(std::uint32_t{1} << f.dropped_bits) & ~one}) {
        set.push_back(exponent | fraction);
      }
    }
    set.push_back(x);
  }
  return set;
}

column without_duplicates(column set) {
  std::ranges::sort(set);
  const auto rest = std::ranges::unique(set);
  set.erase(rest.begin(), rest.end());
  return set;
}

// Single operands of level 1 may be many: every exponent, as TestFloat does for its unary
// functions.
column unary_set(const format_description& f, suite_level level) {
  column set = level == suite_level::quick ? level_one_set(f) : level_two_set(f);
  const std::uint32_t ones = (f.min_normal - 1) & -(std::uint32_t{1} << f.dropped_bits);
  for (std::uint32_t field = 0; field < std::uint32_t{1} << f.exponent_bits; ++field) {
    for (const std::uint32_t fraction : {0U, std::uint32_t{1} << f.dropped_bits, ones}) {
      const std::uint32_t m = (field << f.fraction_bits) | fraction;
      set.insert(set.end(), {m, m | f.sign_mask});
    }
  }
  return set;
}

bool enumerates(const format_description& f, int arity, suite_level level) {
  const int bits = f.storage_bits - f.dropped_bits;
  if (arity == 1) return bits <= 16 || level == suite_level::exhaustive;
  return arity == 2 && bits <= 8;
}

}  // namespace

std::string_view name_of(suite_level level) {
  return std::ranges::find(kLevels, level, &std::pair<suite_level, std::string_view>::first)
      ->second;
}

std::optional<suite_level> parse_level(std::string_view text) {
  const auto it =
      std::ranges::find(kLevels, text, &std::pair<suite_level, std::string_view>::second);
  return it == kLevels.end() ? std::nullopt : std::optional(it->first);
}

operand_stream::operand_stream(const case_shape& shape, suite_level level, std::uint64_t seed,
                               std::uint64_t limit)
    : shape_(shape), format_(describe(shape.format)), source_(seed) {
  if (enumerates(format_, shape.arity, level)) {
    enumerated_ = enumeration_size(shape.format, shape.arity);
    size_ = enumerated_;
  } else {
    const bool quick = level == suite_level::quick;
    set_ = without_duplicates(shape.arity == 1 ? unary_set(format_, level)
                              : quick          ? level_one_set(format_)
                                               : level_two_set(format_));
    systematic_ = set_.size();
    for (int i = 1; i < shape.arity; ++i) systematic_ *= set_.size();
    random_per_case_ = quick ? 5 : 1;
    size_ = systematic_ * (1 + random_per_case_);
  }
  if (limit != 0) size_ = limit;
}

bool operand_stream::next(operand_columns& operands, std::size_t count) {
  operands.resize(static_cast<std::size_t>(shape_.arity));
  const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(count, size_ - position_));
  if (take == 0) return false;
  if (position_ < enumerated_) {
    const std::uint64_t here = std::min<std::uint64_t>(take, enumerated_ - position_);
    operands = enumerate(shape_.format, shape_.arity, position_, here);
    position_ += here;
    return true;
  }
  for (column& c : operands) c.clear();
  for (std::size_t i = 0; i < take; ++i, ++position_) {
    const bool systematic =
        next_systematic_ < systematic_ && (position_ - enumerated_) % (1 + random_per_case_) == 0;
    if (systematic) {
      append_systematic(operands);
    } else {
      append_random(operands);
    }
  }
  return true;
}

// The combinations in a scattered order, so that a prefix of the stream is a fair sample of them: a
// step that is coprime to their number visits each once.
void operand_stream::append_systematic(operand_columns& operands) {
  constexpr std::uint64_t kStep = 0x9e3779b1;  // prime
  __extension__ using uint128 = unsigned __int128;
  auto index = static_cast<std::uint64_t>(uint128{next_systematic_++} * kStep % systematic_);
  for (column& c : operands) {
    c.push_back(set_[static_cast<std::size_t>(index % set_.size())]);
    index /= set_.size();
  }
}

void operand_stream::append_random(operand_columns& operands) {
  const column drawn = draw_case(shape_, format_, source_);
  for (std::size_t j = 0; j < operands.size(); ++j) operands[j].push_back(drawn[j]);
}

}  // namespace pamkit::properties
