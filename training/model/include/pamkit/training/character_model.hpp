#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "pamkit/training/transformer.hpp"

namespace pamkit::training {

/// Transformer over bytes: each position predicts the next byte from those before. Pre-norm layers,
/// sinusoidal positions, one table of 256 rows for input and output.
class character_model {
 public:
  /// Of the settings it reads encoder_layers, width, feed_forward, heads and those of adder.
  character_model(const transformer_settings& settings, const arm& products, std::uint64_t seed);
  character_model(const character_model&) = delete;
  character_model& operator=(const character_model&) = delete;

  /// bytes [batch, positions] of 64-bit integers -> logits [batch, positions, 256].
  at::Tensor operator()(const at::Tensor& bytes, dropout_pass& dropout) const;

  const arm& products() const { return products_; }
  parameter_list& parameters() { return parameters_; }

 private:
  transformer_settings settings_;
  position_table positions_;
  arm products_;
  parameter_list parameters_;
  layer_maker make_;
  at::Tensor table_;
  std::vector<encoder_layer> layers_;
  norm_layer norm_;
};

}  // namespace pamkit::training
