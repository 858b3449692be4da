#include "pamkit/training/transformer.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "pamkit/operators/recorded.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/subwords.hpp"

namespace pamkit::training {
namespace {

constexpr std::int64_t kFirstPositions = 1024;
constexpr double kHidden = -std::numeric_limits<double>::infinity();

const transformer_settings& checked(const transformer_settings& s) {
  if (s.vocabulary < 1 || s.encoder_layers < 1 || s.decoder_layers < 1 || s.width < 2 ||
      s.feed_forward < 1 || s.heads < 1 || (s.separate_source && s.source_vocabulary < 1)) {
    throw std::invalid_argument("every size of a transformer must be positive, its width at least 2");
  }
  if (s.width % s.heads != 0 || s.width % 2 != 0) {
    throw std::invalid_argument("width " + std::to_string(s.width) +
                                " must be even and a multiple of heads " + std::to_string(s.heads));
  }
  return s;
}

template <class Layer>
std::vector<Layer> make_layers(layer_maker& make, const std::string& name, std::int64_t count,
                               const transformer_settings& settings) {
  std::vector<Layer> layers;
  for (std::int64_t i = 0; i < count; ++i) {
    layers.emplace_back(make, name + "." + std::to_string(i), settings);
  }
  return layers;
}

// Standard deviation width^(-1/2), as FairSeq has it.
at::Tensor make_table(parameter_list& parameters, const std::string& name, std::int64_t rows,
                      std::int64_t width) {
  at::Tensor table =
      parameters.add_uniform(name, {rows, width}, std::sqrt(3.0 / static_cast<double>(width)));
  parameters.last_is_embedding();
  return table;
}

// The norm at the end of a pre-norm stack.
std::optional<norm_layer> end_norm(layer_maker& make, const std::string& name,
                                   const transformer_settings& s) {
  if (s.norm_after) return std::nullopt;
  return norm_layer(make, name, s.width);
}

// [positions, positions]: -inf above the diagonal.
at::Tensor causal_mask(std::int64_t positions, at::Device device) {
  const auto options = at::TensorOptions(device).dtype(at::kFloat);
  return at::triu(at::full({positions, positions}, kHidden, options), 1);
}

// Rows [0, count).
at::Tensor sinusoidal_positions(std::int64_t count, std::int64_t width) {
  at::Tensor table = at::empty({count, width}, at::kFloat);
  const operators::recorded told("pamkit::sinusoidal_positions", table);
  float* const to = table.mutable_data_ptr<float>();
  const std::int64_t half = width / 2;
  for (std::int64_t i = 0; i < half; ++i) {
    const double exponent =
        half == 1 ? 0.0 : static_cast<double>(i) / static_cast<double>(half - 1);
    const double frequency = std::pow(10000.0, -exponent);
    for (std::int64_t row = 0; row < count; ++row) {
      const double angle = static_cast<double>(row) * frequency;
      to[row * width + i] = static_cast<float>(std::sin(angle));
      to[row * width + half + i] = static_cast<float>(std::cos(angle));
    }
  }
  return table;
}

}  // namespace

encoder_layer::encoder_layer(layer_maker& make, const std::string& name,
                             const transformer_settings& s)
    : norm_after(s.norm_after),
      self_norm(make, name + ".self_norm", s.width),
      self(make, name + ".self", s.width, s.heads),
      feed_norm(make, name + ".feed_norm", s.width),
      feed(make, name + ".feed", s.width, s.feed_forward) {}

at::Tensor encoder_layer::operator()(const arm& products, at::Tensor x, const at::Tensor& mask,
                                     dropout_pass& dropout) const {
  const at::Tensor normal = norm_after ? x : self_norm(products, x);
  x = x + dropout(self(products, normal, self.project(products, normal), mask));
  if (norm_after) x = self_norm(products, x);
  x = x + dropout(feed(products, norm_after ? x : feed_norm(products, x)));
  return norm_after ? feed_norm(products, x) : x;
}

decoder_layer::decoder_layer(layer_maker& make, const std::string& name,
                             const transformer_settings& s)
    : norm_after(s.norm_after),
      self_norm(make, name + ".self_norm", s.width),
      self(make, name + ".self", s.width, s.heads),
      cross_norm(make, name + ".cross_norm", s.width),
      cross(make, name + ".cross", s.width, s.heads),
      feed_norm(make, name + ".feed_norm", s.width),
      feed(make, name + ".feed", s.width, s.feed_forward) {}

at::Tensor decoder_layer::operator()(const arm& products, at::Tensor x, key_values& past,
                                     const at::Tensor& self_mask, const key_values& source,
                                     const at::Tensor& source_mask, dropout_pass& dropout) const {
  const at::Tensor normal = norm_after ? x : self_norm(products, x);
  const key_values own = self.project(products, normal);
  past = past.keys.defined() ? key_values{at::cat({past.keys, own.keys}, 1),
                                          at::cat({past.values, own.values}, 1)}
                             : own;
  x = x + dropout(self(products, normal, past, self_mask));
  if (norm_after) x = self_norm(products, x);
  x = x + dropout(cross(products, norm_after ? x : cross_norm(products, x), source, source_mask));
  if (norm_after) x = cross_norm(products, x);
  x = x + dropout(feed(products, norm_after ? x : feed_norm(products, x)));
  return norm_after ? feed_norm(products, x) : x;
}

transformer::transformer(const transformer_settings& settings, const arm& products,
                         std::uint64_t seed)
    : settings_(checked(settings)),
      positions_(settings_.width),
      products_(products),
      parameters_(seed),
      make_{parameters_, products_, settings.adder},
      table_(make_table(parameters_, "embedding", settings.vocabulary, settings.width)),
      source_table_(settings.separate_source ? make_table(parameters_, "source_embedding",
                                                          settings.source_vocabulary, settings.width)
                                             : table_),
      encoder_(make_layers<encoder_layer>(make_, "encoder", settings.encoder_layers, settings)),
      encoder_norm_(end_norm(make_, "encoder.norm", settings)),
      decoder_(make_layers<decoder_layer>(make_, "decoder", settings.decoder_layers, settings)),
      decoder_norm_(end_norm(make_, "decoder.norm", settings)) {}

at::Tensor transformer::embed(const at::Tensor& table, const at::Tensor& ids, std::int64_t offset,
                              dropout_pass& dropout) const {
  const double scale = static_cast<float>(std::sqrt(static_cast<double>(settings_.width)));
  const at::Tensor positions = positions_.rows(offset, ids.size(1));
  return dropout(products_.scaled(products_.embedding(table, ids), scale) + positions);
}

encoded_source transformer::encode(const at::Tensor& ids, dropout_pass& dropout) const {
  const at::Tensor padding = ids.eq(std::int64_t{subwords::pad_id});
  const at::Tensor mask =
      at::zeros(ids.sizes(), ids.options().dtype(at::kFloat))
          .masked_fill(padding, kHidden)
          .view({ids.size(0), 1, 1, ids.size(1)});
  at::Tensor x = embed(source_table_, ids, 0, dropout);
  for (const encoder_layer& layer : encoder_) x = layer(products_, x, mask, dropout);
  if (encoder_norm_) x = (*encoder_norm_)(products_, x);
  encoded_source source{{}, mask};
  for (const decoder_layer& layer : decoder_) {
    source.layers.push_back(layer.cross.project(products_, x));
  }
  return source;
}

at::Tensor transformer::decode(const at::Tensor& ids, std::int64_t offset,
                               std::vector<key_values>& past, const encoded_source& source,
                               dropout_pass& dropout) const {
  // One new position sees all before it.
  const at::Tensor mask = ids.size(1) == 1 ? at::Tensor() : causal_mask(ids.size(1), ids.device());
  at::Tensor x = embed(table_, ids, offset, dropout);
  for (std::size_t i = 0; i < decoder_.size(); ++i) {
    x = decoder_[i](products_, x, past[i], mask, source.layers[i], source.mask, dropout);
  }
  return decoder_norm_ ? (*decoder_norm_)(products_, x) : x;
}

at::Tensor transformer::logits(const at::Tensor& hidden) const {
  return products_.exact_linear(hidden, table_);
}

at::Tensor transformer::operator()(const at::Tensor& source, const at::Tensor& target_input,
                                   dropout_pass& dropout) const {
  const encoded_source encoded = encode(source, dropout);
  std::vector<key_values> past(decoder_.size());
  return logits(decode(target_input, 0, past, encoded, dropout));
}

position_table::position_table(std::int64_t width)
    : width_(width), table_(to_training_device(sinusoidal_positions(kFirstPositions, width))) {}

at::Tensor position_table::rows(std::int64_t first, std::int64_t count) const {
  std::int64_t needed = table_.size(0);
  while (needed < first + count) needed *= 2;
  if (needed != table_.size(0)) {
    table_ = to_training_device(sinusoidal_positions(needed, width_));
  }
  return table_.narrow(0, first, count);
}

}  // namespace pamkit::training
