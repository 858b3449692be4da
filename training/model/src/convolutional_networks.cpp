#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>
#include <stdexcept>

#include "pamkit/training/image_layers.hpp"
#include "pamkit/training/image_models.hpp"

/// Networks of convolutions. In an adder arm every convolution is an adder one, the first unless
/// adder_settings keep it exact; the classifier at the end is exact, as arm::exact_linear has it.

namespace pamkit::training {
namespace {

using at::Tensor;

// What every network here is made of.
class convolutional : public image_model {
 public:
  convolutional(const image_model_settings& s, const arm& products, std::uint64_t seed)
      : image_model(s, products, seed),
        make_{parameters_, products_, s.adder} {}

 protected:
  conv_layer conv(const std::string& name, const conv_layer::shape& shape) {
    return {make_, name, shape};
  }
  batch_norm_layer norm(const std::string& name, std::int64_t channels) {
    return {make_, name, channels};
  }
  void add_classifier(std::int64_t in) {
    weight_ = parameters_.add_uniform("classifier.weight", {settings_.classes, in},
                                      1 / std::sqrt(static_cast<double>(in)));
    bias_ = parameters_.add_constant("classifier.bias", {settings_.classes}, 0);
  }
  Tensor classified(const Tensor& x) const {
    return products_.exact_linear(x, weight_, bias_);
  }
  Tensor classified_mean(const Tensor& x) const { return classified(mean_of_places(products_, x)); }

  layer_maker make_;
  Tensor weight_;
  Tensor bias_;
};

// Three stages of two 3 x 3 convolutions with batch norm and ReLU, each stage twice as wide as the
// one before and half as large.
class cnn : public convolutional {
 public:
  cnn(const image_model_settings& s, const arm& products, std::uint64_t seed)
      : convolutional(s, products, seed) {
    std::int64_t in = 3;
    for (int stage = 0; stage < 3; ++stage) {
      const std::int64_t out = s.width << stage;
      for (int i = 0; i < 2; ++i) {
        const std::string name = "stage" + std::to_string(stage) + "." + std::to_string(i);
        convs_.push_back(
            conv(name + ".conv", {.in = in, .out = out, .is_first = convs_.empty()}));
        norms_.push_back(norm(name + ".norm", out));
        in = out;
      }
    }
    add_classifier(in);
  }

  Tensor operator()(const Tensor& images, dropout_pass& dropout) const override {
    Tensor x = images;
    for (std::size_t i = 0; i < convs_.size(); ++i) {
      x = convs_[i](products_, x, dropout.is_training());
      x = at::relu(norms_[i](products_, x, dropout.is_training()));
      if (i % 2 == 1) x = pooled(x);
    }
    return classified_mean(dropout(x));
  }

 private:
  std::vector<conv_layer> convs_;
  std::vector<batch_norm_layer> norms_;
};

// VGG13 (Simonyan and Zisserman 2014) for small images: ten 3 x 3 convolutions with biases, no
// normalisation, and one linear layer on the mean of what is left.
class vgg : public convolutional {
 public:
  vgg(const image_model_settings& s, const arm& products, std::uint64_t seed)
      : convolutional(s, products, seed) {
    std::int64_t in = 3;
    for (const std::int64_t out : {64, 128, 256, 512, 512}) {
      for (int i = 0; i < 2; ++i) {
        convs_.push_back(
            conv("conv" + std::to_string(convs_.size()),
                 {.in = in, .out = out, .biased = true, .is_first = convs_.empty()}));
        in = out;
      }
    }
    add_classifier(in);
  }

  Tensor operator()(const Tensor& images, dropout_pass& dropout) const override {
    Tensor x = images;
    for (std::size_t i = 0; i < convs_.size(); ++i) {
      x = at::relu(convs_[i](products_, x, dropout.is_training()));
      if (i % 2 == 1) x = pooled(x);
    }
    return classified_mean(dropout(x));
  }

