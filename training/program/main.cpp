#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "data_command.hpp"
#include "failures.hpp"
#include "operators_command.hpp"
#include "train_command.hpp"
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

}  // namespace

int main(int argc, char** argv) {
  using namespace pamkit::training;
  let_waiting_threads_sleep(argv);
  keep_freed_memory();
  CLI::App app("pamkit's training programs", "pamkit");
  app.require_subcommand(1);
  std::function<int()> run;
  add_train_command(app, run);
  add_use_commands(app, run);
  add_data_command(app, run);
  add_operators_command(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return complain({kUsage, std::string(error.what()) + "; see pamkit COMMAND --help"});
  }
  try {
    return run();
  } catch (...) {
    return complain(current_failure());
  }
}
