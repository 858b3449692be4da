#pragma once

#include <cstdint>

#include "pamkit/training/image.hpp"
#include "pamkit/training/philox.hpp"

namespace pamkit::training {

/// The random numbers of one image in one epoch: a function of seed, epoch, image and the number of
/// the draw, so that no order of work changes them.
class image_randomness {
 public:
  image_randomness(std::uint64_t seed, std::uint32_t epoch, std::uint32_t image)
      : key_(philox_key_of(seed)), epoch_(epoch), image_(image) {}

  std::uint32_t bits() {
    return philox4x32_10({epoch_, draw_++, site::augmentation, image_}, key_)[0];
  }
  /// In [0, 1).
  double uniform() { return bits() / 4294967296.0; }
  /// In [0, count).
  int below(int count) { return static_cast<int>(uniform() * count); }
  double normal();

 private:
  philox_key key_;
  std::uint32_t epoch_;
  std::uint32_t image_;
  std::uint32_t draw_ = 0;
};

/// What happens to training images before they become numbers.
struct augmentation {
  int crop_padding =
      0;  ///< a random crop of the size after so many pixels of 0 on every side; 0: none
  double least_area = 1;  ///< below 1: a random part of that share of the area at least, 3:4 to 4:3
  double flip = 0;        ///< probability of a mirror image
  double rand_augment = 0;         ///< magnitude of RandAugment's two operations, 0 to 10; 0: none
  double rand_augment_spread = 0;  ///< standard deviation of the magnitude
};

/// The training image at this size.
image augmented(const image& from, int size, const augmentation& how, image_randomness& random);

/// RandAugment (arXiv:1909.13719) in the set whose effects grow with the magnitude: two of fifteen
/// operations, each applied with probability 1/2. Rotations, shears and shifts take the nearest
/// pixel, and places that come from outside are grey, 128; TIMM, whose set and magnitudes these
/// are, interpolates and fills with the mean colour of the data.
image rand_augmented(const image& from, double magnitude, double spread, image_randomness& random);

}  // namespace pamkit::training
