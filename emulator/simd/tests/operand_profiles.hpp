#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string_view>

namespace pamkit::testing {

/// How the encodings of one operand are drawn.
struct operand_profile {
  std::string_view name;
  std::int32_t least = 0x3e000000;  ///< of a nonzero magnitude
  std::int32_t greatest = 0x407fffff;
  int zeros = 0;                          ///< per 100
  int subnormals = 0;                     ///< per 1000
  int infinities = 0;                     ///< per 1000
  int nans = 0;                           ///< per 1000, any payload, signalling ones too
  std::array<std::int32_t, 6> choices{};  ///< if not zeros: the magnitudes instead of a range
  bool extremes = false;                  ///< the least and the greatest magnitude often
};

inline constexpr std::array kProfiles = {
    operand_profile{.name = "near one"},
    operand_profile{.name = "half zeros", .zeros = 50},
    operand_profile{.name = "all zeros", .zeros = 100},
    operand_profile{.name = "few zeros", .zeros = 2},
    operand_profile{.name = "subnormals", .subnormals = 30},
    operand_profile{.name = "subnormals and zeros", .zeros = 20, .subnormals = 300},
    operand_profile{.name = "small", .least = 0x00800000, .greatest = 0x20000000, .zeros = 5},
    operand_profile{.name = "very small", .least = 0x00800000, .greatest = 0x01ffffff},
    operand_profile{.name = "large", .least = 0x5f000000, .greatest = 0x7f7fffff, .zeros = 5},
    operand_profile{.name = "largest", .least = 0x7f000000, .greatest = 0x7f7fffff},
    operand_profile{.name = "all normals", .least = 0x00800000, .greatest = 0x7f7fffff},
    operand_profile{.name = "infinities", .zeros = 3, .infinities = 20},
    operand_profile{.name = "nans", .zeros = 3, .nans = 5},
    operand_profile{.name = "everything",
                    .least = 0x00000001,
                    .greatest = 0x7f7fffff,
                    .zeros = 10,
                    .subnormals = 100,
                    .infinities = 50,
                    .nans = 3},
};

/// One encoding of a profile.
inline std::uint32_t draw(const operand_profile& p, std::mt19937& random) {
  const auto word = [&] { return static_cast<std::uint32_t>(random()); };
  const std::uint32_t sign = word() & 0x80000000U;
  if (static_cast<int>(random() % 100) < p.zeros) return sign;
  const auto per_mille = static_cast<int>(random() % 1000);
  if (per_mille < p.subnormals) return sign | (1 + word() % 0x007fffffU);
  if (per_mille < p.subnormals + p.infinities) return sign | 0x7f800000U;
  if (per_mille < p.subnormals + p.infinities + p.nans) {
    return sign | 0x7f800000U | (1 + word() % 0x007fffffU);
  }
  if (p.choices[0] != 0) return sign | static_cast<std::uint32_t>(p.choices[word() % 6]);
  if (p.extremes && random() % 3 == 0) {
    return sign | static_cast<std::uint32_t>(random() % 2 == 0 ? p.least : p.greatest);
  }
  const auto span = static_cast<std::uint32_t>(p.greatest - p.least) + 1U;
  return sign | (static_cast<std::uint32_t>(p.least) + word() % span);
}

}  // namespace pamkit::testing
