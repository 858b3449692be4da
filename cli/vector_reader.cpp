#include "vector_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "console.hpp"
#include "failure.hpp"
#include "vector_line.hpp"

namespace pamkit::cli {
namespace {

constexpr std::size_t kBufferSize = std::size_t{1} << 20;
constexpr std::size_t kBlockLines = std::size_t{1} << 16;
constexpr std::size_t kBlockFields = std::size_t{1} << 20;  // where lines are long
constexpr std::size_t kShownNames = 6;

}  // namespace

vector_field vector_field::encoding(std::string name, const format_description& format) {
  const std::uint32_t dropped = (std::uint32_t{1} << format.dropped_bits) - 1;
  return {std::move(name), digits_of(format), (format.sign_mask | format.magnitude_mask) & ~dropped};
}

vector_field vector_field::result(std::string name, const format_description& format) {
  return {std::move(name), digits_of(format), format.sign_mask | format.magnitude_mask};
}

vector_reader::vector_reader(const std::string& path, const format_description& format,
                             std::vector<vector_field> fields)
    : format_(format), fields_(std::move(fields)) {
  for (const vector_field& field : fields_) width_ += static_cast<std::size_t>(field.digits) + 1;
  if (!fields_.empty()) --width_;
  block_lines_ = std::clamp<std::size_t>(kBlockFields / std::max<std::size_t>(fields_.size(), 1), 1,
                                         kBlockLines);
  buffer_.resize(std::max(kBufferSize, 4 * (width_ + 2)));
  if (path.empty() || path == "-") {
    name_ = "standard input";
    return;
  }
  name_ = path;
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) {
    throw failure(
        fmt::format("{}: {}; name a readable file of vectors", path, std::strerror(errno)));
  }
}

vector_reader::~vector_reader() {
  if (descriptor_ > 0) close(descriptor_);
}

void vector_reader::refill() {
  std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  while (!at_end_ && end_ < buffer_.size()) {
    const ssize_t got = read(descriptor_, buffer_.data() + end_, buffer_.size() - end_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw failure(fmt::format("{}:{}: {}; name a readable file of vectors", name_, line_,
                                std::strerror(errno)));
    }
    at_end_ = got == 0;
    end_ += static_cast<std::size_t>(got);
    // A pipe that delivers slowly is judged as it comes: one line is enough to go on.
    if (got > 0 && std::memchr(buffer_.data(), '\n', end_) != nullptr) break;
  }
}

bool vector_reader::read_line(const char* begin, const char* end, vector_block& block) const {
  if (static_cast<std::size_t>(end - begin) != width_) return false;
  const std::size_t count = fields_.size();
  bool good = true;
  for (std::size_t i = 0; i < count; ++i) {
    const vector_field& field = fields_[i];
    std::uint32_t bits = 0;
    good &= read_hex(begin, field.digits, bits) && (bits & ~field.allowed_bits) == 0;
    block.fields[i][block.count] = bits;
    begin += field.digits;
    if (i + 1 < count) good &= *begin++ == ' ';
  }
  return good;
}

std::string vector_reader::line_form() const {
  std::string text;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const bool is_shown = i < kShownNames || i + 1 == fields_.size();
    if (!is_shown && i > kShownNames) continue;
    if (i > 0) text += ' ';
    text += is_shown ? fields_[i].name : "...";
  }
  return text;
}

