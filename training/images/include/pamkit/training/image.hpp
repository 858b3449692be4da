#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pamkit::training {

/// Rows from the top, pixels from the left, R G B of each.
struct image {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;

  image() = default;
  image(int w, int h)
      : width(w), height(h), rgb(static_cast<std::size_t>(w) * static_cast<std::size_t>(h) * 3) {}

  std::uint8_t* at(int row, int column) { return rgb.data() + offset(row, column); }
  const std::uint8_t* at(int row, int column) const { return rgb.data() + offset(row, column); }

  friend bool operator==(const image&, const image&) = default;

 private:
  std::size_t offset(int row, int column) const {
    return (static_cast<std::size_t>(row) * static_cast<std::size_t>(width) +
            static_cast<std::size_t>(column)) *
           3;
  }
};

/// Decodes a JPEG file's bytes; grey and CMYK become RGB. Throws input_error naming `name`: no
/// JPEG, damaged or cut off.
image decode_jpeg(std::string_view bytes, std::string_view name);

/// The part of `from` with its upper left corner at (top, left), bilinearly at the centres of
/// pixels, as width x height pixels; what lies outside takes the nearest edge pixel. Binary64,
/// rounded to nearest.
image resized(const image& from, double top, double left, double part_height, double part_width,
              int width, int height);

/// The largest centred part of the right shape, at this size.
image fitted(const image& from, int width, int height);

}  // namespace pamkit::training
