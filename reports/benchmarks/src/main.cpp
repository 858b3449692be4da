// pamkit bench: kernels beside their baselines. See docs/benchmarks.md.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "bench_files.hpp"
#include "modules.hpp"
#include "page.hpp"
#include "pamkit/provenance/standard_output.hpp"
#include "pamkit/provenance/write_file.hpp"
#include "pamkit/simd.hpp"

namespace {

using namespace pamkit::benchmarks;
using pamkit::provenance::print_out;

enum exit_code { passed = 0, wrong = 1, unusable = 2, missing = 3 };

struct options {
  bool is_quick = false;
  std::string filter;
  std::vector<int> threads = {1};
  std::string target;
  std::string out = "report";
  std::string aims = PAMKIT_BENCHMARK_AIMS;
  std::string plotly;
  double seconds = 2;
  std::string markdown;
  bool is_checked = false;
  bool only_list = false;
  bool is_quiet = false;
  bool is_forced = false;
};

struct complaint : std::runtime_error {
  complaint(const std::string& message, exit_code ending)
      : std::runtime_error(message), code(ending) {}
  exit_code code;
};

void choose_target(const std::string& target) {
  if (target.empty()) return;
  std::string names;
  for (const std::string_view name : pamkit::simd_targets()) {
    if (name == "scalar") continue;  // the baseline, which is always measured
    names.append(names.empty() ? "" : ", ").append(name);
  }
  if (target != "scalar" && pamkit::use_simd_target(target)) return;
  const bool is_known =
      target == "avx512" || target == "avx2" || target == "sse4" || target == "neon";
  throw complaint(
      fmt::format("--target: no instruction set '{}' in this build and on this machine; "
                  "there are {}",
                  target, names),
      is_known ? missing : unusable);
}

std::vector<measured_case> chosen_cases(const options& o, const settings& s,
                                        std::vector<absence>& absent) {
  std::vector<measured_case> cases = all_measured_cases(s);
  std::ranges::move(load_measured(s, absent), std::back_inserter(cases));
  try {
    const std::regex wanted(o.filter);
    std::erase_if(cases,
                  [&](const measured_case& c) { return !std::regex_search(c.label(), wanted); });
  } catch (const std::regex_error&) {
    throw complaint(fmt::format("--filter: '{}' is no regular expression", o.filter), unusable);
  }
  if (cases.empty()) {
    throw complaint(fmt::format("--filter: no case matches '{}'; --list shows all", o.filter),
                    unusable);
  }
  return cases;
}

std::string plotly_file(const options& o) {
  if (!o.plotly.empty()) return o.plotly;
  const char* const named = std::getenv("PAMKIT_PLOTLY_JS");
  return named == nullptr ? "" : named;
}

exit_code run(const options& o, const std::string& command) {
  choose_target(o.target);
  const std::string target(pamkit::simd_target_name());
  run_options how;
  how.cases = {.quick = o.is_quick, .target = target};
  const std::vector<measured_case> cases = chosen_cases(o, how.cases, how.absent);
  if (o.only_list) {
    for (const measured_case& c : cases) print_out("{}\n", c.label());
    return passed;
  }
  const std::filesystem::path file = std::filesystem::path(o.out) / "bench.json";
  const std::filesystem::path html = file.parent_path() / "bench.html";
  try {
    for (const auto& output : {file, html}) pamkit::provenance::require_writable(output, o.is_forced);
    if (!o.markdown.empty()) pamkit::provenance::require_writable(o.markdown, o.is_forced);
    pamkit::provenance::require_distinct({file, html, o.markdown});
  } catch (const std::runtime_error& problem) {
    throw complaint(problem.what(), unusable);
  }

  how.plan.total = o.seconds;
  if (o.is_quick) how.plan = {.slice = 0.001, .total = 0.01, .least_rounds = 3, .most_rounds = 5};
  how.threads = o.threads;
  how.aims = read_aims(o.aims);
  const bool is_shown = !o.is_quiet && isatty(STDERR_FILENO) != 0;
  how.progress = [is_shown](std::size_t done, std::size_t all, const std::string& label) {
    if (is_shown) fmt::print(stderr, "\r\033[K{} of {}  {}", done, all, label);
  };
  // Before anything is loaded that sets up threads of its own.
  const std::vector<baseline> baselines = load_baselines(target);
  const run_result result = run_cases(cases, baselines, how);
  if (is_shown) fmt::print(stderr, "\r\033[K");

  const nlohmann::ordered_json bench = bench_json(result, target, command);
  for (const auto& line : bench["warnings"]) {
    fmt::print(stderr, "pamkit bench: warning: {}\n", line.get<std::string>());
  }
  exit_code code = passed;
  std::string page;
  try {
    page = bench_page(bench, pamkit::reports::read_plotly(plotly_file(o)));
  } catch (const pamkit::reports::input_error& problem) {
    fmt::print(stderr, "pamkit bench: {}\n", problem.what());
    code = unusable;
  }
  pamkit::reports::write_output(file, bench.dump(1) + "\n");
  if (!page.empty()) pamkit::reports::write_output(html, page);
  if (!o.markdown.empty()) pamkit::reports::write_output(o.markdown, bench_markdown(bench));
  if (!o.is_quiet) {
    print_out("speed of the {} kernels over that of their baselines\n{}", target,
               bench_table(result));
    for (const absence& a : result.absent) print_out("not there: {}: {}\n", a.what, a.reason);
  }
  print_out("{} cases checked against the definitions and timed; {}{} written\n", result.measured,
             file.string(), page.empty() ? "" : " and bench.html");
  if (!o.is_checked) return code;
  const auto slow = std::ranges::count_if(result.ratios, &ratio_row::is_too_slow);
  print_out("{} ratios below what they must be\n", slow);
  return slow > 0 ? wrong : code;
}

int command_line(int argc, char** argv) {
  CLI::App app("pamkit bench: kernels, checked and then timed in turns with their baselines",
               "pamkit bench");
  options o;
  app.add_flag("--quick", o.is_quick, "small shapes, a few milliseconds each: whether it works");
  app.add_option("--filter", o.filter,
                 "cases whose label (--list) contains this regular expression");
  app.add_option("--threads", o.threads, "numbers of threads, for matrix products")
      ->delimiter(',')
      ->check(CLI::Range(1, 256));
  app.add_option("--target", o.target,
                 "instruction set: avx512, avx2, sse4, neon (default: the best)");
  app.add_option("--seconds", o.seconds, "time for each case, about")
      ->capture_default_str()
      ->check(CLI::Validator(
          [](std::string& text) {
            double seconds = 0;
            return CLI::detail::lexical_cast(text, seconds) && seconds > 0 && seconds <= 1e6
                       ? std::string()
                       : fmt::format("'{}' is no number of seconds from 0 to 1000000", text);
          },
          "SECONDS"));
  app.add_option("--out", o.out, "folder for bench.json and bench.html")->capture_default_str();
  app.add_option("--aims", o.aims, "file of the ratios aimed for");
  app.add_option("--plotly", o.plotly,
                 "the plotly.min.js to put into the page (default: the pinned one)");
  app.add_option("--markdown", o.markdown, "a file for the same tables in Markdown");
  app.add_flag("--check", o.is_checked,
               "exit code 1 if a ratio is below the least that aims.json has for it");
  app.add_flag("--list", o.only_list, "the labels of the cases, without running them");
  app.set_help_flag("--help,-h", "this text");
  app.footer(
      "Exit codes: 0 measured; 1 a kernel is wrong, or with --check too slow; 2 usage or unwritable "
      "output;\n3 the instruction set is not there.");
  app.add_flag("--quiet", o.is_quiet, "no table, no progress");
  app.add_flag("--force", o.is_forced, "replace a bench.json that pamkit did not write");
  std::string command = "./pamkit bench";
  for (int i = 1; i < argc; ++i) command.append(" ").append(argv[i]);
  try {
    app.parse(argc, argv);
    return run(o, command);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      std::ostringstream text;
      app.exit(error, text);
      pamkit::provenance::write_out(text.str());
      return passed;
    }
    fmt::print(stderr, "pamkit bench: {}; --help tells the options\n", error.what());
    return unusable;
  } catch (const mismatch& error) {
    print_out("wrong: {}\n", error.what());
    return wrong;
  } catch (const complaint& error) {
    fmt::print(stderr, "pamkit bench: {}\n", error.what());
    return error.code;
  } catch (const std::exception& error) {
    fmt::print(stderr, "pamkit bench: {}\n", error.what());
    return unusable;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int code = command_line(argc, argv);
  if (const int error = pamkit::provenance::output_error(); error != 0) {
    fmt::print(stderr, "pamkit bench: standard output: {}\n", std::strerror(error));
    return unusable;
  }
  return code;
}
