#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "pamkit/training/arm.hpp"
#include "pamkit/training/dropout.hpp"
#include "pamkit/training/parameters.hpp"

/// Layers of transformers. Each registers its parameters when made and is a value that shares them.

namespace pamkit::training {

/// How an adder arm is set up.
struct adder_settings {
  double deviation = 0.3;   ///< standard deviation of adder weights
  double rate_scale = 20;   ///< factor on their learning rate
  bool first_layer = true;  ///< of networks for images: false keeps the first layer exact
  /// Of attention without hidden positions: its values are adder products too, of the weights with
  /// the identity added (Shu et al. 2021), and a layer norm follows.
  bool values = false;
};

/// What layers are made with: the parameters' list, the arm and the arm's settings.
struct layer_maker {
  parameter_list& parameters;
  const arm& products;
  adder_settings adder{};

  /// Whether a layer, the first one of a network for images or another, is an adder layer.
  bool makes_adder(bool is_first = false) const {
    return products.is_adder() && (!is_first || adder.first_layer);
  }
};

/// Gain (at first 1) and bias (at first 0).
struct norm_layer {
  norm_layer(layer_maker& make, const std::string& name, std::int64_t width);
  at::Tensor operator()(const arm& products, const at::Tensor& x) const;

  at::Tensor gain;
  at::Tensor bias;
};

/// Weight [out, in], uniform by Glorot's rule times `spread`, and bias [out], at first 0. In an adder arm the
/// weight is the same draw at its own standard deviation, and a layer norm follows; a first layer may stay exact.
struct linear_layer {
  enum class place : std::uint8_t { first, inner };
  linear_layer(layer_maker& make, const std::string& name, std::int64_t in, std::int64_t out,
               double spread = 1, place where = place::inner);
  at::Tensor operator()(const arm& products, const at::Tensor& x) const;

  at::Tensor weight;
  at::Tensor bias;
  std::optional<norm_layer> after;
};

/// Keys and values of positions, by heads: [batch * heads, positions, head width].
struct key_values {
  at::Tensor keys;
  at::Tensor values;
};

/// Multi-head attention.
struct attention_layer {
  attention_layer(layer_maker& make, const std::string& name, std::int64_t width,
                  std::int64_t heads);

  /// Keys and values of x [batch, positions, width].
  key_values project(const arm& products, const at::Tensor& x) const;

  /// queries [batch, positions, width]; mask is added to the scores, broadcast to [batch, heads, queries,
  /// positions]: 0, or -inf where a position is hidden; undefined for none.
  at::Tensor operator()(const arm& products, const at::Tensor& queries, const key_values& memory,
                        const at::Tensor& mask) const;

  std::int64_t heads;
  linear_layer query;
  linear_layer key;
  linear_layer value;
  linear_layer output;
  std::optional<norm_layer> after_values;  ///< where values are adder products
};

/// Two linear layers with a ReLU between.
struct feed_forward_layer {
  feed_forward_layer(layer_maker& make, const std::string& name, std::int64_t width,
                     std::int64_t hidden);
  at::Tensor operator()(const arm& products, const at::Tensor& x) const;

  linear_layer up;
  linear_layer down;
};

}  // namespace pamkit::training
