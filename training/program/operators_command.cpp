#include "operators_command.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "pamkit/provenance/standard_output.hpp"
#include "pamkit/provenance/write_file.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/step_operators.hpp"
#include "usage.hpp"

namespace pamkit::training {
namespace {

using provenance::print_out;

int write_operators(const std::string& file) {
  const nlohmann::ordered_json document = operators_of_steps();
  try {
    provenance::write_file_atomically(file, document.dump(1) + "\n");
  } catch (const std::runtime_error& error) {
    throw input_error("operators", error.what(), "give another --out");
  }
  print_out("{}: the operators of {} training steps\n", file, document["steps"].size());
  return 0;
}

}  // namespace

void add_operators_command(CLI::App& app, std::function<int()>& run) {
  const auto file = std::make_shared<std::string>();
  CLI::App* const command = app.add_subcommand(
      "operators",
      "Take one small training step of every recipe and arithmetic, and write what its operators "
      "multiply; pamkit audit uses it");
  command->add_option("--out", *file, "The file, JSON")->required();
  command->footer(help_footer("  pamkit-train operators --out operators.json\n"));
  command->callback([file, &run] { run = [file] { return write_operators(*file); }; });
}

}  // namespace pamkit::training
