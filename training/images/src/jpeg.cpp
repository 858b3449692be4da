// jpeglib.h wants FILE and size_t declared.
#include <cstddef>
#include <cstdio>
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <csetjmp>
#include <string>

#include "pamkit/training/image.hpp"
#include "pamkit/training/input_error.hpp"

namespace pamkit::training {
namespace {

// libjpeg calls back and must not return from an error; a jump leaves no object behind, because the
// frames between hold none.
struct failure {
  jpeg_error_mgr manager;  // first: libjpeg hands out its address
  std::jmp_buf back;
  bool in_scans;  // the header is read
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* const f = static_cast<failure*>(info->client_data);
  info->err->format_message(info, f->message);
  std::longjmp(f->back, 1);
}

// Bytes between segments of the header harm nothing. Behind a scan they are what its decoder left
// over, having lost its place, and every other warning means lost pixels.
void take_warning(j_common_ptr info, int level) {
  const bool is_harmless = info->err->msg_code == JWRN_EXTRANEOUS_DATA &&
                           !static_cast<const failure*>(info->client_data)->in_scans;
  if (level < 0 && !is_harmless) leave(info);
}

void ignore(j_common_ptr) {}

// As many pixels as Pillow opens: a header may claim 13 GB of them.
constexpr std::uint64_t kMostPixels = 178'956'970;

std::uint8_t product(std::uint8_t a, std::uint8_t b) {
  return static_cast<std::uint8_t>((int{a} * int{b} + 127) / 255);
}

// Rows as they come into `result`. False with a message in `f`.
bool decode(jpeg_decompress_struct& info, failure& f, std::string_view bytes, image& result,
            std::vector<std::uint8_t>& row) {
  if (setjmp(f.back) != 0) return false;
  jpeg_mem_src(&info, static_cast<const unsigned char*>(static_cast<const void*>(bytes.data())),
               bytes.size());
  jpeg_read_header(&info, TRUE);
  f.in_scans = true;
  if (std::uint64_t{info.image_width} * info.image_height > kMostPixels) {
    std::snprintf(f.message, sizeof f.message, "claims %u x %u pixels, more than %llu together",
                  info.image_width, info.image_height,
                  static_cast<unsigned long long>(kMostPixels));
    return false;
  }
  const bool is_cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&info);
  const auto width = static_cast<int>(info.output_width);
  result.width = width;
  result.height = static_cast<int>(info.output_height);
  result.rgb.resize(static_cast<std::size_t>(width) * info.output_height * 3);
  row.resize(static_cast<std::size_t>(width) * 4);
  while (info.output_scanline < info.output_height) {
    const auto at = static_cast<int>(info.output_scanline);
    JSAMPROW to = is_cmyk ? row.data() : result.at(at, 0);
    jpeg_read_scanlines(&info, &to, 1);
    if (!is_cmyk) continue;
    for (int i = 0; i < width; ++i) {
      const std::uint8_t* const ink = row.data() + static_cast<std::ptrdiff_t>(i) * 4;
      for (int c = 0; c < 3; ++c) {
        // Adobe's files hold light, others ink.
        const bool is_light = info.saw_Adobe_marker != 0;
        const auto dark = [](std::uint8_t x) { return static_cast<std::uint8_t>(255 - x); };
        result.at(at, i)[c] =
            is_light ? product(ink[c], ink[3]) : product(dark(ink[c]), dark(ink[3]));
      }
    }
  }
  jpeg_finish_decompress(&info);
  return true;
}

}  // namespace

image decode_jpeg(std::string_view bytes, std::string_view name) {
  failure f{};
  jpeg_decompress_struct info{};
  info.err = jpeg_std_error(&f.manager);
  f.manager.error_exit = leave;
  f.manager.emit_message = take_warning;
  f.manager.output_message = ignore;
  info.client_data = &f;
  image result;
  std::vector<std::uint8_t> row;
  if (setjmp(f.back) != 0) throw input_error(name, f.message, "a JPEG file was expected");
  jpeg_create_decompress(&info);
  info.client_data = &f;
  const bool is_whole = decode(info, f, bytes, result, row);
  jpeg_destroy_decompress(&info);
  if (!is_whole) throw input_error(name, f.message, "a whole JPEG file was expected");
  return result;
}

}  // namespace pamkit::training
