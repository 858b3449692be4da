#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace pamkit::training {

/// Why a run cannot go on behind the first `length` bytes of its metrics.jsonl: there are fewer, or
/// they are not whole lines of JSON objects. Empty where it can.
std::string complaint_of_metrics(const std::filesystem::path& path, std::uint64_t length);

/// metrics.jsonl of a run, one object a line. Opened at the length that a checkpoint remembers, so that a
/// resumed run writes no line twice.
class metrics_file {
 public:
  /// Cuts the file, which has `length` bytes or more, to that many and goes on behind them. Throws
  /// input_error where it is not writable.
  metrics_file(std::filesystem::path path, std::uint64_t length);
  metrics_file(const metrics_file&) = delete;
  metrics_file& operator=(const metrics_file&) = delete;
  ~metrics_file();

  /// Appends a line. Throws input_error where the disk does not take it.
  void append(const nlohmann::ordered_json& line);

  /// Flushes to the disk and returns the length so far.
  std::uint64_t sync();

 private:
  std::filesystem::path path_;
  int file_ = -1;
  std::uint64_t length_ = 0;
};

}  // namespace pamkit::training
