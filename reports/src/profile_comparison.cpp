#include "pamkit/reports/profile_comparison.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <string_view>

#include "pamkit/profiles.hpp"

namespace pamkit::reports {
namespace {

using column = std::vector<std::uint32_t>;

constexpr std::size_t kBatch = std::size_t{1} << 14;
constexpr std::uint32_t kSign = 0x80000000;
constexpr std::array<std::uint32_t, 4> kFractions = {0, 1, 0x400000, 0x7fffff};
constexpr std::uint32_t kPatterns = 4 * kFractions.size() * kFractions.size();

const format_description& binary32_description() {
  static const format_description f = describe(binary32{});
  return f;
}

// What kind of operands a pair is; one of these each.
enum class operands : std::uint8_t {
  nan,
  infinite,
  zero,
  subnormal,
  normal,  // and the operation compares nothing with 1e-37 and 1e37
  below,
  inside,
  beyond,
  below_negative,  // the same with a negative b, where that matters
  inside_negative,
  beyond_negative,
  count
};

operands range_of(float ordinary, bool negative) {
  using enum operands;
  const double t = std::fabs(ordinary);
  if (t < 1e-37) return negative ? below_negative : below;
  if (t < 1e37) return negative ? inside_negative : inside;
  return negative ? beyond_negative : beyond;
}

operands kind_of(std::string_view operation, std::uint32_t a, std::uint32_t b) {
  const format_description& f = binary32_description();
  if (f.is_nan(a) || f.is_nan(b)) return operands::nan;
  if (f.is_infinite(a) || f.is_infinite(b)) return operands::infinite;
  if (f.is_zero(a) || f.is_zero(b)) return operands::zero;
  if (f.is_subnormal(a) || f.is_subnormal(b)) return operands::subnormal;
  if (operation == "mul_da") return operands::normal;
  const auto x = std::bit_cast<float>(a);
  const auto y = std::bit_cast<float>(b);
  if (operation == "mul") return range_of(x * y, false);
  if (operation == "div_da") return range_of(1 / y, false);
  return range_of(x / y, operation == "div_db" && f.sign(b));
}

std::string in_words(std::string_view operation, operands kind) {
  using enum operands;
  const std::string ordinary = operation == "mul" ? "a b" : operation == "div_da" ? "1 / b" : "a / b";
  switch (kind) {
    case nan:
      return "a NaN operand";
    case infinite:
      return "an infinite operand";
    case zero:
      return "a zero operand";
    case subnormal:
      return "a subnormal operand";
    case below:
      return ordinary + " below 1e-37";
    case inside:
      return ordinary + " in range";
    case beyond:
      return ordinary + " from 1e37 on";
    case below_negative:
      return "b negative, " + ordinary + " below 1e-37";
    case inside_negative:
      return "b negative, " + ordinary + " in range";
    case beyond_negative:
      return "b negative, " + ordinary + " from 1e37 on";
    default:
      return "normal operands";
  }
}

constexpr std::array<std::string_view, 4> kClasses = {"NaN", "infinity", "zero", "a number"};

std::size_t class_of(std::uint32_t x) {
  const format_description& f = binary32_description();
  return f.is_nan(x) ? 0 : f.is_infinite(x) ? 1 : f.is_zero(x) ? 2 : 3;
}

// How two results differ: the classes of both, and for one class whether only the sign does.
constexpr std::size_t kWays = 4 * 4 * 2;

std::size_t way_of(std::uint32_t standard, std::uint32_t paper) {
  const std::size_t sign_only = (standard ^ paper) == kSign ? 1 : 0;
  return (class_of(standard) * 4 + class_of(paper)) * 2 + sign_only;
}

std::string in_words(std::size_t way) {
  const std::string before(kClasses[way / 8]);
  const std::string after(kClasses[way / 2 % 4]);
  if (before != after) return after + " instead of " + before;
  return way % 2 == 1 ? "another sign of " + before : "another number";
}

class counter {
 public:
  counter(profile_set& set, std::int32_t compensation) : set_(set) {
    const arithmetic_choice pam = *parse_arithmetic("pam");
    for (const profile p : {profile::standard, profile::paper}) {
      configuration& rules = p == profile::standard ? standard_ : paper_;
      rules = under_profile(pam, p)->configure(binary32{}, {}, {});
      rules.compensation = compensation;
    }
  }

