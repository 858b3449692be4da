#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace pamkit::cli {

/// Writes complete lines to a descriptor: however the program ends, no line is cut. To a pipe every
/// write is at most PIPE_BUF bytes, which the system takes whole or not at all.
class line_writer {
 public:
  /// `name` is for messages.
  line_writer(int descriptor, std::string name);

  /// Room for one line of at most `size` bytes, to be filled and then committed.
  char* reserve(std::size_t size);
  void commit(std::size_t size) { used_ += size; }

  /// Writes what is buffered. False once the reader has closed the pipe; throws `failure` on other
  /// errors.
  bool flush();
  bool closed() const { return closed_; }

 private:
  int descriptor_;
  std::string name_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  bool closed_ = false;
};

}  // namespace pamkit::cli