bool vector_reader::next(vector_block& block) {
  block.first_line = line_;
  block.count = 0;
  block.fields.resize(fields_.size());
  for (auto& field : block.fields) field.resize(block_lines_);
  while (block.count < block_lines_) {
    const char* const begin = buffer_.data() + begin_;
    const std::size_t left = end_ - begin_;
    // No good line is longer than width + CR + LF: nothing beyond is looked at, so that a line
    // without end is refused at once.
    const std::size_t reach = std::min(left, width_ + 2);
    // Nearly every line ends where the first one did; a search is for the others.
    const void* found = left > width_ && begin[width_] == '\n' ? begin + width_
                        : reach > 0                            ? std::memchr(begin, '\n', reach)
                                                               : nullptr;
    if (found == nullptr && reach < width_ + 2 && !at_end_) {
      if (block.count > 0 && left == 0) break;
      refill();
      continue;
    }
    if (found == nullptr && left == 0) {
      if (line_ == 1) {
        throw failure(fmt::format("{}:1: empty input; give at least one line '{}'", name_,
                                  line_form()));
      }
      break;
    }
    const char* const stop = found != nullptr ? static_cast<const char*>(found) : begin + left;
    const char* const end = stop > begin && stop[-1] == '\r' ? stop - 1 : stop;
    if (!read_line(begin, end, block)) {
      if (block.count > 0) break;  // the lines before it first
      refuse(begin, end, found != nullptr || at_end_);
    }
    ++block.count;
    ++line_;
    begin_ += static_cast<std::size_t>(stop - begin) + (found != nullptr ? 1 : 0);
  }
  return block.count > 0;
}

void vector_reader::require_lines(std::uint64_t wanted) const {
  const std::uint64_t lines = line_ - 1;
  if (wanted == 0 || lines == wanted) return;
  throw failure(fmt::format("{}: {} {}, and --count says {}; see how what wrote them ended", name_,
                            lines, lines == 1 ? "line" : "lines", wanted));
}

void vector_reader::refuse(const char* begin, const char* end, bool is_whole) const {
  // Counted to its end where that was read, quoted in part.
  std::string_view line(begin, static_cast<std::size_t>(end - begin));
  if (const std::size_t stop = line.find('\n'); stop != std::string_view::npos) {
    line = line.substr(0, stop);
    if (line.ends_with('\r')) line.remove_suffix(1);
    is_whole = true;
  }
  const std::string_view text = line.substr(0, width_ + 64);  // longer than every right line
  std::vector<std::string_view> fields;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t stop = std::min(line.find(' ', at), line.size());
    fields.push_back(line.substr(at, stop - at));
    at = stop + 1;
  }
  constexpr std::size_t kMostDigits = 8;
  // Of a line whose end was not read the last field may be a part of one.
  if (!is_whole && fields.size() > 1 && fields.back().size() <= kMostDigits) fields.pop_back();
  const auto empty = std::ranges::find(fields, "");
  const auto too_long = std::ranges::find_if(
      fields, [](std::string_view f) { return f.size() > kMostDigits; });
  std::string what;
  if (empty != fields.end()) {
    what = fmt::format("field {} is empty", empty - fields.begin() + 1);
  } else if (too_long != fields.end()) {
    what = fmt::format("field {} is too long", too_long - fields.begin() + 1);
  } else if (!is_whole && fields.size() >= fields_.size()) {
    what = fmt::format("more than {} {} instead of {}", fields.size(),
                       fields.size() == 1 ? "field" : "fields", fields_.size());
  } else if (is_whole && fields.size() != fields_.size()) {
    what = fmt::format("{} {} instead of {}", fields.size(),
                       fields.size() == 1 ? "field" : "fields", fields_.size());
  }
  for (std::size_t i = 0; i < fields.size() && what.empty(); ++i) {
    std::uint32_t bits = 0;
    const vector_field& wanted = fields_[i];
    if (fields[i].size() != static_cast<std::size_t>(wanted.digits)) {
      what = fmt::format("field {} has {} characters", i + 1, fields[i].size());
    } else if (!read_hex(fields[i].data(), wanted.digits, bits)) {
      what = fmt::format("field {} is not hexadecimal", i + 1);
    } else if ((bits & ~wanted.allowed_bits) != 0) {
      what = fmt::format("field {} has one of the low {} bits set, which {} drops", i + 1,
                         format_.dropped_bits, format_.name);
    }
  }
  if (text.empty()) what = "empty line";
  throw failure(fmt::format(
      "{}:{}: {} in {}; a {} line is '{}': {} fields of {} hexadecimal digits, one space "
      "between",
      name_, line_, what, in_quotes(text), format_.name, line_form(), fields_.size(), digits_of(format_)));
}

}  // namespace pamkit::cli