  // `differs(operation, i)` is called for every case that differs.
  void take(const column& a, const column& b,
            const std::function<void(std::size_t, std::size_t)>& differs) {
    column standard(a.size());
    column paper(a.size());
    for (std::size_t o = 0; o < profile_operations.size(); ++o) {
      apply(standard_, o, a, b, standard);
      apply(paper_, o, a, b, paper);
      for (std::size_t i = 0; i < a.size(); ++i) {
        const auto kind = static_cast<std::size_t>(kind_of(profile_operations[o], a[i], b[i]));
        ++cases_[o][kind];
        if (standard[i] == paper[i]) {
          ++set_.equal[o];
          continue;
        }
        profile_difference& d = differences_[o][kind][way_of(standard[i], paper[i])];
        if (++d.differs == 1) {
          d.a = a[i];
          d.b = b[i];
          d.standard = standard[i];
          d.paper = paper[i];
        }
        differs(o, i);
      }
    }
    set_.pairs += a.size();
  }

  void finish() {
    for (std::size_t o = 0; o < profile_operations.size(); ++o) {
      for (std::size_t kind = 0; kind < kKinds; ++kind) {
        for (std::size_t way = 0; way < kWays; ++way) {
          profile_difference& d = differences_[o][kind][way];
          if (d.differs == 0) continue;
          d.operation = profile_operations[o];
          d.operands = in_words(d.operation, static_cast<operands>(kind));
          d.kind = in_words(way);
          d.cases = cases_[o][kind];
          d.share = static_cast<double>(d.differs) / static_cast<double>(set_.pairs);
          set_.differences.push_back(d);
        }
      }
    }
  }

 private:
  static constexpr auto kKinds = static_cast<std::size_t>(operands::count);
  static constexpr std::size_t kOperations = profile_operations.size();

  static void apply(const configuration& rules, std::size_t operation, const column& a,
                    const column& b, column& out) {
    scalar_backend().elementwise(profile_operations[operation], rules.arithmetic)(
        rules, a.data(), b.data(), out.data(), out.size());
  }

  profile_set& set_;
  configuration standard_;
  configuration paper_;
  std::array<std::array<std::uint64_t, kKinds>, kOperations> cases_{};
  std::array<std::array<std::array<profile_difference, kWays>, kKinds>, kOperations> differences_;
};

profile_set exponent_grid(std::int32_t compensation) {
  profile_set set{.name = "exponent grid",
                  .description = "every pair of exponent fields, both signs, fractions 0, one ulp, "
                                 "1/2 and all ones of each operand",
                  .exhaustive = true};
  for (const char* operation : profile_operations) {
    set.maps.push_back({.operation = operation,
                        .patterns = kPatterns,
                        .differs = std::vector<std::uint16_t>(std::size_t{256} * 256)});
  }
  counter counts(set, compensation);
  for (std::uint32_t field = 0; field < 256; ++field) {
    column a;
    column b;
    for (std::uint32_t other = 0; other < 256; ++other) {
      for (std::uint32_t pattern = 0; pattern < kPatterns; ++pattern) {
        const std::uint32_t x = (field << 23) | kFractions[pattern & 3];
        const std::uint32_t y = (other << 23) | kFractions[(pattern >> 2) & 3];
        a.push_back(x | ((pattern & 16) != 0 ? kSign : 0));
        b.push_back(y | ((pattern & 32) != 0 ? kSign : 0));
      }
    }
    counts.take(a, b, [&](std::size_t operation, std::size_t i) {
      ++set.maps[operation].differs[field * 256 + i / kPatterns];
    });
  }
  counts.finish();
  return set;
}

// SplitMix64: the same on every machine.
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

profile_set random_set(std::int32_t compensation, std::uint64_t pairs, std::uint64_t seed) {
  profile_set set{.name = "random pairs",
                  .description = "uniformly random 32-bit encodings",
                  .seed = seed};
  counter counts(set, compensation);
  std::uint64_t state = seed;
  while (set.pairs < pairs) {
    column a(std::min<std::uint64_t>(kBatch, pairs - set.pairs));
    column b(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      const std::uint64_t bits = next_random(state);
      a[i] = static_cast<std::uint32_t>(bits >> 32);
      b[i] = static_cast<std::uint32_t>(bits);
    }
    counts.take(a, b, [](std::size_t, std::size_t) {});
  }
  counts.finish();
  return set;
}

}  // namespace

profile_comparison compare_profiles(std::int32_t compensation, std::uint64_t random_pairs,
                                    std::uint64_t seed) {
  return {.compensation = compensation,
          .sets = {exponent_grid(compensation), random_set(compensation, random_pairs, seed)}};
}

}  // namespace pamkit::reports
