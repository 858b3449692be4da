#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>

#include "command.hpp"
#include "console.hpp"
#include "interruption.hpp"
#include "json_output.hpp"
#include "list_option.hpp"
#include "options.hpp"
#include "pamkit/proofs/link.hpp"
#include "pamkit/proofs/record.hpp"
#include "progress.hpp"
#include "table.hpp"

namespace pamkit::cli {
namespace {

struct prove_options {
  std::string property;
  std::string format;
  std::string folder;
  number_option jobs = jobs_option();
  number_option timeout = {"--timeout", "seconds for one statement and format (default: 300)", 1};
  std::string out = "report";
  std::string json_file;
  bool only_list = false;
  bool quiet = false;
  bool force = false;
};

// One call of the solver.
struct question {
  std::string name;
  std::string format;
  std::string sentence;
  std::string script;
};

// What --property calls the statements about compiled code, which are about binary32.
constexpr const char* kCode = "code";

// A link compares this many results of the emulator, over all policies.
constexpr std::size_t kLinkedCases = 320;

proofs::proof_folder read_folder(const prove_options& options) {
  try {
    return proofs::read_folder(options.folder.empty() ? proofs::default_folder()
                                                      : std::filesystem::path(options.folder));
  } catch (const std::exception& error) {
    throw failure(error.what());
  }
}

std::vector<any_format> read_formats(const std::string& text) {
  if (text.empty()) return proofs::default_proof_formats();
  std::vector<any_format> formats;
  for (const std::string& item : split_list("--format", text)) {
    const auto format = parse_format(item);
    if (!format) {
      throw failure(fmt::format("--format: no format {}; there are {}, N = 1..23", in_quotes(item),
                                fmt::join(format_names(), ", ")));
    }
    formats.push_back(*format);
  }
  return formats;
}

std::vector<question> questions_of(const prove_options& options,
                                   const proofs::proof_folder& folder) {
  std::vector<std::string> known = {kCode};
  for (const auto& s : folder.statements) {
    if (std::ranges::find(known, s.property) == known.end()) known.push_back(s.property);
  }
  std::vector<std::string> asked;
  if (!options.property.empty()) {
    for (const std::string& id : split_list("--property", options.property)) {
      asked.push_back(read_name("--property", "proved property", id, known));
    }
  }
  std::vector<question> all;
  const auto is_asked_for = [&](const std::string& property) {
    return asked.empty() || std::ranges::find(asked, property) != asked.end();
  };
  const std::vector<any_format> formats = read_formats(options.format);
  const bool has_binary32 = std::ranges::any_of(
      formats, [](const any_format& f) { return describe(f).name == "binary32"; });
  if (!asked.empty() && is_asked_for(kCode)) {
    if (!has_binary32) {
      throw failure("--format: statements about compiled code are about binary32; name it too");
    }
    if (!options.folder.empty()) {
      throw failure("--proofs: statements about compiled code are in no folder; leave it out");
    }
  }
  try {
    if (options.folder.empty() && is_asked_for(kCode) && has_binary32) {
      for (const auto& s : proofs::read_code_statements()) {
        all.push_back({s.name, "binary32", s.sentence + " (" + s.domain + ")", s.text});
      }
    }
    if (asked == std::vector<std::string>{kCode}) return all;
    for (const any_format& format : formats) {
      const std::string name = describe(format).name;
      const std::string prelude = folder.prelude(format);
      for (const char* operation : proofs::linked_operations) {
        all.push_back({fmt::format("link_{}", operation), name,
                       "the definition equals the emulator's on directed cases",
                       prelude + proofs::link_script(operation, format, 1, kLinkedCases)});
      }
      for (const auto& s : folder.statements) {
        if (is_asked_for(s.property) && s.is_about(name)) {
          all.push_back({s.name, name, s.sentence, prelude + s.text});
        }
      }
    }
  } catch (const failure&) {
    throw;
  } catch (const std::exception& error) {
    throw failure(error.what());
  }
  return all;
}

std::vector<proofs::judged_statement> judge_all(const prove_options& options,
                                                const std::string& solver, double limit,
                                                const std::vector<question>& questions) {
  const graceful_interruption interruption;
  progress_line progress(options.quiet);
  std::vector<proofs::judged_statement> found(questions.size());
  std::atomic<std::size_t> next{0};
  std::exception_ptr error;
  std::mutex mutex;
  std::size_t done = 0;
  {
    const auto work = [&] {
      for (std::size_t i = next++; i < questions.size() && !interruption.requested(); i = next++) {
        const question& q = questions[i];
        try {
          auto v = proofs::run_solver(solver, q.script, std::chrono::duration<double>(limit),
                                      [&] { return interruption.requested().load(); });
          found[i] = {q.name, q.format, proofs::fingerprint(q.script), std::move(v)};
        } catch (...) {
          const std::scoped_lock lock(mutex);
          if (!error) error = std::current_exception();
          next = questions.size();
        }
        const std::scoped_lock lock(mutex);
        progress.update(static_cast<double>(++done), static_cast<double>(questions.size()),
                        "proofs", q.name);
      }
    };
    const std::uint64_t jobs = std::min<std::uint64_t>(
        options.jobs.read_or(std::max(1U, std::thread::hardware_concurrency())), 1024);
    std::vector<std::jthread> threads;
    for (std::uint64_t j = 0; j < jobs; ++j) threads.emplace_back(work);
  }
  if (interruption.requested())
    throw failure("interrupted; nothing was written", exit_code::interrupted);
  if (error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      throw failure(e.what(), exit_code::missing);
    }
  }
  return found;
}

void refuse_malformed(const proofs::proof_folder& folder,
                      const std::vector<proofs::judged_statement>& found) {
  for (const auto& s : found) {
    if (s.found.error.empty()) continue;
    throw failure(
        fmt::format("{}: the solver cannot read {} for {}: {}; lines count from the start "
                    "of what './pamkit prove' joins: format, definitions, statement",
                    folder.path.string(), s.name, s.format, s.found.error));
  }
}

exit_code run(const prove_options& options) {
  const proofs::proof_folder folder = read_folder(options);
  const std::vector<question> questions = questions_of(options, folder);
  if (options.only_list) {
    table lines({"statement", "format", "sentence"});
    for (const question& q : questions) lines.add({q.name, q.format, q.sentence});
    print_out("{}", lines.text());
    return exit_code::passed;
  }
  if (questions.empty()) {
    throw failure("no statement about compiled code is here: they need nvcc when pamkit is built",
                  exit_code::missing);
  }
  const std::filesystem::path file = std::filesystem::path(options.out) / "prove.json";
  require_writable(file, options.force);
  if (!options.json_file.empty() && options.json_file != "-")
    require_writable(options.json_file, true);
  const auto solver = proofs::find_solver();
  if (!solver) {
    const char* const named = std::getenv("PAMKIT_Z3");
    throw failure(
        fmt::format("z3 is not here{}: call './pamkit prove', which installs it, put z3 on "
                    "the PATH, or name one by PAMKIT_Z3",
                    named == nullptr || *named == '\0'
                        ? ""
                        : fmt::format(", PAMKIT_Z3={} is no program", named)),
        exit_code::missing);
  }
  const auto limit = static_cast<double>(options.timeout.read_or(300));
  const auto found = judge_all(options, *solver, limit, questions);
  refuse_malformed(folder, found);

  const auto document = proofs::to_json(proofs::solver_version(*solver), limit, found);
  write_json(document, file.string());
  const bool is_piped = options.json_file == "-";
  if (!options.json_file.empty()) write_json(document, options.json_file);
  table lines({"statement", "format", "precondition", "statement", "mutant", "seconds", ""});
  table wrong_lines = lines;
  std::size_t wrong = 0;
  for (const auto& s : found) {
    const bool fine = s.found.are_expected();
    const std::vector<std::string> line = {s.name,
                                           s.format,
                                           s.found.vacuity,
                                           s.found.statement,
                                           s.found.mutant,
                                           fmt::format("{:.2f}", s.found.seconds),
                                           fine ? "proved" : "FAILED"};
    lines.add(line);
    if (!fine) wrong_lines.add(line);
    wrong += fine ? 0 : 1;
  }
  if (!is_piped) {
    if (!options.quiet) print_out("{}\n", lines.text());
    if (wrong != 0) {
      print_out("not as expected (sat, unsat, sat):\n{}\n", wrong_lines.text(2));
    }
    print_out("{} proved, {} failed; {} written\n", found.size() - wrong, wrong, file.string());
  }
  return wrong == 0 ? exit_code::passed : exit_code::wrong;
}

}  // namespace

