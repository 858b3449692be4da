#pragma once

#include <cstddef>
#include <cstdio>
// clang-format off
#include <jpeglib.h>
// clang-format on

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace pamkit::training {

/// How jpeg() writes.
struct jpeg_kind {
  bool adobe = false;
  bool progressive = false;  ///< in several scans
};

/// A JPEG of `height` rows of pixels, of `components` bytes each.
inline std::string jpeg_of_pixels(int height, std::vector<std::uint8_t> pixels, int components,
                                  J_COLOR_SPACE space, jpeg_kind kind = {}) {
  const std::size_t row = pixels.size() / static_cast<std::size_t>(height);
  jpeg_compress_struct info{};
  jpeg_error_mgr error{};
  info.err = jpeg_std_error(&error);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(row) / static_cast<JDIMENSION>(components);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = components;
  info.in_color_space = space;
  jpeg_set_defaults(&info);
  info.write_Adobe_marker = kind.adobe ? TRUE : FALSE;
  jpeg_set_quality(&info, 100, TRUE);
  if (kind.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW line = pixels.data() + info.next_scanline * row;
    jpeg_write_scanlines(&info, &line, 1);
  }
  jpeg_finish_compress(&info);
  std::string result(bytes, bytes + size);
  jpeg_destroy_compress(&info);
  std::free(bytes);
  return result;
}

/// A JPEG of one colour, of as many components as `color` has.
inline std::string jpeg(int width, int height, std::vector<std::uint8_t> color, J_COLOR_SPACE space,
                        bool adobe = false) {
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < width * height; ++i) pixels.insert(pixels.end(), color.begin(), color.end());
  return jpeg_of_pixels(height, pixels, static_cast<int>(color.size()), space, {.adobe = adobe});
}

}  // namespace pamkit::training
