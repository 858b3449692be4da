#include <fmt/format.h>

#include "command.hpp"
#include "console.hpp"
#include "interruption.hpp"
#include "json_output.hpp"
#include "options.hpp"
#include "pamkit/reports/bounds_csv_header.hpp"
#include "pamkit/reports/error_report.hpp"
#include "plotly_option.hpp"
#include "progress.hpp"

namespace pamkit::cli {
namespace {

struct report_options {
  const CLI::App* app = nullptr;  // knows which options were given
  rule_options rules;
  operations_option operations;
  level_option level{"standard"};
  number_option seed = seed_option();
  number_option jobs = jobs_option();
  std::string out = "report";
  std::string before;
  std::string from;
  std::string mutants;
  std::string proofs;
  plotly_option plotly;
  bool quiet = false;
  bool force = false;
};

reports::report_level level_of(properties::suite_level level) {
  switch (level) {
    case properties::suite_level::quick:
      return reports::report_level::quick;
    case properties::suite_level::standard:
      return reports::report_level::standard;
    default:
      return reports::report_level::exhaustive;
  }
}

std::vector<std::string> operation_names() {
  std::vector<std::string> names;
  for (const operation_info& operation : operations()) names.emplace_back(operation.name);
  return names;
}

// What writing the files takes, measured or not.
reports::error_report_options output_options(const report_options& options) {
  reports::error_report_options wanted;
  wanted.out_dir = options.out;
  wanted.plotly = options.plotly.read();
  wanted.command = typed_command();
  wanted.mutants = options.mutants;
  wanted.proofs = options.proofs;
  return wanted;
}

reports::error_report_result measure(const report_options& options) {
  reports::error_report_options wanted = output_options(options);
  wanted.operations = options.operations.read(operation_names());
  wanted.formats = options.rules.formats();
  wanted.arithmetics = options.rules.arithmetics();
  if (auto policies = options.rules.policies(); !policies.empty())
    wanted.policies = std::move(policies);
  wanted.level = level_of(options.level.read());
  wanted.seed = options.seed.read_or(1);
  wanted.jobs = static_cast<unsigned>(std::min<std::uint64_t>(options.jobs.read_or(0), 1024));
  const graceful_interruption interruption;
  progress_line progress(options.quiet);
  wanted.stop = &interruption.requested();
  wanted.progress = [&](const reports::report_progress& now) {
    progress.update(now.done, 1, "", now.stage);
  };
  return reports::run_error_report(wanted);
}

exit_code run(const report_options& options) {
  for (const profile p : options.rules.profiles()) {
    if (p != profile::standard) {
      throw failure(
          "--profile: the report measures the default profile and counts where paper differs from "
          "it; leave it out");
    }
  }
  for (const overflow_policy overflow : options.rules.overflows()) {
    if (overflow != overflow_policy::infinity) {
      throw failure(
          "--overflow: the report measures results in range, where the policy does not act; leave "
          "it out");
    }
  }
  if (!options.from.empty()) {
    for (const char* const option :
         {"--op", "--format", "--arithmetic", "--policy", "--level", "--seed", "--jobs"}) {
      if (options.app->count(option) != 0) {
        throw failure(fmt::format("{}: --from measures nothing; leave it out", option));
      }
    }
  }
  const std::filesystem::path file = std::filesystem::path(options.out) / "report.json";
  require_writable(file, options.force);
  require_writable(std::filesystem::path(options.out) / "index.html", options.force);
  const std::filesystem::path csv = std::filesystem::path(options.out) / "report.csv";
  require_writable(csv, options.force || begins_with(csv, reports::bounds_csv_header));
  std::error_code ignored;
  if (!options.before.empty()) {
    reports::diff_reports(options.before,
                          options.before);  // refuses what is no report before the work is done
    if (std::filesystem::equivalent(options.before, file, ignored)) {
      throw failure(
          fmt::format("--diff: {} is the file about to be written; copy it, or name another --out",
                      options.before));
    }
  }
  const reports::error_report_result result =
      options.from.empty() ? measure(options)
                           : reports::render_report(options.from, output_options(options));
  if (result.interrupted) throw failure("interrupted; nothing was written", exit_code::interrupted);
  if (!options.quiet && !result.summary.empty()) print_out("{}\n", result.summary);
  exit_code code = exit_code::passed;
  if (!options.before.empty()) {
    const auto changes = reports::diff_reports(options.before, result.json_file);
    print_out("{}", reports::describe_changes(changes));
    if (!changes.empty()) code = exit_code::wrong;
  }
  if (!result.page_problem.empty()) {
    complain(result.page_problem);
    code = graver(code, exit_code::unusable);
  }
  print_out("{} bounds; {}, {}{} written\n", result.bounds, result.json_file.string(),
            result.csv_file.filename().string(),
            result.page_file.empty() ? "" : " and " + result.page_file.filename().string());
  return code;
}

}  // namespace

namespace commands {

command report() {
  return {.name = "report",
          .summary = "write the error-bound report: report/index.html, report.json and report.csv",
          .examples =
              "  pamkit report\n"
              "  pamkit report --op mul,div --format bfloat16 --arithmetic pam,pam:1.0552 --out "
              "mul-report\n"
              "  pamkit report --diff old/report.json\n"
              "  pamkit report --from report/report.json --proofs report/prove.json\n",
          .exit_codes = "  1    --diff found a bound that differs\n",
          .attach = [](CLI::App& app) -> std::function<exit_code()> {
            auto options = std::make_shared<report_options>();
            options->app = &app;
            options->operations.attach(app);
            options->rules.attach(app, multiplicity::list);
            options->level.attach(app, "quick, standard or exhaustive");
            options->seed.attach(app);
            options->jobs.attach(app);
            app.add_option("--out", options->out,
                           "folder for index.html, report.json and report.csv (default: report)")
                ->type_name("DIR");
            app.add_option("--from", options->from,
                           "an older report.json: write the files again from it, without measuring")
                ->type_name("REPORT.json");
            app.add_option("--mutants", options->mutants,
                           "results of property_tests/mutants/run.py, to show in the page (default: the "
                           "committed ones)")
                ->type_name("FILE");
            app.add_option("--proofs", options->proofs,
                           "results of pamkit prove, to show in the page")
                ->type_name("FILE");
            app.add_option("--diff", options->before,
                           "an older report.json: print the bounds that differ from it")
                ->type_name("OLD.json");
            options->plotly.attach(app);
            app.add_flag("--quiet", options->quiet, "no table");
            app.add_flag("--force", options->force,
                         "replace files of --out that pamkit did not write");
            return [options] { return run(*options); };
          }};
}

}  // namespace commands
}  // namespace pamkit::cli
