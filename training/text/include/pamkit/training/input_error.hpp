#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace pamkit::training {

/// A text with its line breaks and other control characters written as \xHH: one line.
std::string one_line(std::string_view text);

/// Something from outside (a file, a folder, a text) that cannot be used. what() is one line:
/// "WHERE: what is wrong; what would be right", WHERE being a path, or PATH:LINE (the first
/// line is 1). A command that catches it prints the message and exits with 2.
class input_error : public std::runtime_error {
 public:
  /// The parts go through one_line: a file name may hold a line break.
  input_error(std::string_view where, std::string_view what, std::string_view expected);
};

}  // namespace pamkit::training
