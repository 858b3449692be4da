#include "pamkit/training/parameter_update.hpp"

namespace pamkit::training {

void update_parameters(const parameter_list& parameters, const recipe& what, const arm& products,
                       optimizer& rule, double rate, std::uint64_t update) {
  const auto& training = what.training;
  if (training.adder_eta > 0) scale_adder_gradients(parameters, training.adder_eta);
  if (training.clip_norm > 0) clip_gradients(parameters, training.clip_norm, products);
  rule.step(parameters, rate, update);
}

void first_update(const parameter_list& parameters, const recipe& what, const arm& products) {
  optimizer rule(parameters, what.training.update, products);
  update_parameters(parameters, what, products, rule, what.training.peak_rate, 1);
}

}  // namespace pamkit::training
