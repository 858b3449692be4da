#pragma once

#include <array>
#include <cstdint>

namespace pamkit::training {

/// Counter of a draw, words 0 to 3, and key, low word first.
using philox_counter = std::array<std::uint32_t, 4>;
using philox_key = std::array<std::uint32_t, 2>;

/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC
/// 2011): a bijection of the counter chosen by the key. No state, so that any draw can be made by
/// anyone at any time.
constexpr philox_counter philox4x32_10(philox_counter counter, philox_key key) {
  constexpr std::uint64_t multiplier_0 = 0xD2511F53;
  constexpr std::uint64_t multiplier_1 = 0xCD9E8D57;
  constexpr std::uint32_t weyl_0 = 0x9E3779B9;  // golden ratio
  constexpr std::uint32_t weyl_1 = 0xBB67AE85;  // sqrt(3) - 1
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product_0 = multiplier_0 * counter[0];
    const std::uint64_t product_1 = multiplier_1 * counter[2];
    counter = {static_cast<std::uint32_t>(product_1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product_1),
               static_cast<std::uint32_t>(product_0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product_0)};
    key = {key[0] + weyl_0, key[1] + weyl_1};
  }
  return counter;
}

/// The key of a seed: low word first.
constexpr philox_key philox_key_of(std::uint64_t seed) {
  return {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
}

/// 32 random bits for one element, by the specification's counter (step, micro-batch, site,
/// element): the first word of the block. Equal for every arithmetic, thread and worker. An element
/// is dropped with probability p where random_bits(...) < p 2^32.
constexpr std::uint32_t random_bits(std::uint64_t seed, std::uint32_t step,
                                    std::uint32_t micro_batch, std::uint32_t site,
                                    std::uint32_t element) {
  return philox4x32_10({step, micro_batch, site, element}, philox_key_of(seed))[0];
}

/// Sites that are not dropout layers; those count up from 0. Where a site belongs to an epoch, the
/// epoch stands in the counter's step.
namespace site {
inline constexpr std::uint32_t order_of_pairs = 0xFFFFFFFF;
inline constexpr std::uint32_t order_of_batches = 0xFFFFFFFE;
inline constexpr std::uint32_t initial_parameters = 0xFFFFFFFD;
inline constexpr std::uint32_t augmentation = 0xFFFFFFFC;
}  // namespace site

}  // namespace pamkit::training
