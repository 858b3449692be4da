#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace pamkit::training {

/// keep[i] = 1 where random_bits(seed, step, micro_batch, site, first + i) >= threshold, else 0.
void draw_keep_mask(std::uint64_t seed, std::uint32_t step, std::uint32_t micro_batch,
                    std::uint32_t site, std::uint32_t threshold, std::uint32_t first,
                    std::span<std::uint8_t> keep);

/// The dropout layers of one pass through a model. Masks are functions of seed, step, micro-batch, the
/// number of the layer in this pass and the element: equal in every arm, at any number of threads.
class dropout_pass {
 public:
  /// No dropout: for evaluation.
  dropout_pass() = default;

  dropout_pass(double probability, std::uint64_t seed, std::uint32_t step,
               std::uint32_t micro_batch);

  /// +0 for dropped elements, the others times RN(1 / (1 - p)); the next site of this pass. Throws
  /// c10::Error for more than 2^32 elements.
  at::Tensor operator()(const at::Tensor& x);

 private:
  double probability_ = 0;
  std::uint64_t seed_ = 0;
  std::uint32_t step_ = 0;
  std::uint32_t micro_batch_ = 0;
  std::uint32_t next_site_ = 0;
};

}  // namespace pamkit::training
