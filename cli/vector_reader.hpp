#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pamkit/format/any_format.hpp"

namespace pamkit::cli {

/// Consecutive lines, column by column.
struct vector_block {
  static constexpr int kMaxFields = 3;

  std::uint64_t first_line = 1;  ///< the number of the line at index 0; lines count from 1
  std::size_t count = 0;
  std::array<std::vector<std::uint32_t>, kMaxFields> fields;
};

/// Reads lines of encodings from a file or a pipe, block by block, in constant memory.
class vector_reader {
 public:
  /// Opens `path`, or standard input for "-" and an empty text. `names` says what each field is,
  /// for messages.
  vector_reader(const std::string& path, const format_description& format,
                std::vector<std::string> names);
  ~vector_reader();
  vector_reader(const vector_reader&) = delete;
  vector_reader& operator=(const vector_reader&) = delete;

  /// Fills `block` with the next lines; false at the end of the input. Throws `failure` at a line
  /// that is malformed, after the lines before it have been delivered, and for input without any
  /// line.
  bool next(vector_block& block);

  /// The name for messages: the path, or "standard input".
  const std::string& name() const { return name_; }

 private:
  void refill();
  // Whether the text [begin, end) is a line's content; fills row `block.count`.
  bool read_line(const char* begin, const char* end, vector_block& block) const;
  [[noreturn]] void refuse(const char* begin, const char* end) const;

  int descriptor_ = 0;
  std::string name_;
  format_description format_;
  std::vector<std::string> names_;
  int digits_ = 0;
  std::size_t width_ = 0;  // of a line without its end
  std::uint32_t allowed_bits_ = 0;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::uint64_t line_ = 1;
};

}  // namespace pamkit::cli
