#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace pamkit::cli {

/// One line on the terminal of standard error, rewritten: share done, rate, time left over the
/// whole job. Silent where standard error is no terminal, and for `quiet`. The line is wiped at the
/// end.
class progress_line {
 public:
  explicit progress_line(bool quiet);
  ~progress_line();
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  /// `done` of `total` units, and what was just finished. Draws at most every 0.2 s.
  void update(double done, double total, std::string_view unit, std::string_view what);

 private:
  using clock = std::chrono::steady_clock;

  bool shown_;
  bool drawn_ = false;
  clock::time_point start_ = clock::now();
  clock::time_point last_{};
};

/// "0:42", "12:03", "1:05:09"
std::string duration_text(double seconds);

}  // namespace pamkit::cli
