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

/// A JPEG of one colour, of as many components as `color` has.
inline std::string jpeg(int width, int height, std::vector<std::uint8_t> color, J_COLOR_SPACE space,
                        bool adobe = false) {
  jpeg_compress_struct info{};
  jpeg_error_mgr error{};
  info.err = jpeg_std_error(&error);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = static_cast<int>(color.size());
  info.in_color_space = space;
  jpeg_set_defaults(&info);
  info.write_Adobe_marker = adobe ? TRUE : FALSE;
  jpeg_set_quality(&info, 100, TRUE);
  jpeg_start_compress(&info, TRUE);
  std::vector<std::uint8_t> row;
  for (int i = 0; i < width; ++i) row.insert(row.end(), color.begin(), color.end());
  JSAMPROW line = row.data();
  while (info.next_scanline < info.image_height) jpeg_write_scanlines(&info, &line, 1);
  jpeg_finish_compress(&info);
  std::string result(bytes, bytes + size);
  jpeg_destroy_compress(&info);
  std::free(bytes);
  return result;
}

}  // namespace pamkit::training
