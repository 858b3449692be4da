#include "pamkit/properties/operand_stream.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace pamkit::properties {
namespace {

constexpr std::array<std::pair<suite_level, std::string_view>, 3> kLevels = {
    {{suite_level::quick, "quick"},
     {suite_level::standard, "standard"},
     {suite_level::exhaustive, "exhaustive"}}};

// The exponent fields of TestFloat's pairs: the range ends, around 1.0, a significand's length away from it,
// infinities and NaNs.
std::vector<std::uint32_t> edge_fields(const format_description& f) {
  const std::int64_t last = (std::int64_t{1} << f.exponent_bits) - 1;
  const std::array<std::int64_t, 11> fields = {
      0,          1,          f.bias - f.kept_bits - 1, f.bias - 2, f.bias - 1, f.bias,
      f.bias + 1, f.bias + 2, f.bias + f.kept_bits + 1, last - 1,   last};
  std::vector<std::uint32_t> found;
  for (const std::int64_t field : fields) {
    if (field >= 0 && field <= last) found.push_back(static_cast<std::uint32_t>(field));
  }
  return found;
}

// Single operands are few enough for every exponent.
std::vector<std::uint32_t> all_fields(const format_description& f) {
  std::vector<std::uint32_t> fields(std::size_t{1} << f.exponent_bits);
  std::iota(fields.begin(), fields.end(), 0U);
  return fields;
}

// TestFloat's fractions: of level 1 zero, one unit, all ones and one unit less; of level 2 also single
// bits, runs of ones from either end, and all ones but one.
column fractions_of(const format_description& f, suite_level level) {
  const std::uint32_t unit = std::uint32_t{1} << f.dropped_bits;
  const std::uint32_t ones = (f.min_normal - 1) & ~(unit - 1);
  column fractions = {0, unit, ones, ones & ~unit};
  if (level == suite_level::quick) return fractions;
  for (std::uint32_t one = unit; one < f.min_normal; one <<= 1) {
    fractions.insert(fractions.end(), {one, (one - 1) & ones, ones & ~(one - 1), ones & ~one});
  }
  return fractions;
}

column combinations(const format_description& f, const std::vector<std::uint32_t>& fields,
                    const column& fractions) {
  column set;
  for (const std::uint32_t field : fields) {
    for (const std::uint32_t fraction : fractions) {
      const std::uint32_t m = (field << f.fraction_bits) | fraction;
      set.insert(set.end(), {m, m | f.sign_mask});
    }
  }
  std::ranges::sort(set);
  set.erase(std::unique(set.begin(), set.end()), set.end());
  return set;
}

// Where the case of this number lies among `size` of them that come in a scattered order, so that a
// prefix of them is a fair sample: a step that is coprime to their number visits each once.
std::uint64_t scattered(std::uint64_t number, std::uint64_t size) {
  constexpr std::uint64_t kStep = 0x9e3779b1;  // prime
  __extension__ using uint128 = unsigned __int128;
  return static_cast<std::uint64_t>(uint128{number} * kStep % size);
}

// Operand j of the combination of this number.
std::uint32_t combination(const column& set, std::uint64_t combinations, std::uint64_t number,
                          std::size_t j) {
  std::uint64_t index = scattered(number, combinations);
  for (; j > 0; --j) index /= set.size();
  return set[static_cast<std::size_t>(index % set.size())];
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
    set_ = combinations(format_, shape.arity == 1 ? all_fields(format_) : edge_fields(format_),
                        fractions_of(format_, level));
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
    if (size_ < enumerated_) {  // a part of the enumeration: from all over it
      for (column& c : operands) c.clear();
      for (const std::uint64_t end = position_ + here; position_ < end; ++position_) {
        const operand_columns one =
            enumerate(shape_.format, shape_.arity, scattered(position_, enumerated_), 1);
        for (std::size_t j = 0; j < operands.size(); ++j) operands[j].push_back(one[j].front());
      }
      return true;
    }
    operands = enumerate(shape_.format, shape_.arity, position_, here);
    position_ += here;
    return true;
  }
  for (column& c : operands) c.clear();
  for (std::size_t i = 0; i < take; ++i, ++position_) {
    const std::uint64_t turn = (position_ - enumerated_) % (1 + random_per_case_);
    const bool has_systematic = next_systematic_ < systematic_;
    if (turn == 0 && has_systematic) {
      append_systematic(operands);
      continue;
    }
    append_random(operands);
    // As TestFloat's level 1: the systematic operands meet random ones too.
    const std::size_t kept = turn - 1;
    const bool crosses = random_per_case_ > 1 && operands.size() == 2 && kept < 2 && has_systematic &&
                         next_systematic_ > 0;
    if (crosses) operands[kept].back() = combination(set_, systematic_, next_systematic_ - 1, kept);
  }
  return true;
}

void operand_stream::append_systematic(operand_columns& operands) {
  for (std::size_t j = 0; j < operands.size(); ++j) {
    operands[j].push_back(combination(set_, systematic_, next_systematic_, j));
  }
  ++next_systematic_;
}

void operand_stream::append_random(operand_columns& operands) {
  const column drawn = draw_case(shape_, format_, source_);
  for (std::size_t j = 0; j < operands.size(); ++j) operands[j].push_back(drawn[j]);
}

}  // namespace pamkit::properties
