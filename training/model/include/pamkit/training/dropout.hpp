#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "pamkit/training/arm.hpp"

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

  /// `products` multiplies what is kept, and must outlive this.
  dropout_pass(const arm& products, double probability, std::uint64_t seed, std::uint32_t step,
               std::uint32_t micro_batch);

  /// +0 for dropped elements, the others times RN(1 / (1 - p)); the next site of this pass. Throws
  /// c10::Error for more than 2^32 elements.
  at::Tensor operator()(const at::Tensor& x);

  /// Stochastic depth: each row x[i] as a whole, with a probability of its own; the next site. Nothing is
  /// dropped where this pass is one of evaluation.
  at::Tensor drop_rows(const at::Tensor& x, double probability);

  /// Whether this is a pass of training.
  bool is_training() const { return products_ != nullptr; }

 private:
  at::Tensor keep_mask(at::IntArrayRef shape, double probability);

  const arm* products_ = nullptr;
  double probability_ = 0;
  std::uint64_t seed_ = 0;
  std::uint32_t step_ = 0;
  std::uint32_t micro_batch_ = 0;
  std::uint32_t next_site_ = 0;
};

}  // namespace pamkit::training