 private:
  std::vector<conv_layer> convs_;
};

// A residual block: convolutions, each behind or before a batch norm, and what the block adds to.
struct residual_block {
  std::vector<batch_norm_layer> norms;
  std::vector<conv_layer> convs;
  std::vector<conv_layer> shortcut;             ///< at most one
  std::vector<batch_norm_layer> shortcut_norm;  ///< at most one
};

// Identity mappings in residual networks (He et al. 2016): norm, ReLU, convolution, twice in each
// block; three stages of (layers - 2) / 6 blocks with 16, 32 and 64 channels. Where the shape
// changes the shortcut is a 1 x 1 convolution of the block's normalised input.
class preresnet : public convolutional {
 public:
  preresnet(const image_model_settings& s, const arm& products, std::uint64_t seed)
      : convolutional(s, products, seed),
        first_(conv("first", {.in = 3, .out = s.width, .is_first = true})) {
    if ((s.depth - 2) % 6 != 0) throw std::invalid_argument("depth must be 6 n + 2");
    std::int64_t in = s.width;
    for (int stage = 0; stage < 3; ++stage) {
      const std::int64_t out = s.width << stage;
      for (std::int64_t i = 0; i < (s.depth - 2) / 6; ++i) {
        const std::string name = "stage" + std::to_string(stage) + "." + std::to_string(i);
        const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
        residual_block b;
        b.norms.push_back(norm(name + ".norm0", in));
        b.convs.push_back(conv(name + ".conv0", {.in = in, .out = out, .stride = stride}));
        b.norms.push_back(norm(name + ".norm1", out));
        b.convs.push_back(conv(name + ".conv1", {.in = out, .out = out}));
        if (in != out) {
          b.shortcut.push_back(
              conv(name + ".shortcut",
                   {.in = in, .out = out, .kernel = 1, .stride = stride, .padding = 0}));
        }
        blocks_.push_back(std::move(b));
        in = out;
      }
    }
    last_.push_back(norm("last", in));
    add_classifier(in);
  }

  Tensor operator()(const Tensor& images, dropout_pass& dropout) const override {
    const bool training = dropout.is_training();
    Tensor x = first_(products_, images, training);
    for (const residual_block& b : blocks_) {
      const Tensor normal = at::relu(b.norms[0](products_, x, training));
      Tensor y = b.convs[0](products_, normal, training);
      y = at::relu(b.norms[1](products_, y, training));
      y = b.convs[1](products_, y, training);
      x = y + (b.shortcut.empty() ? x : b.shortcut[0](products_, normal, training));
    }
    return classified_mean(dropout(at::relu(last_[0](products_, x, training))));
  }

 private:
  conv_layer first_;
  std::vector<residual_block> blocks_;
  std::vector<batch_norm_layer> last_;
};

// Aggregated residual transformations (Xie et al. 2017): bottlenecks 1 x 1, 3 x 3 in groups, 1 x 1,
// each with batch norm; three stages of (layers - 2) / 9 blocks with 256, 512 and 1024 outputs.
class resnext : public convolutional {
 public:
  resnext(const image_model_settings& s, const arm& products, std::uint64_t seed)
      : convolutional(s, products, seed),
        first_(conv("first", {.in = 3, .out = 64, .is_first = true})),
        first_norm_(norm("first_norm", 64)) {
    if ((s.depth - 2) % 9 != 0) throw std::invalid_argument("depth must be 9 n + 2");
    std::int64_t in = 64;
    for (int stage = 0; stage < 3; ++stage) {
      const std::int64_t out = std::int64_t{256} << stage;
      const std::int64_t inner = s.cardinality * (s.width << stage);
      for (std::int64_t i = 0; i < (s.depth - 2) / 9; ++i) {
        const std::string name = "stage" + std::to_string(stage) + "." + std::to_string(i);
        const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
        residual_block b;
        b.convs.push_back(
            conv(name + ".conv0", {.in = in, .out = inner, .kernel = 1, .padding = 0}));
        b.norms.push_back(norm(name + ".norm0", inner));
        b.convs.push_back(
            conv(name + ".conv1",
                 {.in = inner, .out = inner, .stride = stride, .groups = s.cardinality}));
        b.norms.push_back(norm(name + ".norm1", inner));
        b.convs.push_back(
            conv(name + ".conv2", {.in = inner, .out = out, .kernel = 1, .padding = 0}));
        b.norms.push_back(norm(name + ".norm2", out));
        if (in != out) {
          b.shortcut.push_back(
              conv(name + ".shortcut",
                   {.in = in, .out = out, .kernel = 1, .stride = stride, .padding = 0}));
          b.shortcut_norm.push_back(norm(name + ".shortcut_norm", out));
        }
        blocks_.push_back(std::move(b));
        in = out;
      }
    }
    add_classifier(in);
  }

