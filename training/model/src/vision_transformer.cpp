#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>
#include <stdexcept>

#include "pamkit/training/functions.hpp"
#include "pamkit/training/image_models.hpp"
#include "pamkit/training/layers.hpp"

namespace pamkit::training {
namespace {

using at::Tensor;

struct block {
  norm_layer attention_norm;
  attention_layer attention;
  norm_layer feed_norm;
  linear_layer up;
  linear_layer down;

  block(layer_maker& make, const std::string& name, const image_model_settings& s)
      : attention_norm(make, name + ".attention_norm", s.width),
        attention(make, name + ".attention", s.width, s.heads),
        feed_norm(make, name + ".feed_norm", s.width),
        up(make, name + ".up", s.width, s.feed_forward),
        down(make, name + ".down", s.feed_forward, s.width) {}
};

// Vision transformer (Dosovitskiy et al. 2021) as DeiT has it (Touvron et al. 2021): square patches
// by a linear layer, a class token, learnt positions, pre-norm blocks with GELU, and stochastic
// depth.
class vit : public image_model {
 public:
  vit(const image_model_settings& s, const arm& products, std::uint64_t seed)
      : image_model(checked(s), products, seed),
        make_{parameters_, products_, s.adder},
        patches_(make_, "patches", 3 * s.patch * s.patch, s.width, 1, linear_layer::place::first),
        class_token_(embedding("class_token", {1, 1, s.width})),
        positions_(embedding("positions", {1, count() + 1, s.width})) {
    for (std::int64_t i = 0; i < s.depth; ++i) {
      blocks_.emplace_back(make_, "block" + std::to_string(i), s);
    }
    norm_.emplace(make_, "norm", s.width);
    weight_ =
        parameters_.add_uniform("classifier.weight", {s.classes, s.width}, 0.02 * std::sqrt(3.0));
    bias_ = parameters_.add_constant("classifier.bias", {s.classes}, 0);
  }

  Tensor operator()(const Tensor& images, dropout_pass& dropout) const override {
    const std::int64_t batch = images.size(0);
    Tensor x = patches_(products_, patches_of(images));
    const Tensor tokens = repeated(class_token_.view({1, settings_.width}), batch);
    x = at::cat({tokens, x}, 1) + repeated(positions_.view({count() + 1, settings_.width}), batch);
    x = dropout(x);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const block& b = blocks_[i];
      const double dropped = blocks_.size() < 2 ? 0
                                                : settings_.drop_path * static_cast<double>(i) /
                                                      static_cast<double>(blocks_.size() - 1);
      const Tensor normal = b.attention_norm(products_, x);
      const Tensor seen =
          b.attention(products_, normal, b.attention.project(products_, normal), {});
      x = x + dropout.drop_rows(dropout(seen), dropped);
      const Tensor hidden = products_.gelu(b.up(products_, b.feed_norm(products_, x)));
      x = x + dropout.drop_rows(dropout(b.down(products_, dropout(hidden))), dropped);
    }
    const Tensor token = (*norm_)(products_, x.select(1, 0).contiguous());
    return products_.exact_linear(token, weight_, bias_);
  }

 private:
  static const image_model_settings& checked(const image_model_settings& s) {
    if (s.size % s.patch != 0)
      throw std::invalid_argument("the image's size must be a multiple of patch");
    if (s.width % s.heads != 0) throw std::invalid_argument("width must be a multiple of heads");
    return s;
  }

  std::int64_t count() const {
    const std::int64_t side = settings_.size / settings_.patch;
    return side * side;
  }

  Tensor embedding(const std::string& name, std::initializer_list<std::int64_t> shape) {
    Tensor made = parameters_.add_uniform(name, shape, 0.02 * std::sqrt(3.0));
    parameters_.last_is_embedding();
    return made;
  }

  // [images, 3, size, size] -> [images, patches, 3 * patch * patch], row-major in channel, row,
  // column.
  Tensor patches_of(const Tensor& images) const {
    const std::int64_t side = settings_.size / settings_.patch;
    const std::int64_t p = settings_.patch;
    return images.view({images.size(0), 3, side, p, side, p})
        .permute({0, 2, 4, 1, 3, 5})
        .reshape({images.size(0), side * side, 3 * p * p});
  }

  layer_maker make_;
  linear_layer patches_;
  Tensor class_token_;
  Tensor positions_;
  std::vector<block> blocks_;
  std::optional<norm_layer> norm_;
  Tensor weight_;
  Tensor bias_;
};

constexpr network_kind kKinds[] = {{"vit", make_network<vit>}};

}  // namespace

std::span<const network_kind> vision_transformers() { return kKinds; }

}  // namespace pamkit::training
