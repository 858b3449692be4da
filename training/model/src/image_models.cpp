#include "pamkit/training/image_models.hpp"

#include <stdexcept>

namespace pamkit::training {

std::unique_ptr<image_model> make_image_model(const image_model_settings& settings,
                                              const arm& products, std::uint64_t seed) {
  for (const auto& kinds : {convolutional_networks(), vision_transformers()}) {
    for (const network_kind& k : kinds) {
      if (settings.kind == k.name) return k.make(settings, products, seed);
    }
  }
  throw std::invalid_argument("no network is of kind '" + settings.kind + "'");
}

}  // namespace pamkit::training
