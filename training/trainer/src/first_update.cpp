#include "first_update.hpp"

#include "pamkit/training/optimizer.hpp"

namespace pamkit::training {

void first_update(task& of, const recipe& what, const arm& products) {
  const auto& training = what.training;
  if (training.adder_eta > 0) scale_adder_gradients(of.parameters(), training.adder_eta);
  if (training.clip_norm > 0) clip_gradients(of.parameters(), training.clip_norm, products);
  optimizer(of.parameters(), training.update, products)
      .step(of.parameters(), training.peak_rate, 1);
}

}  // namespace pamkit::training
