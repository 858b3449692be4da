#pragma once

#include <filesystem>
#include <string>

#include "pamkit/provenance/sha256.hpp"

namespace pamkit::training {

using provenance::sha256;
using provenance::sha256_hex;

/// sha256 of a file's bytes as they lie on the disk (not decompressed). Throws input_error where it
/// cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace pamkit::training
