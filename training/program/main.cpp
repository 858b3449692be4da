#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>

#include "data_command.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/interruption.hpp"
#include "train_command.hpp"
#include "use_commands.hpp"
#include "wait_policy.hpp"

namespace {

// Exit codes of all programs of this project.
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kInterrupted = 130;

// Every step frees and asks for the same sizes again. By default the larger ones go back to the system each
// time, and their pages are cleared anew: about half of a step's time on a busy machine.
void keep_freed_memory() {
  constexpr int limit = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, limit);
  mallopt(M_TRIM_THRESHOLD, limit);
  mallopt(M_TOP_PAD, 64 << 20);
}

int complain(const std::string& message, int code) {
  fmt::print(stderr, "pamkit: {}\n", message);
  return code;
}

int run_guarded(const std::function<int()>& run) {
  using namespace pamkit::training;
  try {
    return run();
  } catch (const input_error& error) {
    return complain(error.what(), kUsage);
  } catch (const std::filesystem::filesystem_error& error) {
    return complain(error.what(), kUsage);
  } catch (const interrupted&) {
    return complain("interrupted; the same command goes on from here", kInterrupted);
  } catch (const c10::Error& error) {
    return complain(error.what_without_backtrace(), kFailed);
  } catch (const std::exception& error) {
    return complain(error.what(), kFailed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  pamkit::training::let_waiting_threads_sleep(argv);
  keep_freed_memory();
  CLI::App app("pamkit's training programs", "pamkit");
  app.require_subcommand(1);
  std::function<int()> run;
  pamkit::training::add_train_command(app, run);
  pamkit::training::add_use_commands(app, run);
  pamkit::training::add_data_command(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return complain(std::string(error.what()) + "; see pamkit COMMAND --help", kUsage);
  }
  return run_guarded(run);
}
