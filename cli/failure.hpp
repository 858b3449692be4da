#pragma once

#include <stdexcept>
#include <string>

namespace pamkit::cli {

enum class exit_code : int {
  passed = 0,
  wrong = 1,     ///< something is wrong with what was verified
  unusable = 2,  ///< usage, or input that cannot be read
  missing = 3,   ///< an asked backend or device is not there; the others ran
  interrupted = 130,
};

/// Ends a command. The message is one line: what, where, and what would be right.
class failure : public std::runtime_error {
 public:
  explicit failure(const std::string& message, exit_code code = exit_code::unusable)
      : std::runtime_error(message), code_(code) {}
  exit_code code() const { return code_; }

 private:
  exit_code code_;
};

/// Of two outcomes the one that the program reports: 2 before 1 before 3 before 0.
constexpr exit_code graver(exit_code x, exit_code y) {
  constexpr auto rank = [](exit_code code) {
    switch (code) {
      case exit_code::passed:
        return 0;
      case exit_code::missing:
        return 1;
      case exit_code::wrong:
        return 2;
      case exit_code::unusable:
        return 3;
      case exit_code::interrupted:
        return 4;
    }
    return 3;
  };
  return rank(x) < rank(y) ? y : x;
}

}  // namespace pamkit::cli
