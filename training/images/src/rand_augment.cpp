#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "pamkit/training/augmentation.hpp"

/// Operations on 8-bit images whose strength grows with a level in [0, 1].

namespace pamkit::training {
namespace {

constexpr std::uint8_t kOutside = 128;

std::uint8_t to_byte(double x) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(x, 0.0, 255.0)));
}

template <class Map>
image mapped(const image& from, const Map& map) {
  image to = from;
  for (std::uint8_t& x : to.rgb) x = map(x);
  return to;
}

// from + strength (from - towards): 0 leaves the image, -1 gives `towards`.
image away_from(const image& towards, const image& from, double strength) {
  image to = from;
  for (std::size_t i = 0; i < to.rgb.size(); ++i) {
    to.rgb[i] = to_byte(from.rgb[i] + strength * (from.rgb[i] - double{1} * towards.rgb[i]));
  }
  return to;
}

double grey_of(const std::uint8_t* p) { return 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]; }

image grey(const image& from) {
  image to = from;
  for (std::size_t i = 0; i < to.rgb.size(); i += 3) {
    std::fill_n(to.rgb.begin() + static_cast<std::ptrdiff_t>(i), 3,
                to_byte(grey_of(from.rgb.data() + i)));
  }
  return to;
}

image mean_grey(const image& from) {
  double sum = 0;
  for (std::size_t i = 0; i < from.rgb.size(); i += 3) sum += grey_of(from.rgb.data() + i);
  image to = from;
  std::ranges::fill(to.rgb, to_byte(sum / (static_cast<double>(from.rgb.size()) / 3)));
  return to;
}

// Weights 1 1 1 / 1 5 1 / 1 1 1 over 13; the edge stays.
image smooth(const image& from) {
  image to = from;
  for (int row = 1; row + 1 < from.height; ++row) {
    for (int column = 1; column + 1 < from.width; ++column) {
      for (int c = 0; c < 3; ++c) {
        int sum = 4 * from.at(row, column)[c];
        for (int y = row - 1; y <= row + 1; ++y) {
          for (int x = column - 1; x <= column + 1; ++x) sum += from.at(y, x)[c];
        }
        to.at(row, column)[c] = to_byte(sum / 13.0);
      }
    }
  }
  return to;
}

// Pixel (row, column) from place (a row + b column + ..) relative to the centre; nearest pixel.
image moved(const image& from, double xx, double xy, double yx, double yy, double dx, double dy) {
  image to(from.width, from.height);
  const double cx = (from.width - 1) / 2.0;
  const double cy = (from.height - 1) / 2.0;
  for (int row = 0; row < from.height; ++row) {
    for (int column = 0; column < from.width; ++column) {
      const double u = column - cx;
      const double v = row - cy;
      const long x = std::lround(xx * u + xy * v + dx + cx);
      const long y = std::lround(yx * u + yy * v + dy + cy);
      const bool inside = x >= 0 && x < from.width && y >= 0 && y < from.height;
      for (int c = 0; c < 3; ++c) {
        to.at(row, column)[c] =
            inside ? from.at(static_cast<int>(y), static_cast<int>(x))[c] : kOutside;
      }
    }
  }
  return to;
}

using histogram = std::array<long, 256>;

histogram histogram_of(const image& from, std::size_t channel) {
  histogram counts{};
  for (std::size_t i = channel; i < from.rgb.size(); i += 3) ++counts[from.rgb[i]];
  return counts;
}

template <class MakeTable>
image by_channel(const image& from, const MakeTable& make) {
  image to = from;
  for (std::size_t c = 0; c < 3; ++c) {
    const std::array<std::uint8_t, 256> table = make(histogram_of(from, c));
    for (std::size_t i = c; i < to.rgb.size(); i += 3) to.rgb[i] = table[from.rgb[i]];
  }
  return to;
}

// The least value becomes 0, the greatest 255.
std::array<std::uint8_t, 256> stretching(const histogram& counts) {
  std::array<std::uint8_t, 256> table{};
  int low = 0;
  int high = 255;
  while (low < 255 && counts[static_cast<std::size_t>(low)] == 0) ++low;
  while (high > 0 && counts[static_cast<std::size_t>(high)] == 0) --high;
  for (int i = 0; i < 256; ++i) {
    table[static_cast<std::size_t>(i)] =
        high <= low ? static_cast<std::uint8_t>(i) : to_byte(255.0 * (i - low) / (high - low));
  }
  return table;
}

// Values spread so that each range holds about equally many.
std::array<std::uint8_t, 256> equalizing(const histogram& counts) {
  std::array<std::uint8_t, 256> table{};
  long total = 0;
  long last = 0;
  for (const long n : counts) {
    total += n;
    if (n != 0) last = n;
  }
  const long step = (total - last) / 255;
  long sum = step / 2;
  for (std::size_t i = 0; i < 256; ++i) {
    table[i] = step == 0 ? static_cast<std::uint8_t>(i)
                         : static_cast<std::uint8_t>(std::min(255L, sum / step));
    sum += counts[i];
  }
  return table;
}

image apply(int operation, const image& from, double level, bool negative) {
  const double sign = negative ? -1 : 1;
  const double shear = sign * 0.3 * level;
  const double shift = sign * 0.45 * level;
  switch (operation) {
    case 0:
      return by_channel(from, stretching);
    case 1:
      return by_channel(from, equalizing);
    case 2:
      return mapped(from, [](std::uint8_t x) { return static_cast<std::uint8_t>(255 - x); });
    case 3: {
      const double angle = sign * 30 * level * std::numbers::pi / 180;
      return moved(from, std::cos(angle), std::sin(angle), -std::sin(angle), std::cos(angle), 0, 0);
    }
    case 4: {
      const int bits = 4 - static_cast<int>(4 * level);
      const auto mask = static_cast<std::uint8_t>(0xFF00 >> bits);
      return mapped(from, [&](std::uint8_t x) { return static_cast<std::uint8_t>(x & mask); });
    }
    case 5: {
      const double limit = 256 - std::min(256.0, std::floor(256 * level));
      return mapped(
          from, [&](std::uint8_t x) { return x < limit ? x : static_cast<std::uint8_t>(255 - x); });
    }
    case 6: {
      const double more = std::floor(110 * level);
      return mapped(from, [&](std::uint8_t x) { return x < 128 ? to_byte(x + more) : x; });
    }
    case 7:
      return away_from(grey(from), from, sign * 0.9 * level);
    case 8:
      return away_from(mean_grey(from), from, sign * 0.9 * level);
    case 9:
      return away_from(image(from.width, from.height), from, sign * 0.9 * level);
    case 10:
      return away_from(smooth(from), from, sign * 0.9 * level);
    case 11:
      return moved(from, 1, shear, 0, 1, 0, 0);
    case 12:
      return moved(from, 1, 0, shear, 1, 0, 0);
    case 13:
      return moved(from, 1, 0, 0, 1, shift * from.width, 0);
    default:
      return moved(from, 1, 0, 0, 1, 0, shift * from.height);
  }
}

}  // namespace

image rand_augmented(const image& from, double magnitude, double spread, image_randomness& random) {
  constexpr int operations = 15;
  image result = from;
  for (int i = 0; i < 2; ++i) {
    const int operation = random.below(operations);
    const bool applied = random.uniform() < 0.5;
    const double drawn = spread > 0 ? magnitude + spread * random.normal() : magnitude;
    const bool negative = random.uniform() < 0.5;
    if (applied) result = apply(operation, result, std::clamp(drawn, 0.0, 10.0) / 10, negative);
  }
  return result;
}

}  // namespace pamkit::training
