#include "pamkit/training/layers.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>
#include <stdexcept>

namespace pamkit::training {
namespace {

// Half the width of a uniform distribution of this standard deviation.
double limit_of(double deviation) { return deviation * std::sqrt(3.0); }

at::Tensor make_weight(layer_maker& make, const std::string& name, std::int64_t in,
                       std::int64_t out, double spread, bool is_adder) {
  if (is_adder) {
    at::Tensor weight = make.parameters.add_uniform(
        name, {out, in}, limit_of(make.adder.deviation), make.adder.rate_scale);
    make.parameters.last_is_adder();
    return weight;
  }
  // Glorot and Bengio 2010: variance 2 / (in + out).
  const double deviation = spread * std::sqrt(2.0 / static_cast<double>(in + out));
  return make.parameters.add_uniform(name, {out, in}, limit_of(deviation));
}

// [batch, positions, heads * width] -> [batch * heads, positions, width].
at::Tensor to_heads(const at::Tensor& x, std::int64_t heads) {
  const std::int64_t width = x.size(2) / heads;
  return x.view({x.size(0), x.size(1), heads, width})
      .transpose(1, 2)
      .reshape({x.size(0) * heads, x.size(1), width});
}

at::Tensor from_heads(const at::Tensor& x, std::int64_t heads) {
  const std::int64_t batch = x.size(0) / heads;
  return x.view({batch, heads, x.size(1), x.size(2)})
      .transpose(1, 2)
      .reshape({batch, x.size(1), heads * x.size(2)});
}

// The spread of FairSeq's query, key and value weights.
const double kProjectionSpread = std::sqrt(0.5);

}  // namespace

norm_layer::norm_layer(layer_maker& make, const std::string& name, std::int64_t width)
    : gain(make.parameters.add_constant(name + ".gain", {width}, 1)),
      bias(make.parameters.add_constant(name + ".bias", {width}, 0)) {}

at::Tensor norm_layer::operator()(const arm& products, const at::Tensor& x) const {
  return products.layer_norm(x, gain, bias);
}

linear_layer::linear_layer(layer_maker& make, const std::string& name, std::int64_t in,
                           std::int64_t out, double spread, place where) {
  const bool is_adder = make.makes_adder(where == place::first);
  weight = make_weight(make, name + ".weight", in, out, spread, is_adder);
  bias = make.parameters.add_constant(name + ".bias", {out}, 0);
  if (is_adder) after.emplace(make, name + ".norm", out);
}

at::Tensor linear_layer::operator()(const arm& products, const at::Tensor& x) const {
  // What is no adder layer stays exact in arm adder; to other arms both are the same.
  if (!after) return products.exact_linear(x, weight, bias);
  return (*after)(products, products.linear(x, weight, bias));
}

attention_layer::attention_layer(layer_maker& make, const std::string& name, std::int64_t width,
                                 std::int64_t head_count)
    : heads(head_count),
      query(make, name + ".query", width, width, kProjectionSpread),
      key(make, name + ".key", width, width, kProjectionSpread),
      value(make, name + ".value", width, width, kProjectionSpread),
      output(make, name + ".output", width, width) {
  if (make.makes_adder() && make.adder.values) {
    after_values.emplace(make, name + ".values_norm", width);
  }
}

key_values attention_layer::project(const arm& products, const at::Tensor& x) const {
  return {to_heads(key(products, x), heads), to_heads(value(products, x), heads)};
}

at::Tensor attention_layer::operator()(const arm& products, const at::Tensor& queries,
                                       const key_values& memory, const at::Tensor& mask) const {
  const at::Tensor q = to_heads(query(products, queries), heads);
  at::Tensor scores = products.attention_scores(q, memory.keys);
  if (mask.defined()) {
    const at::Tensor by_head =
        scores.view({queries.size(0), heads, scores.size(1), scores.size(2)});
    scores = (by_head + mask).view(scores.sizes());
  }
  const at::Tensor weights = products.softmax(scores);
  if (!after_values) {
    return output(products, from_heads(products.attention_values(weights, memory.values), heads));
  }
  if (mask.defined()) {
    throw std::logic_error("a hidden position's weight is 0, which adds -abs(value)");
  }
  const at::Tensor values = from_heads(products.adder_values(weights, memory.values), heads);
  return output(products, (*after_values)(products, values));
}

feed_forward_layer::feed_forward_layer(layer_maker& make, const std::string& name,
                                       std::int64_t width, std::int64_t hidden)
    : up(make, name + ".up", width, hidden), down(make, name + ".down", hidden, width) {}

at::Tensor feed_forward_layer::operator()(const arm& products, const at::Tensor& x) const {
  return down(products, at::relu(up(products, x)));
}

}  // namespace pamkit::training
