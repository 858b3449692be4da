#include <algorithm>
#include <cmath>

#include "pamkit/training/image.hpp"

namespace pamkit::training {
namespace {

struct mix {
  int low;
  int high;
  double share;  ///< of high
};

// The two pixels beside a place, in a row of `count`.
mix beside(double place, int count) {
  const double clamped = std::clamp(place, 0.0, static_cast<double>(count - 1));
  const int low = static_cast<int>(clamped);
  return {low, std::min(low + 1, count - 1), clamped - low};
}

}  // namespace

image resized(const image& from, double top, double left, double part_height, double part_width,
              int width, int height) {
  image to(width, height);
  for (int row = 0; row < height; ++row) {
    const mix y = beside(top + (row + 0.5) * part_height / height - 0.5, from.height);
    for (int column = 0; column < width; ++column) {
      const mix x = beside(left + (column + 0.5) * part_width / width - 0.5, from.width);
      for (int c = 0; c < 3; ++c) {
        const auto along = [&](int r) {
          return from.at(r, x.low)[c] * (1 - x.share) + from.at(r, x.high)[c] * x.share;
        };
        to.at(row, column)[c] = static_cast<std::uint8_t>(
            std::lround(along(y.low) * (1 - y.share) + along(y.high) * y.share));
      }
    }
  }
  return to;
}

image fitted(const image& from, int width, int height) {
  if (from.width == width && from.height == height) return from;
  const double scale =
      std::min(static_cast<double>(from.width) / width, static_cast<double>(from.height) / height);
  const double part_width = width * scale;
  const double part_height = height * scale;
  return resized(from, (from.height - part_height) / 2, (from.width - part_width) / 2, part_height,
                 part_width, width, height);
}

}  // namespace pamkit::training
