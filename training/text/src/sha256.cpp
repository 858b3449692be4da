#include "pamkit/training/sha256.hpp"

#include <array>
#include <fstream>

#include "pamkit/training/input_error.hpp"

namespace pamkit::training {

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, std::size_t{1} << 16> chunk{};
  sha256 hash;
  std::error_code error;
  if (!file || std::filesystem::is_directory(path, error)) {
    throw input_error(path.string(), "cannot be read", "a readable file was expected");
  }
  while (file.read(chunk.data(), chunk.size()), file.gcount() > 0) {
    hash.update(std::string_view(chunk.data(), static_cast<std::size_t>(file.gcount())));
  }
  if (file.bad())
    throw input_error(path.string(), "cannot be read", "a readable file was expected");
  return hash.hex();
}

}  // namespace pamkit::training
