#include "identification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "failure.hpp"
#include "oracle.hpp"
#include "vector_line.hpp"

namespace pamkit::cli {
namespace {

// Lines that are emulated at a time; a narrowed interval is tried again on what is left of them.
constexpr std::size_t kSlice = 1024;
// Every so many lines the golden model judges a line whose result the emulator confirms. A prime,
// so that no pattern of a generator hides in step with it.
constexpr std::uint64_t kSampleEvery = 997;

// A compensation acts in products, quotients and their slopes (specification, section 3).
constexpr std::array<std::string_view, 2> kGrowing = {"mul", "mul_da"};
constexpr std::array<std::string_view, 3> kFalling = {"div", "div_da", "div_db"};

template <class List>
bool contains(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

}  // namespace

struct candidate::golden {
  reference::rules rules;
  reference::scalar_oracle one;
  reference::admissible_oracle two;
  int dropped_bits;

  std::uint32_t at(std::int64_t units, std::span<const std::uint32_t> operands) {
    rules.compensation = static_cast<std::int32_t>(units << dropped_bits);
    return one(rules, operands);
  }
  reference::admissible either(std::int64_t units, std::span<const std::uint32_t> operands) {
    if (two != nullptr) return two(rules, operands);
    const std::uint32_t only = at(units, operands);
    return {only, only};
  }
};

candidate::candidate(const operation_info& operation, const arithmetic_choice& choice,
                     const any_format& format, subnormal_policy subnormals,
                     overflow_policy overflow)
    : operation_(&operation),
      rules_(choice.configure(format, subnormals, overflow)),
      format_(describe(format)) {
  const std::string_view name = choice.info->name;
  emulate_ = simd_backend().elementwise(operation.name, name);
  if (emulate_ == nullptr) emulate_ = scalar_backend().elementwise(operation.name, name);
  const std::string_view oracle = choice.info->oracle;
  golden_ = std::make_unique<golden>(golden{.rules = oracle_rules(rules_),
                                            .one = reference::find(operation.name, oracle),
                                            .two = reference::find_admissible(operation.name, oracle),
                                            .dropped_bits = format_.dropped_bits});
  if (emulate_ == nullptr || golden_->one == nullptr) {
    throw failure(fmt::format("no {} of {} to compare with; this is a defect of pamkit",
                              operation.name, name),
                  exit_code::wrong);
  }
  searches_ = choice.info->compensation(binary32{}, 1) == 1;
  acts_ = searches_ && (contains(kGrowing, operation.name) || contains(kFalling, operation.name));
  const std::int64_t fixed = rules_.compensation >> format_.dropped_bits;
  all_ = searches_ ? compensation_range{0, std::int64_t{1} << format_.kept_bits}
                   : compensation_range{fixed, fixed};
  range_ = all_;
}

candidate::~candidate() = default;
candidate::candidate(candidate&&) noexcept = default;

std::string_view candidate::arithmetic() const {
  return under() == profile::paper ? "pam" : rules_.arithmetic;
}

profile candidate::under() const { return profile_of(rules_.arithmetic); }

void candidate::take(const vector_block& block, const std::vector<std::uint32_t>& results) {
  for (std::size_t first = 0; first < block.count && explains_all(); first += kSlice) {
    take_slice(block, results, first, std::min(block.count, first + kSlice));
  }
}

void candidate::emulate(const vector_block& block, std::size_t first, std::size_t last,
                        std::int64_t units, std::vector<std::uint32_t>& results) {
  results.resize(last - first);
  configuration rules = rules_;
  if (searches_) rules.compensation = static_cast<std::int32_t>(units << format_.dropped_bits);
  const auto arity = static_cast<std::size_t>(operation_->arity);
  emulate_(rules, block.fields[0].data() + first, block.fields[arity - 1].data() + first,
           results.data(), results.size());
}

// A result is monotone in the compensation, so one that both ends of the interval give is given by
// all of it: the emulator confirms such lines in vectors. The golden model judges the others, and a
// sample of these.
void candidate::take_slice(const vector_block& block, const std::vector<std::uint32_t>& results,
                           std::size_t first, std::size_t last) {
  const auto arity = static_cast<std::size_t>(operation_->arity);
  while (first < last && explains_all()) {
    const bool wide = acts_ && range_.low != range_.high;
    emulate(block, first, last, range_.low, at_low_);
    if (wide) emulate(block, first, last, range_.high, at_high_);
    std::size_t i = first;
    for (bool narrowed = false; i < last && !narrowed && explains_all(); ++i) {
      const std::uint32_t low = at_low_[i - first];
      const bool confirmed = low == results[i] && (!wide || at_high_[i - first] == results[i]);
      const std::uint64_t line = block.first_line + i;
      if (confirmed && line % kSampleEvery != 0) continue;
      std::vector<std::uint32_t> operands;
      for (std::size_t j = 0; j < arity; ++j) operands.push_back(block.fields[j][i]);
      narrowed = judge(line, operands, results[i], low);
    }
    first = i;
  }
}

// Whether the interval became another one.
bool candidate::judge(std::uint64_t line, const std::vector<std::uint32_t>& operands,
                      std::uint32_t got, std::uint32_t emulated) {
  const reference::admissible expected = golden_->either(range_.low, operands);
  if (!expected.contains(emulated)) {
    throw failure(
        fmt::format("internal error at line {}: for {} {} of {} the emulator gives {} and the "
                    "golden model {}; nothing can be said",
                    line, operation_->name, hex(operands, format_), rules_.arithmetic,
                    hex(emulated, format_), hex(expected, format_)),
        exit_code::wrong);
  }
  if (!acts_ || range_.low == range_.high) {
    if (!expected.contains(got)) refute(line, operands, got);
    return false;
  }
  const compensation_range before = range_;
  narrow(operands, got);
  if (range_.low > range_.high) {
    range_ = before;
    refute(line, operands, got);
    return false;
  }
  if (range_ == before) return false;
  narrowed_at_ = line;
  return true;
}

// Leaves the compensations that give `got`, empty (low > high) where none does. In units of the
// last place, modulo 2^32 and from the result at `low` on, results of products grow with the
// compensation and those of quotients fall: past an infinity to a canonical NaN, and past the sign
// bit in the slopes of profile paper, too.
void candidate::narrow(const std::vector<std::uint32_t>& operands, std::uint32_t got) {
  const std::uint32_t start = golden_->at(range_.low, operands);
  const bool grows = contains(kGrowing, operation_->name);
  const auto steps = [&](std::uint32_t result) { return grows ? result - start : start - result; };
  const std::uint32_t wanted = steps(got);
  // The first compensation from `low` on for which `reached` holds, or one past the last.
  const auto first_where = [&](const auto& reached) {
    std::int64_t low = range_.low;
    std::int64_t high = range_.high + 1;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (reached(steps(golden_->at(middle, operands)))) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  };
  const std::int64_t low = first_where([&](std::uint32_t s) { return s >= wanted; });
  const std::int64_t high = first_where([&](std::uint32_t s) { return s > wanted; }) - 1;
  range_ = {low, high};
}

void candidate::refute(std::uint64_t line, const std::vector<std::uint32_t>& operands,
                       std::uint32_t got) {
  refuted_ = refutation{.line = line,
                        .operands = operands,
                        .got = got,
                        .expected = golden_->either(range_.low, operands).lowest,
                        .range = range_,
                        .narrowed_at = narrowed_at_};
}

std::vector<candidate> all_candidates(const operation_info& operation, const any_format& format) {
  std::vector<candidate> all;
  for (const arithmetic_info& info : arithmetics()) {
    for (const profile p : {profile::standard, profile::paper}) {
      const auto choice = under_profile({std::string(info.name), &info, {}}, p);
      if (!choice || !choice->info->defines(operation.name)) continue;
      for (const subnormal_policy subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
        for (const overflow_policy overflow :
             {overflow_policy::infinity, overflow_policy::saturate}) {
          if (!covers(p, format, subnormals, overflow)) continue;
          all.emplace_back(operation, *choice, format, subnormals, overflow);
        }
      }
    }
  }
  return all;
}

std::string shortest_factor(const any_format& format, std::int64_t units) {
  __extension__ using uint128 = unsigned __int128;
  constexpr int kMaxDecimals = 17;
  const format_description f = describe(format);
  std::uint64_t power = 1;
  for (int decimals = 0; decimals <= kMaxDecimals; ++decimals, power *= 10) {
    // The decimals below and above the exact value, the nearer one first; 2 itself is no factor.
    const uint128 scaled = uint128(static_cast<std::uint64_t>(units)) * power;
    const auto below = static_cast<std::uint64_t>(scaled >> f.kept_bits);
    const uint128 rest = scaled & ((uint128{1} << f.kept_bits) - 1);
    const bool up = 2 * rest > (uint128{1} << f.kept_bits);
    for (const std::uint64_t digits : {below + (up ? 1 : 0), below + (up ? 0 : 1), power - 1}) {
      if (digits >= power) continue;
      const std::string text = decimals == 0 ? "1" : fmt::format("1.{:0{}}", digits, decimals);
      const auto choice = parse_arithmetic("pam:" + text);
      if (choice && choice->configure(format, {}, {}).compensation == units << f.dropped_bits) {
        return text;
      }
    }
  }
  throw failure(fmt::format("no decimal rounds to compensation {}; this is a defect of pamkit",
                            units << f.dropped_bits),
                exit_code::wrong);
}

}  // namespace pamkit::cli
