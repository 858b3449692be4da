#include "pamkit/training/metrics_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <system_error>

#include "durable_file.hpp"
#include "pamkit/training/input_error.hpp"

namespace pamkit::training {

std::string complaint_of_metrics(const std::filesystem::path& path, std::uint64_t length) {
  const std::string name = path.filename().string();
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if ((error ? 0 : size) < length) return name + " has fewer lines than it remembers";
  std::ifstream file(path, std::ios::binary);
  std::string line;
  std::uint64_t number = 0;
  for (std::uint64_t end = 0; end < length; end += line.size() + 1) {
    ++number;
    const bool is_whole = std::getline(file, line) && end + line.size() < length;
    if (!is_whole || !line.starts_with('{') || !nlohmann::json::accept(line)) {
      return fmt::format("line {} of {} is no JSON object", number, name);
    }
  }
  return {};
}

metrics_file::metrics_file(std::filesystem::path path, std::uint64_t length)
    : path_(std::move(path)), length_(length) {
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) throw input_error(path_.string(), last_error(), "make the folder writable");
  if (::ftruncate(file_, static_cast<off_t>(length)) != 0 || ::lseek(file_, 0, SEEK_END) < 0) {
    const std::string reason = last_error();
    ::close(file_);
    throw input_error(path_.string(), reason, "make the file writable");
  }
}

metrics_file::~metrics_file() { ::close(file_); }

void metrics_file::append(const nlohmann::ordered_json& line) {
  const std::string text = line.dump() + "\n";
  write_all(file_, text, path_);
  length_ += text.size();
}

std::uint64_t metrics_file::sync() {
  if (::fsync(file_) != 0) throw input_error(path_.string(), last_error(), "make room on the disk");
  return length_;
}

}  // namespace pamkit::training
