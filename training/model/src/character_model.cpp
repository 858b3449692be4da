#include "pamkit/training/character_model.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>
#include <limits>


namespace pamkit::training {
namespace {

constexpr std::int64_t kBytes = 256;

at::Tensor make_table(parameter_list& parameters, std::int64_t width) {
  at::Tensor table = parameters.add_uniform("embedding", {kBytes, width},
                                            std::sqrt(3.0 / static_cast<double>(width)));
  parameters.last_is_embedding();
  return table;
}

std::vector<encoder_layer> make_layers(layer_maker& make, const transformer_settings& s) {
  std::vector<encoder_layer> layers;
  for (std::int64_t i = 0; i < s.encoder_layers; ++i) {
    layers.emplace_back(make, "layer." + std::to_string(i), s);
  }
  return layers;
}

}  // namespace

character_model::character_model(const transformer_settings& settings, const arm& products,
                                 std::uint64_t seed)
    : settings_(settings),
      positions_(settings.width),
      products_(products),
      parameters_(seed),
      make_{parameters_, products_, settings.adder},
      table_(make_table(parameters_, settings.width)),
      layers_(make_layers(make_, settings)),
      norm_(make_, "norm", settings.width) {}

at::Tensor character_model::operator()(const at::Tensor& bytes, dropout_pass& dropout) const {
  const std::int64_t positions = bytes.size(1);
  const at::Tensor mask = at::triu(
      at::full({positions, positions}, -std::numeric_limits<double>::infinity(),
               table_.options().requires_grad(false)),
      1);
  at::Tensor x = products_.scaled(products_.embedding(table_, bytes),
                                  std::sqrt(static_cast<double>(settings_.width))) +
                 positions_.rows(0, positions);
  x = dropout(x);
  for (const encoder_layer& layer : layers_) x = layer(products_, x, mask, dropout);
  return products_.exact_linear(norm_(products_, x), table_);
}

}  // namespace pamkit::training
