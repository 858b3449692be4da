#include <lzma.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>

#include "pamkit/training/corpus.hpp"
#include "pamkit/training/input_error.hpp"

// zlib and liblzma take and give `unsigned char`; so do the buffers here.

namespace pamkit::training {
namespace {

using bytes = std::vector<unsigned char>;

constexpr std::size_t chunk_size = std::size_t{1} << 16;

bytes read_raw(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw input_error(path.string(), "is a folder", "a file was expected");
  }
  // A pipe would be waited for, a device may have no end.
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    throw input_error(path.string(), "is no regular file", "a file was expected");
  }
  struct closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, closer> file(std::fopen(path.c_str(), "rb"));
  if (!file) {
    throw input_error(path.string(), std::strerror(errno), "a readable file was expected");
  }
  bytes content;
  for (;;) {
    const std::size_t before = content.size();
    content.resize(before + chunk_size);
    const std::size_t got = std::fread(&content[before], 1, chunk_size, file.get());
    content.resize(before + got);
    if (got < chunk_size) break;
  }
  if (std::ferror(file.get()) != 0) {
    throw input_error(path.string(), std::strerror(errno), "a readable file was expected");
  }
  return content;
}

// Every gzip member in turn; what follows a member must be another one or zero bytes (tape
// padding).
std::string gunzip(const bytes& packed, const std::string& name) {
  const std::string expected = "a whole gzip file was expected (gzip -t checks it)";
  z_stream stream{};
  constexpr int window_bits_gzip_only = 15 + 16;
  if (inflateInit2(&stream, window_bits_gzip_only) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, inflateEnd);
  std::string result;
  std::array<unsigned char, chunk_size> chunk{};
  std::size_t begin = 0;
  do {
    int status = Z_OK;
    while (status != Z_STREAM_END) {
      constexpr std::size_t most = std::numeric_limits<unsigned>::max() / 2;
      const std::size_t left = packed.size() - begin;
      const std::size_t offered = left < most ? left : most;
      if (offered == 0) throw input_error(name, "the gzip data are cut off", expected);
      stream.next_in = &packed[begin];
      stream.avail_in = static_cast<unsigned>(offered);
      do {
        stream.next_out = chunk.data();
        stream.avail_out = chunk.size();
        status = inflate(&stream, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
          throw input_error(name,
                            "the gzip data are damaged (" +
                                std::string(stream.msg != nullptr ? stream.msg : "zlib") + ")",
                            expected);
        }
        result.append(chunk.begin(), chunk.end() - stream.avail_out);
      } while (stream.avail_out == 0 && status != Z_STREAM_END);
      begin += offered - stream.avail_in;
    }
    std::size_t padding = begin;
    while (padding < packed.size() && packed[padding] == 0) ++padding;
    if (padding == packed.size()) begin = packed.size();
    inflateReset(&stream);
  } while (begin < packed.size());
  return result;
}

std::string unxz(const bytes& packed, const std::string& name) {
  const std::string expected = "a whole xz file was expected (xz -t checks it)";
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, std::numeric_limits<std::uint64_t>::max(), LZMA_CONCATENATED) !=
      LZMA_OK) {
    throw std::bad_alloc();
  }
  const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> guard(&stream, lzma_end);
  std::string result;
  std::array<unsigned char, chunk_size> chunk{};
  stream.next_in = packed.data();
  stream.avail_in = packed.size();
  for (;;) {
    stream.next_out = chunk.data();
    stream.avail_out = chunk.size();
    const lzma_ret status = lzma_code(&stream, LZMA_FINISH);
    result.append(chunk.begin(), chunk.end() - static_cast<std::ptrdiff_t>(stream.avail_out));
    if (status == LZMA_STREAM_END) return result;
    if (status == LZMA_BUF_ERROR) {
      throw input_error(name, "the xz data are cut off", expected);
    }
    if (status == LZMA_MEM_ERROR) throw std::bad_alloc();
    if (status != LZMA_OK) {
      throw input_error(
          name, status == LZMA_FORMAT_ERROR ? "not in xz format" : "the xz data are damaged",
          expected);
    }
  }
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  const bytes raw = read_raw(path);
  const bool is_gz = path.extension() == ".gz";
  const bool is_xz = path.extension() == ".xz";
  if (!is_gz && !is_xz) return {raw.begin(), raw.end()};
  if (raw.empty()) {
    throw input_error(path.string(), "empty",
                      is_gz ? "a gzip file was expected" : "an xz file was expected");
  }
  return is_gz ? gunzip(raw, path.string()) : unxz(raw, path.string());
}

}  // namespace pamkit::training
