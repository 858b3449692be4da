#include <fmt/format.h>

#include "command.hpp"
#include "options.hpp"
#include "pamkit/properties/suite_record.hpp"
#include "verify_output.hpp"
#include "verify_record.hpp"

namespace pamkit::cli {
namespace {

struct merge_options {
  std::vector<std::string> shards;
  std::string out = "report";
  std::string json_file;
  std::string junit_file;
  number_option errors = errors_option();
  bool quiet = false;
  bool force = false;
};

std::vector<std::filesystem::path> files_of(const std::vector<std::string>& names) {
  std::vector<std::filesystem::path> files;
  for (const std::string& name : names) {
    std::filesystem::path file = name;
    if (std::filesystem::is_directory(file)) file /= "verify.json";
    files.push_back(std::move(file));
  }
  return files;
}

exit_code run(const merge_options& options) {
  verify_output output(options.out);
  output.json_file = options.json_file;
  output.junit_file = options.junit_file;
  output.errors = options.errors.read_or(20);
  output.quiet = options.quiet;
  require_writable(output, options.force);
  const std::vector<std::filesystem::path> shards = files_of(options.shards);
  for (const std::filesystem::path& written : {output.file, std::filesystem::path(output.json_file),
                                               std::filesystem::path(output.junit_file)}) {
    std::error_code none_there;
    for (const std::filesystem::path& shard : shards) {
      if (!std::filesystem::equivalent(written, shard, none_there)) continue;
      throw failure(fmt::format("{} is a shard and would be replaced; name another --out",
                                shard.string()));
    }
  }
  merged_run merged = merge_shards(shards);
  properties::suite_results results =
      properties::results_of(merged.request.options, merged.record);
  add_proofs(merged.request.options, output, results);
  if (!has_verdict(results)) throw nothing_verified(results);
  return show_results(std::move(results), merged.request.absent_backends, output);
}

}  // namespace

namespace commands {

command merge() {
  return {.name = "merge",
          .summary = "join the shards of a 'verify' into the results of the whole",
          .examples =
              "  pamkit merge part-*\n"
              "  pamkit merge part-1 part-2/verify.json --out report\n",
          .exit_codes =
              "  1    a statement does not hold\n"
              "  3    a backend that was asked for was not there\n",
          .attach = [](CLI::App& app) -> std::function<exit_code()> {
            auto options = std::make_shared<merge_options>();
            app.add_option("SHARD", options->shards,
                           "every shard of one run: the folders of verify.json, or the files")
                ->required();
            app.add_option("--out", options->out, "folder for verify.json (default: report)")
                ->type_name("DIR");
            app.add_option("--json", options->json_file,
                           "verify.json to FILE too; '-' is standard output")
                ->type_name("FILE");
            app.add_option("--junit", options->junit_file,
                       "the results as JUnit XML to FILE; '-' is standard output")
                ->type_name("FILE");
            options->errors.attach(app);
            app.add_flag("--quiet", options->quiet, "failures and the closing line only");
            app.add_flag("--force", options->force,
                         "replace files of --out that pamkit did not write");
            return [options] { return run(*options); };
          }};
}

}  // namespace commands
}  // namespace pamkit::cli
