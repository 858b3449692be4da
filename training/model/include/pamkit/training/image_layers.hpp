#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "pamkit/training/layers.hpp"

/// Layers of convolutional networks. Images are [images, channels, height, width].

namespace pamkit::training {

/// Normalises each channel over images and places: gain (x - mean) / sqrt(variance + 1e-5) + bias;
/// in evaluation by running averages, r + (x - r) / 10 of each batch (that form, because a
/// piecewise affine average of the other does not settle at a constant input). In scope `norm` all
/// of it is the arm's arithmetic: the rows of a channel are normalised as layer_norm's, then
/// multiplied by the gain.
struct batch_norm_layer {
  batch_norm_layer(layer_maker& make, const std::string& name, std::int64_t channels);
  at::Tensor operator()(const arm& products, const at::Tensor& x, bool is_training) const;

  at::Tensor gain;
  at::Tensor bias;
  at::Tensor mean;      ///< running, not trained
  at::Tensor variance;  ///< running, unbiased
};

/// Weight [out, in / groups, kernel, kernel], uniform with He's variance 2 / (kernel^2 out /
/// groups), and where asked for a bias, at first 0. In an adder arm the weight has its own standard
/// deviation and rate, and a batch norm follows.
struct conv_layer {
  struct shape {
    std::int64_t in;
    std::int64_t out;
    std::int64_t kernel = 3;
    std::int64_t stride = 1;
    std::int64_t padding = 1;
    std::int64_t groups = 1;
    bool biased = false;
    bool is_first = false;  ///< the first layer, which adder_settings may keep exact
  };
  conv_layer(layer_maker& make, const std::string& name, const shape& s);
  at::Tensor operator()(const arm& products, const at::Tensor& x, bool is_training) const;

  shape sizes;
  at::Tensor weight;
  std::optional<at::Tensor> bias;
  std::optional<batch_norm_layer> after;
};

/// Mean over all places: [images, channels].
at::Tensor mean_of_places(const arm& products, const at::Tensor& x);

/// The greatest of each 2 x 2 places.
at::Tensor pooled(const at::Tensor& x);

}  // namespace pamkit::training
