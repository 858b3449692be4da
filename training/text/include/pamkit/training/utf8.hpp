#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace pamkit::training {

/// One code point read from text and the number of bytes it took.
struct code_point {
  char32_t value;    ///< U+FFFD where the bytes at this place are not UTF-8
  std::size_t size;  ///< 1 to 4; 1 for a byte that is not UTF-8
  bool valid;        ///< false where the bytes at this place are not UTF-8
};

/// Reads the code point at the start of `text`, which must not be empty. Strict (Unicode 15, table
/// 3-7): overlong forms, surrogates, values above U+10FFFF and cut-off sequences are not valid.
code_point first_code_point(std::string_view text);

/// The offset of the first byte at which `text` is not strict UTF-8; nothing where all of it is.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

}  // namespace pamkit::training
