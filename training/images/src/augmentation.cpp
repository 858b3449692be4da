#include "pamkit/training/augmentation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pamkit::training {
namespace {

image mirrored(const image& from) {
  image to(from.width, from.height);
  for (int row = 0; row < from.height; ++row) {
    for (int column = 0; column < from.width; ++column) {
      std::copy_n(from.at(row, from.width - 1 - column), 3, to.at(row, column));
    }
  }
  return to;
}

// A window of the image with a margin of 0 around it.
image cropped(const image& from, int margin, int top, int left) {
  image to(from.width, from.height);
  for (int row = 0; row < from.height; ++row) {
    for (int column = 0; column < from.width; ++column) {
      const int y = row + top - margin;
      const int x = column + left - margin;
      if (y >= 0 && y < from.height && x >= 0 && x < from.width) {
        std::copy_n(from.at(y, x), 3, to.at(row, column));
      }
    }
  }
  return to;
}

// A random part of a share of the area in [least, 1] with sides 3:4 to 4:3; the largest such part
// after ten tries that do not fit.
image random_part(const image& from, int size, double least, image_randomness& random) {
  const double area = static_cast<double>(from.width) * from.height;
  for (int tries = 0; tries < 10; ++tries) {
    const double part = area * (least + (1 - least) * random.uniform());
    const double ratio = std::exp(std::log(4.0 / 3) * (2 * random.uniform() - 1));
    const double width = std::round(std::sqrt(part * ratio));
    const double height = std::round(std::sqrt(part / ratio));
    if (width < 1 || height < 1 || width > from.width || height > from.height) continue;
    const double top = random.below(from.height - static_cast<int>(height) + 1);
    const double left = random.below(from.width - static_cast<int>(width) + 1);
    return resized(from, top, left, height, width, size, size);
  }
  return fitted(from, size, size);
}

}  // namespace

// Box and Muller 1958.
double image_randomness::normal() {
  const double radius = std::sqrt(-2 * std::log((bits() + 1.0) / 4294967296.0));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

image augmented(const image& from, int size, const augmentation& how, image_randomness& random) {
  image result = how.least_area < 1 ? random_part(from, size, how.least_area, random)
                                    : fitted(from, size, size);
  if (how.crop_padding > 0) {
    const int top = random.below(2 * how.crop_padding + 1);
    const int left = random.below(2 * how.crop_padding + 1);
    result = cropped(result, how.crop_padding, top, left);
  }
  if (how.flip > 0 && random.uniform() < how.flip) result = mirrored(result);
  if (how.rand_augment > 0) {
    result = rand_augmented(result, how.rand_augment, how.rand_augment_spread, random);
  }
  return result;
}

}  // namespace pamkit::training
