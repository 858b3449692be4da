#include <algorithm>
#include <array>

#include "pamkit/training/dropout.hpp"
#include "pamkit/training/philox.hpp"

/// Philox over consecutive elements, side by side, so that the compiler makes vector code of it.

namespace pamkit::training {
namespace {

constexpr std::size_t kLanes = 16;
using words = std::array<std::uint32_t, kLanes>;

}  // namespace

// One clone per vector length; the loader takes the machine's. Integers only: all give equal bits.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
__attribute__((target_clones("avx512f", "avx2", "default")))
#endif
void draw_keep_mask(std::uint64_t seed, std::uint32_t step, std::uint32_t micro_batch,
                    std::uint32_t site, std::uint32_t threshold, std::uint32_t first,
                    std::span<std::uint8_t> keep) {
  const philox_key key = philox_key_of(seed);
  for (std::size_t start = 0; start < keep.size(); start += kLanes) {
    words bits{};
    for (std::size_t j = 0; j < kLanes; ++j) {
      const auto element = first + static_cast<std::uint32_t>(start + j);
      bits[j] = philox4x32_10({step, micro_batch, site, element}, key)[0];
    }
    const std::size_t count = std::min(kLanes, keep.size() - start);
    for (std::size_t j = 0; j < count; ++j) keep[start + j] = bits[j] >= threshold ? 1 : 0;
  }
}

}  // namespace pamkit::training
