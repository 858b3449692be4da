#include <fmt/format.h>

#include "command.hpp"
#include "console.hpp"
#include "json_output.hpp"
#include "pamkit/reports/comparison.hpp"
#include "plotly_option.hpp"

namespace pamkit::cli {
namespace {

struct compare_arguments {
  std::vector<std::string> directories;
  std::string out = "compare";
  std::string markdown;
  std::string keep;
  std::vector<std::string> expected;
  plotly_option plotly;
  bool quiet = false;
  bool force = false;
};

exit_code run(const compare_arguments& arguments) {
  require_writable(std::filesystem::path(arguments.out) / "compare.json", arguments.force);
  require_writable(std::filesystem::path(arguments.out) / "index.html", arguments.force);
  if (!arguments.markdown.empty()) require_writable(arguments.markdown, arguments.force);
  require_distinct({std::filesystem::path(arguments.out) / "compare.json",
                    std::filesystem::path(arguments.out) / "index.html", arguments.markdown});
  reports::compare_options wanted;
  wanted.directories.assign(arguments.directories.begin(), arguments.directories.end());
  wanted.out_dir = arguments.out;
  wanted.plotly = arguments.plotly.read();
  wanted.markdown = arguments.markdown;
  wanted.keep = arguments.keep;
  wanted.expected = arguments.expected;
  wanted.command = typed_command();
  const reports::compare_result result = reports::compare_runs(wanted);
  if (!arguments.quiet) print_out("{}\n", result.summary);
  exit_code code = exit_code::passed;
  for (const std::string& problem : result.problems) complain(problem);
  if (!result.page_problem.empty()) complain(result.page_problem);
  if (!result.problems.empty() || !result.page_problem.empty()) code = exit_code::unusable;
  print_out("{} {} compared; {}{}{} written\n", result.runs, result.runs == 1 ? "run" : "runs",
            result.json_file.string(),
            result.page_file.empty() ? "" : " and " + result.page_file.string(),
            arguments.markdown.empty() ? "" : " and " + arguments.markdown);
  if (!arguments.keep.empty())
    print_out("what comparisons read of them is in {}\n", arguments.keep);
  return code;
}

}  // namespace

namespace commands {

command compare() {
  return {
      .name = "compare",
      .summary = "write the comparison page of training runs",
      .examples =
          "  pamkit compare runs\n"
          "  pamkit compare runs/exact-1 runs/pam-1 runs/adder-1 --out page\n"
          "  pamkit compare runs --keep results\n"
          "  pamkit compare runs --expect exact,native,pam,adder --markdown docs/results.md\n",
      .exit_codes = "",
      .attach = [](CLI::App& app) -> std::function<exit_code()> {
        auto arguments = std::make_shared<compare_arguments>();
        app.add_option("DIR", arguments->directories, "run folders, or folders of run folders")
            ->required();
        app.add_option("--out", arguments->out,
                       "folder for index.html and compare.json (default: compare)")
            ->type_name("DIR");
        app.add_option("--markdown", arguments->markdown,
                       "also write the tables as a page of Markdown")
            ->type_name("FILE");
        app.add_option("--keep", arguments->keep,
                       "copy what comparisons read of each run to DIR/RECIPE/ARM-SEED: no "
                       "checkpoints, no parameters, and counts in place of sentences")
            ->type_name("DIR");
        app.add_option(
               "--expect", arguments->expected,
               "arms that there should be, as pam+all: one without a run is shown as not "
               "run; so is one that a line of expected.txt beside its recipe's run folders names")
            ->delimiter(',')
            ->type_name("ARM,...");
        arguments->plotly.attach(app);
        app.add_flag("--quiet", arguments->quiet, "no table");
        app.add_flag("--force", arguments->force,
                     "replace a compare.json, an index.html or the page of --markdown that pamkit "
                     "did not write");
        return [arguments] { return run(*arguments); };
      }};
}

}  // namespace commands
}  // namespace pamkit::cli