  Tensor operator()(const Tensor& images, dropout_pass& dropout) const override {
    const bool training = dropout.is_training();
    Tensor x = at::relu(first_norm_(products_, first_(products_, images, training), training));
    for (const residual_block& b : blocks_) {
      Tensor y = x;
      for (std::size_t i = 0; i < 3; ++i) {
        y = b.norms[i](products_, b.convs[i](products_, y, training), training);
        if (i < 2) y = at::relu(y);
      }
      if (!b.shortcut.empty()) {
        x = b.shortcut_norm[0](products_, b.shortcut[0](products_, x, training), training);
      }
      x = at::relu(y + x);
    }
    return classified_mean(dropout(x));
  }

 private:
  conv_layer first_;
  batch_norm_layer first_norm_;
  std::vector<residual_block> blocks_;
};

// Patches are all you need (Trockman and Kolter 2022): an embedding of patches, then blocks of a
// depthwise convolution with a residual connection and a 1 x 1 convolution, each followed by GELU
// and batch norm.
class convmixer : public convolutional {
 public:
  convmixer(const image_model_settings& s, const arm& products, std::uint64_t seed)
      : convolutional(s, products, seed) {
    if (s.kernel % 2 == 0) throw std::invalid_argument("kernel must be odd");
    add("patches", {.in = 3,
                    .out = s.width,
                    .kernel = s.patch,
                    .stride = s.patch,
                    .padding = 0,
                    .biased = true,
                    .is_first = true});
    for (std::int64_t i = 0; i < s.depth; ++i) {
      const std::string name = "block" + std::to_string(i);
      add(name + ".depthwise", {.in = s.width,
                                .out = s.width,
                                .kernel = s.kernel,
                                .padding = s.kernel / 2,
                                .groups = s.width,
                                .biased = true});
      add(name + ".pointwise",
          {.in = s.width, .out = s.width, .kernel = 1, .padding = 0, .biased = true});
    }
    add_classifier(s.width);
  }

  Tensor operator()(const Tensor& images, dropout_pass& dropout) const override {
    const bool training = dropout.is_training();
    Tensor x = step(0, images, training);
    for (std::size_t i = 1; i < convs_.size(); i += 2) {
      x = step(i, x, training) + x;
      x = step(i + 1, x, training);
    }
    return classified_mean(dropout(x));
  }

 private:
  void add(const std::string& name, const conv_layer::shape& shape) {
    // As in cnn: an adder convolution has a NAME.norm of its own.
    convs_.push_back(conv(name + ".conv", shape));
    norms_.push_back(norm(name + ".norm", shape.out));
  }
  Tensor step(std::size_t i, const Tensor& x, bool training) const {
    return norms_[i](products_, products_.gelu(convs_[i](products_, x, training)), training);
  }

  std::vector<conv_layer> convs_;
  std::vector<batch_norm_layer> norms_;
};

constexpr network_kind kKinds[] = {{"cnn", make_network<cnn>},
                                   {"vgg", make_network<vgg>},
                                   {"preresnet", make_network<preresnet>},
                                   {"resnext", make_network<resnext>},
                                   {"convmixer", make_network<convmixer>}};

}  // namespace

std::span<const network_kind> convolutional_networks() { return kKinds; }

}  // namespace pamkit::training
