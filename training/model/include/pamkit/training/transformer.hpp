#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pamkit/training/layers.hpp"

namespace pamkit::training {

/// Sizes of a transformer encoder-decoder.
struct transformer_settings {
  std::int64_t vocabulary = 0;
  std::int64_t encoder_layers = 3;
  std::int64_t decoder_layers = 3;
  std::int64_t width = 128;
  std::int64_t feed_forward = 256;
  std::int64_t heads = 4;
  bool norm_after = false;       ///< layer norms behind the residual sums (Vaswani et al.) and none at the ends
  bool separate_source = false;  ///< a table of its own for the source, of source_vocabulary rows
  std::int64_t source_vocabulary = 0;
  adder_settings adder{};
};

/// Self-attention and feed-forward with residual connections, each behind its layer norm (pre-norm), or with the
/// norm behind the sum.
struct encoder_layer {
  encoder_layer(layer_maker& make, const std::string& name, const transformer_settings& settings);
  at::Tensor operator()(const arm& products, at::Tensor x, const at::Tensor& mask,
                        dropout_pass& dropout) const;

  bool norm_after;
  norm_layer self_norm;
  attention_layer self;
  norm_layer feed_norm;
  feed_forward_layer feed;
};

/// The same with an attention to the source between.
struct decoder_layer {
  decoder_layer(layer_maker& make, const std::string& name, const transformer_settings& settings);

  /// x [batch, positions, width]. `past` holds the keys and values of the positions before x's (undefined
  /// tensors for none) and receives x's own.
  at::Tensor operator()(const arm& products, at::Tensor x, key_values& past,
                        const at::Tensor& self_mask, const key_values& source,
                        const at::Tensor& source_mask, dropout_pass& dropout) const;

  bool norm_after;
  norm_layer self_norm;
  attention_layer self;
  norm_layer cross_norm;
  attention_layer cross;
  norm_layer feed_norm;
  feed_forward_layer feed;
};

/// A source as the decoder sees it.
struct encoded_source {
  std::vector<key_values> layers;  ///< of each decoder layer's attention to the source
  at::Tensor mask;                 ///< [batch, 1, 1, positions]: 0, or -inf at padding
};

/// Sinusoidal positions: row p holds sines, then cosines, of p / 10000^(i / (w - 1)) for i < w = width / 2;
/// binary64, rounded once. Constants: made with a model, so that no training step computes one, and anew, twice as
/// many, where a position lies beyond.
class position_table {
 public:
  explicit position_table(std::int64_t width);

  /// Rows [first, first + count), [count, width].
  at::Tensor rows(std::int64_t first, std::int64_t count) const;

 private:
  std::int64_t width_;
  mutable at::Tensor table_;
};

/// Transformer encoder-decoder (Vaswani et al. 2017), pre-norm unless asked otherwise, sinusoidal positions, one
/// table for target embeddings and the output projection, and unless asked otherwise for source embeddings.
class transformer {
 public:
  /// Throws std::invalid_argument where heads do not divide the width or a size is not positive.
  transformer(const transformer_settings& settings, const arm& products, std::uint64_t seed);
  transformer(const transformer&) = delete;
  transformer& operator=(const transformer&) = delete;

  /// ids [batch, positions], padded with pad_id.
  encoded_source encode(const at::Tensor& ids, dropout_pass& dropout) const;

  /// Hidden states [batch, positions, width] for target inputs [batch, positions] that follow `offset`
  /// earlier ones, whose keys and values are in `past` (as many as decoder layers, updated).
  at::Tensor decode(const at::Tensor& ids, std::int64_t offset, std::vector<key_values>& past,
                    const encoded_source& source, dropout_pass& dropout) const;

  /// [..., width] -> [..., vocabulary].
  at::Tensor logits(const at::Tensor& hidden) const;

  /// Logits [batch, positions, vocabulary] of all target positions at once: for training.
  at::Tensor operator()(const at::Tensor& source, const at::Tensor& target_input,
                        dropout_pass& dropout) const;

  const transformer_settings& settings() const { return settings_; }
  const arm& products() const { return products_; }
  parameter_list& parameters() { return parameters_; }
  const parameter_list& parameters() const { return parameters_; }

 private:
  at::Tensor embed(const at::Tensor& table, const at::Tensor& ids, std::int64_t offset,
                   dropout_pass& dropout) const;

  transformer_settings settings_;
  position_table positions_;
  arm products_;
  parameter_list parameters_;
  layer_maker make_;
  at::Tensor table_;
  at::Tensor source_table_;  ///< may be table_
  std::vector<encoder_layer> encoder_;
  std::optional<norm_layer> encoder_norm_;
  std::vector<decoder_layer> decoder_;
  std::optional<norm_layer> decoder_norm_;
};

}  // namespace pamkit::training
