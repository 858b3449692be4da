#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <mutex>
#include <thread>

#include "command.hpp"
#include "console.hpp"
#include "interruption.hpp"
#include "json_output.hpp"
#include "options.hpp"
#include "pamkit/properties/golden_vectors.hpp"
#include "pamkit/properties/suite.hpp"
#include "progress.hpp"

namespace pamkit::cli {
namespace {

using properties::digest_group;
using properties::digest_item;

struct digest_options {
  std::string write;
  bool print = false;
  bool quiet = false;
  bool force = false;
  number_option jobs = jobs_option();
};

// The digest of each item, by this many threads; an exception of one of them ends all.
class digest_run {
 public:
  digest_run(const std::vector<digest_item>& items, bool golden)
      : items_(items), golden_(golden), digests_(items.size()) {}

  std::vector<std::string> run(std::uint64_t jobs, progress_line& progress) {
    const graceful_interruption interruption;
    {
      std::vector<std::jthread> threads;
      for (std::uint64_t i = 0; i < jobs; ++i) {
        threads.emplace_back([&] { work(interruption, progress); });
      }
    }
    if (error_) std::rethrow_exception(error_);
    if (interruption.requested())
      throw failure("interrupted; nothing was written", exit_code::interrupted);
    return std::move(digests_);
  }

 private:
  void work(const graceful_interruption& interruption, progress_line& progress) {
    for (std::size_t i = next_++; i < items_.size() && !interruption.requested(); i = next_++) {
      try {
        digests_[i] = compute(items_[i]);
      } catch (...) {
        const std::scoped_lock lock(mutex_);
        error_ = std::current_exception();
        next_ = items_.size();
        return;
      }
      const std::scoped_lock lock(mutex_);
      progress.update(static_cast<double>(++done_), static_cast<double>(items_.size()), "digests",
                      items_[i].operation);
    }
  }

  std::string compute(const digest_item& item) {
    const properties::digest_cases cases(item, operands_);
    const std::string emulated =
        cases.digest(cases.results(properties::functions_for(item, scalar_backend())));
    if (!golden_) return emulated;
    std::string golden = properties::golden_digest(item, cases);
    if (golden == emulated) return golden;
    throw failure(fmt::format("{}: the emulator's results are not the golden model's; nothing was "
                              "written, see ./pamkit verify",
                              item.arguments()),
                  exit_code::wrong);
  }

  const std::vector<digest_item>& items_;
  bool golden_;
  std::vector<std::string> digests_;
  properties::digest_operands operands_;
  std::mutex mutex_;
  std::atomic<std::size_t> next_ = 0;
  std::size_t done_ = 0;
  std::exception_ptr error_;
};

constexpr std::string_view kTitle = "# Golden digests, ";

std::string header(digest_group group) {
  return fmt::format(
      "{}{}: the SHA-256 of the lines of `./pamkit vectors ARGUMENTS`, two spaces, "
      "ARGUMENTS.\n"
      "# Written by `./pamkit digest --write DIR`; every line's results are the golden model's.\n",
      kTitle, name_of(group));
}

std::filesystem::path file_of(const digest_options& options, digest_group group) {
  return std::filesystem::path(options.write) / fmt::format("{}.txt", name_of(group));
}

exit_code run(const digest_options& options) {
  if (!options.write.empty()) {
    for (const digest_group group : properties::all_digest_groups) {
      const std::filesystem::path file = file_of(options, group);
      require_writable(file, options.force || begins_with(file, kTitle));
    }
  }
  const std::uint64_t jobs = std::min<std::uint64_t>(
      options.jobs.read_or(std::max(1U, std::thread::hardware_concurrency())), 1024);
  const auto arithmetics = properties::default_arithmetics();
  const auto& committed = properties::committed_digests();
  std::uint64_t total = 0;
  std::uint64_t differing = 0;
  std::uint64_t missing = 0;
  std::vector<std::pair<std::filesystem::path, std::string>> files;
  for (const digest_group group : properties::all_digest_groups) {
    const auto items = properties::digest_items(group, arithmetics);
    progress_line progress(options.quiet);
    const auto digests = digest_run(items, !options.write.empty()).run(jobs, progress);
    std::string text = header(group);
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string arguments = items[i].arguments();
      text += fmt::format("{}  {}\n", digests[i], arguments);
      if (options.print) print_out("{}  {}\n", digests[i], arguments);
      const auto it = committed.find(arguments);
      ++total;
      if (it == committed.end()) {
        ++missing;
      } else if (it->second != digests[i]) {
        ++differing;
        if (options.write.empty() && !options.print) {
          print_out("{}: the SHA-256 is {}, the committed one {}\n", arguments, digests[i],
                    it->second);
        }
      }
    }
    files.emplace_back(file_of(options, group), std::move(text));
  }
  if (!options.write.empty()) {
    for (const auto& [path, text] : files) write_text(text, path);
    if (!options.quiet) print_out("{} digests written to {}\n", total, options.write);
    return exit_code::passed;
  }
  if (!options.quiet && !options.print) {
    print_out("{} digests, {} differ from the committed ones, {} are not committed\n", total,
              differing, missing);
  }
  return differing == 0 ? exit_code::passed : exit_code::wrong;
}

}  // namespace

namespace commands {

command digest() {
  return {
      .name = "digest",
      .summary = "compute the golden digests: one SHA-256 for each operation and its rules",
      .examples =
          "  pamkit digest                                    compare with the committed ones\n"
          "  pamkit digest --print > digests.txt\n"
          "  pamkit digest --write property_tests/digests     from the golden model\n"
          "A digest is that of the lines that 'vectors' writes with the same arguments:\n"
          "  pamkit vectors mul --arithmetic pam --format e4m3 --policy flush --overflow infinity "
          "--level standard --count 65536 | sha256sum\n",
      .exit_codes = "  1    a digest differs from the committed one\n",
      .attach = [](CLI::App& app) -> std::function<exit_code()> {
        auto options = std::make_shared<digest_options>();
        app.add_flag("--print", options->print, "print every digest and what it is of");
        app.add_option("--write", options->write,
                       "write files to DIR, every result by the golden model")
            ->type_name("DIR");
        options->jobs.attach(app);
        app.add_flag("--quiet", options->quiet, "no summary");
        app.add_flag("--force", options->force,
                     "replace files of --write that pamkit did not write");
        return [options] { return run(*options); };
      }};
}

}  // namespace commands
}  // namespace pamkit::cli
