#include "pamkit/training/image_models.hpp"

#include <array>
#include <stdexcept>

namespace pamkit::training {
namespace {

struct maker {
  const char* kind;
  decltype(&make_cnn) make;
};
constexpr std::array kMakers = {maker{"cnn", make_cnn},         maker{"vit", make_vit},
                                maker{"vgg", make_vgg},         maker{"preresnet", make_preresnet},
                                maker{"resnext", make_resnext}, maker{"convmixer", make_convmixer}};

}  // namespace

std::unique_ptr<image_model> make_image_model(const image_model_settings& settings,
                                              const arm& products, std::uint64_t seed) {
  for (const maker& m : kMakers) {
    if (settings.kind == m.kind) return m.make(settings, products, seed);
  }
  throw std::invalid_argument("no network is of kind '" + settings.kind + "'");
}

}  // namespace pamkit::training