namespace commands {

command prove() {
  return {.name = "prove",
          .summary = "prove laws and bounds of the integer form for every operand, by z3",
          .examples =
              "  pamkit prove\n"
              "  pamkit prove --property P3,P4 --format bfloat16,binary32m10\n"
              "  pamkit prove --list\n",
          .exit_codes =
              "  1    a verdict is not the expected one; a time limit and 'unknown' count as that\n"
              "  3    z3 is not here, or answers nothing\n",
          .attach = [](CLI::App& app) -> std::function<exit_code()> {
            auto options = std::make_shared<prove_options>();
            make_list(app.add_option("--property", options->property,
                                     "properties that have a proof, as in --list, or code: the "
                                     "compiled probes (default: all)")
                          ->type_name("P[,...]"));
            make_list(app.add_option("--format", options->format,
                                     "binary32, bfloat16, binary16, e5m2, e4m3 or binary32mN, "
                                     "N = 1..23 (default: all)")
                          ->type_name("FORMAT[,...]"));
            app.add_option("--proofs", options->folder,
                           "folder of proof files (default: reference/proofs)")
                ->type_name("DIR");
            options->jobs.attach(app);
            options->timeout.attach(app);
            app.add_option("--out", options->out, "folder for prove.json (default: report)")
                ->type_name("DIR");
            app.add_option("--json", options->json_file,
                           "prove.json to FILE too; '-' is standard output")
                ->type_name("FILE");
            app.add_flag("--list", options->only_list, "the statements, without proving them");
            app.add_flag("--quiet", options->quiet, "failures and the closing line only");
            app.add_flag("--force", options->force,
                         "replace files of --out that pamkit did not write");
            return [options] { return run(*options); };
          }};
}

}  // namespace commands
}  // namespace pamkit::cli
