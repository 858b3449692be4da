#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "file_lock.hpp"
#include "pamkit/properties/suite_record.hpp"

/// Runs of `verify` in pieces, as files: the journal of a long run and the files of its shards.
namespace pamkit::cli {

/// Names of backends that were asked for and are not here, with the options that decide a run.
struct verify_request {
  properties::suite_options options;
  std::vector<std::string> absent_backends;
};

/// What is done of a run, kept beside its output until that is written: a line that says which run,
/// then a line for each task, so that a run that was killed can be gone on with.
class verify_journal {
 public:
  /// Reads what an earlier run of the same request by the same program left, into `record`. Throws
  /// `failure` where the journal is another run's or another file, and where another process is at
  /// work on it. A damaged line and what follows it are not used, and `complain` says so. `fresh`
  /// discards whatever is there.
  verify_journal(std::filesystem::path file, const verify_request& request,
                 const properties::shard& part, bool fresh, properties::suite_record& record);

  void add(std::uint64_t task, const std::vector<properties::result>& rows,
           const std::vector<properties::used_cases>& made);

  /// The run is complete and its results are written.
  void remove();

  const std::filesystem::path& file() const { return file_; }

 private:
  // The length of what can be gone on from; the rest of the file is of no use.
  std::uintmax_t read(const nlohmann::ordered_json& wanted, properties::suite_record& record) const;
  void add_line(std::string text);

  std::filesystem::path file_;
  std::optional<file_lock> lock_;
  std::ofstream out_;
};

/// verify.json of one shard: the tasks that it did, not yet joined.
std::string write_shard(const verify_request& request, const properties::shard& part,
                        const properties::suite_record& record);

/// The run that the files are all shards of. Throws `failure` where they do not belong together,
/// one is missing or there twice.
struct merged_run {
  verify_request request;
  properties::suite_record record;
};
merged_run merge_shards(const std::vector<std::filesystem::path>& files);

}  // namespace pamkit::cli
