#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pamkit/format/any_format.hpp"

namespace pamkit::cli {

/// One field of a line.
struct vector_field {
  std::string name;  ///< for messages
  int digits = 8;
  std::uint32_t allowed_bits = 0xFFFFFFFF;

  /// An operand: an encoding of the format.
  static vector_field encoding(std::string name, const format_description& format);
  /// What an implementation answered: any bits of an encoding's width, those that binary32mN drops
  /// too.
  static vector_field result(std::string name, const format_description& format);
};

/// Consecutive lines, column by column.
struct vector_block {
  std::uint64_t first_line = 1;  ///< the number of the line at index 0; lines count from 1
  std::size_t count = 0;
  std::vector<std::vector<std::uint32_t>> fields;
};

/// Reads lines of encodings from a file or a pipe, block by block, in constant memory.
class vector_reader {
 public:
  /// Opens `path`, or standard input for "-" and an empty text. `format` is for messages.
  vector_reader(const std::string& path, const format_description& format,
                std::vector<vector_field> fields);
  ~vector_reader();
  vector_reader(const vector_reader&) = delete;
  vector_reader& operator=(const vector_reader&) = delete;

  /// Fills `block` with the next lines; false at the end of the input. Throws `failure` at a line
  /// that is malformed, after the lines before it have been delivered, and for input without any
  /// line.
  bool next(vector_block& block);

  /// Throws `failure` where not `wanted` lines have been delivered; 0 wants any number.
  void require_lines(std::uint64_t wanted) const;

  /// The name for messages: the path, or "standard input".
  const std::string& name() const { return name_; }

 private:
  void refill();
  // Whether the text [begin, end) is a line's content; fills row `block.count`.
  bool read_line(const char* begin, const char* end, vector_block& block) const;
  // `is_whole`: the line ends at `end`, or at a line feed before.
  [[noreturn]] void refuse(const char* begin, const char* end, bool is_whole) const;
  // "A B RESULT", with the middle left out of a long line.
  std::string line_form() const;

  int descriptor_ = 0;
  std::string name_;
  format_description format_;
  std::vector<vector_field> fields_;
  std::size_t width_ = 0;        // of a line without its end
  std::size_t block_lines_ = 0;  // so many lines at a time
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::uint64_t line_ = 1;
};

}  // namespace pamkit::cli
