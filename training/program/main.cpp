#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <functional>
#include <sstream>

#include "data_command.hpp"
#include "failures.hpp"
#include "operators_command.hpp"
#include "pamkit/provenance/standard_output.hpp"
#include "pamkit/training/input_error.hpp"
#include "train_command.hpp"
#include "usage.hpp"
#include "use_commands.hpp"
#include "wait_policy.hpp"

namespace {

// Every step frees and asks for the same sizes again. By default the larger ones go back to the system each
// time, and their pages are cleared anew: about half of a step's time on a busy machine.
void keep_freed_memory() {
  constexpr int limit = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, limit);
  mallopt(M_TRIM_THRESHOLD, limit);
  mallopt(M_TOP_PAD, 64 << 20);
}

void require_output_written() {
  using namespace pamkit;
  const int error = provenance::output_error();
  if (error == 0) return;
  throw training::input_error("standard output", std::strerror(error),
                              "results could not be written: make room, or redirect it elsewhere");
}

// The exit code, unless results could not be written.
int ended_with(int code) {
  using namespace pamkit::training;
  try {
    require_output_written();
  } catch (...) {
    const int failed = complain(current_failure());
    return code == 0 ? failed : code;
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace pamkit::training;
  let_waiting_threads_sleep(argv);
  keep_freed_memory();
  throw_where_memory_ends();
  CLI::App app("pamkit's training programs", "pamkit");
  app.require_subcommand(1);
  app.footer("'pamkit COMMAND --help' has a command's options, examples and exit codes.");
  std::function<int()> run;
  add_train_command(app, run);
  add_use_commands(app, run);
  add_data_command(app, run);
  add_operators_command(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      std::ostringstream help;
      app.exit(error, help);
      pamkit::provenance::write_out(help.str());
      return ended_with(0);
    }
    return complain({kUsage, usage_message(error, app)});
  }
  try {
    refuse_empty_values(app);
    return ended_with(run());
  } catch (...) {
    return complain(current_failure());
  }
}
