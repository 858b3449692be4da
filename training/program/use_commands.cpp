#include "use_commands.hpp"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "pamkit/arguments/whole_number.hpp"
#include "pamkit/provenance/standard_output.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/trained_run.hpp"
#include "pamkit/training/utf8.hpp"
#include "progress.hpp"
#include "usage.hpp"

namespace pamkit::training {
namespace {

using provenance::print_out;

struct options {
  std::string run;
  std::string data;
  std::string test;
  std::string hypotheses;
  int threads = 0;
  bool quiet = false;
};

go_on shown_on(share_line& line) {
  return [&line](double share) {
    line.show(share);
    return true;
  };
}

int evaluate_run(const options& o) {
  const trained_run run = open_run(o.run);
  std::string data = o.data;
  if (data.empty() && std::getenv("PAMKIT_DATA") != nullptr) data = std::getenv("PAMKIT_DATA");
  if (data.empty())
    throw input_error("evaluate", "no data", "give --data DIR (or set PAMKIT_DATA)");
  if (o.threads > 0) at::set_num_threads(o.threads);
  share_line line("evaluate", o.quiet);
  const evaluated result =
      evaluate(run, data, o.test.empty() ? std::nullopt : std::optional(o.test), o.hypotheses,
               shown_on(line));
  line.clear();
  const test_result& m = result.measured;
  const std::string score = fmt::format("{} {:.4f} ({})\n", m.metric, m.value, m.signature);
  if (o.hypotheses != "-") {
    print_out("{}", score);
    return 0;
  }
  for (const std::string& text : result.hypotheses) print_out("{}\n", text);
  fmt::print(stderr, "{}", score);
  return 0;
}

int translate_input(const options& o) {
  const trained_run run = open_run(o.run);
  if (o.threads > 0) at::set_num_threads(o.threads);
  std::vector<std::string> lines;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (find_invalid_utf8(line)) {
      throw input_error(fmt::format("standard input:{}", lines.size() + 1), "is not UTF-8",
                        "UTF-8 text, one sentence a line, was expected");
    }
    lines.push_back(line);
  }
  // The streams share C's buffer, where a failed read is the end of the text.
  if (std::cin.bad() || std::ferror(stdin) != 0) {
    throw input_error("standard input", "cannot be read",
                      "UTF-8 text, one sentence a line, was expected");
  }
  share_line shown("translate", o.quiet);
  const std::vector<std::string> translations = translate_lines(run, lines, shown_on(shown));
  shown.clear();
  for (const std::string& line : translations) print_out("{}\n", line);
  return 0;
}

}  // namespace

void add_use_commands(CLI::App& app, std::function<int()>& run) {
  const auto o = std::make_shared<options>();
  const auto common = [&](CLI::App* command) {
    command->add_option("run", o->run, "Folder of a finished run")->required();
    command->add_option("--threads", o->threads, "Threads (default: one for each core)")
        ->check(whole_number(1, 256));
    command->add_flag("--quiet", o->quiet, "No progress on the terminal");
  };
  CLI::App* const evaluate_command =
      app.add_subcommand("evaluate", "Measure a finished run on data and print its metric");
  common(evaluate_command);
  evaluate_command->add_option("--data", o->data, "Folder of the data (default: PAMKIT_DATA)");
  evaluate_command->add_option("--test", o->test, "Test split of text (default: the first)");
  evaluate_command->add_option(
      "--hypotheses", o->hypotheses,
      "File for the translations; - for standard output, and the metric goes to standard error");
  evaluate_command->footer(help_footer(
      "  pamkit evaluate runs/pam-1 --data DIR\n"
      "  pamkit evaluate runs/pam-1 --data DIR --test test_2016_flickr --hypotheses out.en\n"));
  evaluate_command->callback([o, &run] { run = [o] { return evaluate_run(*o); }; });

  CLI::App* const translate_command = app.add_subcommand(
      "translate", "Translate standard input, a sentence a line, with a finished run");
  common(translate_command);
  translate_command->footer(
      help_footer("  pamkit translate runs/pam-1 < sentences.de > sentences.en\n"));
  translate_command->callback([o, &run] { run = [o] { return translate_input(*o); }; });
}

}  // namespace pamkit::training
