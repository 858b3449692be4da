#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace pamkit::training {

/// Something from outside (a file, a folder, a text) that cannot be used. what() is one line:
/// "WHERE: what is wrong; what would be right", WHERE being a path, or PATH:LINE (the first
/// line is 1). A command that catches it prints the message and exits with 2.
class input_error : public std::runtime_error {
 public:
  /// Line breaks and other control characters in the parts (a file name may hold them) are written
  /// as \xHH, so that the message stays one line.
  input_error(std::string_view where, std::string_view what, std::string_view expected);
};

}  // namespace pamkit::training
