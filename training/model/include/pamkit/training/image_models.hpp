#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pamkit/training/arm.hpp"
#include "pamkit/training/dropout.hpp"
#include "pamkit/training/layers.hpp"
#include "pamkit/training/parameters.hpp"

namespace pamkit::training {

/// Sizes of a network for images; what each kind reads is in its own file.
struct image_model_settings {
  std::string kind;  ///< "cnn", "vit", "vgg", "preresnet", "resnext", "convmixer"
  std::int64_t classes = 10;
  std::int64_t size = 32;   ///< height and width of an image
  std::int64_t width = 64;  ///< channels
  std::int64_t depth = 1;   ///< layers or blocks
  std::int64_t heads = 1;
  std::int64_t feed_forward = 64;
  std::int64_t patch = 4;
  std::int64_t kernel = 5;
  std::int64_t cardinality = 1;  ///< groups of a block
  double drop_path = 0;          ///< of the last layer; grows linearly from 0 at the first
  adder_settings adder{};
};

/// A network from images [images, 3, size, size] to logits [images, classes].
class image_model {
 public:
  image_model(const image_model_settings& settings, const arm& products, std::uint64_t seed)
      : settings_(settings), products_(products), parameters_(seed) {}
  image_model(const image_model&) = delete;
  image_model& operator=(const image_model&) = delete;
  virtual ~image_model() = default;

  /// A pass of training where `dropout` is one.
  virtual at::Tensor operator()(const at::Tensor& images, dropout_pass& dropout) const = 0;

  const arm& products() const { return products_; }
  parameter_list& parameters() { return parameters_; }
  const parameter_list& parameters() const { return parameters_; }

 protected:
  image_model_settings settings_;
  arm products_;
  parameter_list parameters_;
};

/// The network of settings.kind. Throws std::invalid_argument for a kind that is none and sizes
/// that do not fit.
std::unique_ptr<image_model> make_image_model(const image_model_settings& settings,
                                              const arm& products, std::uint64_t seed);

/// A kind of network, as recipes name it.
struct network_kind {
  const char* name;
  std::unique_ptr<image_model> (*make)(const image_model_settings&, const arm&, std::uint64_t seed);
};

template <class Network>
std::unique_ptr<image_model> make_network(const image_model_settings& settings, const arm& products,
                                          std::uint64_t seed) {
  return std::make_unique<Network>(settings, products, seed);
}

/// The kinds of each file of networks.
std::span<const network_kind> convolutional_networks();
std::span<const network_kind> vision_transformers();

}  // namespace pamkit::training
