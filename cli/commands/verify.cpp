#include <fmt/format.h>

#include <chrono>
#include <stop_token>
#include <thread>

#include "command.hpp"
#include "console.hpp"
#include "interruption.hpp"
#include "json_output.hpp"
#include "options.hpp"
#include "pamkit/proofs/record.hpp"
#include "pamkit/properties/suite.hpp"
#include "pamkit/properties/verify_json.hpp"
#include "progress.hpp"
#include "vector_line.hpp"
#include "verify_text.hpp"

namespace pamkit::cli {
namespace {

using properties::result;
using properties::run_status;

struct verify_options {
  rule_options rules;
  backend_option backends;
  operations_option operations;
  level_option level;
  std::string property;
  number_option seed = seed_option();
  number_option count = count_option("cases of a sampled statement (default: of the level)");
  number_option jobs = jobs_option();
  number_option errors = errors_option();
  shard_option shard;
  std::string out = "report";
  std::string json_file;
  std::string junit_file;
  std::string replay;
  std::string derivative;
  std::string shape;
  bool quiet = false;
  bool force = false;
};

// Properties and, where one has several sentences, each of them: "P45" and "P45.padding".
std::vector<std::string> property_names() {
  std::vector<std::string> names;
  const auto add = [&](std::string name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  };
  for (const auto& p : properties::properties()) {
    add(std::string(p.id));
    add(p.key);
  }
  return names;
}

std::vector<std::string> read_properties(const std::string& text) {
  std::vector<std::string> chosen;
  if (text.empty()) return chosen;
  const auto names = property_names();
  for (const std::string& id : split_list("--property", text)) {
    chosen.push_back(read_name("--property", "property", id, names));
  }
  return chosen;
}

int default_jobs() { return static_cast<int>(std::max(1U, std::thread::hardware_concurrency())); }

// ---- One case again
// -------------------------------------------------------------------------------------------

// The one value of a list option, or the default where nothing was asked.
template <class Value>
Value one_of(std::string_view option, const std::vector<Value>& asked, Value otherwise) {
  if (asked.size() > 1) throw failure(fmt::format("{}: one value is needed with --replay", option));
  return asked.empty() ? otherwise : asked.front();
}

exit_code replay(const verify_options& options, const backend_choice& backends) {
  properties::replay_request request;
  request.property = one_of<std::string>("--property", read_properties(options.property), "P1");
  request.operation =
      one_of<std::string>("--op", options.operations.read(properties::suite_operations()), "");
  request.arithmetic =
      one_of("--arithmetic", options.rules.arithmetics(), *parse_arithmetic("pam"));
  const profile chosen = one_of("--profile", options.rules.profiles(), profile::standard);
  const auto under = under_profile(request.arithmetic, chosen);
  if (!under) {
    throw failure(fmt::format("--profile: arithmetic {} is not defined under profile {}",
                              request.arithmetic.label, name_of(chosen)));
  }
  request.arithmetic = *under;
  request.format = one_of<any_format>("--format", options.rules.formats(), binary32{});
  request.subnormals = one_of("--policy", options.rules.policies(), subnormal_policy::flush);
  request.overflow = one_of("--overflow", options.rules.overflows(), overflow_policy::infinity);
  if (!options.derivative.empty()) {
    const std::string kind =
        read_name("--derivative", "derivative", options.derivative, {"approx", "exact"});
    request.derivative = kind == "approx" ? derivative::approx : derivative::exact;
  }
  request.shape = options.shape;
  if (!covers(chosen, request.format, request.subnormals, request.overflow)) {
    throw failure(fmt::format(
        "--profile: these rules are not defined under profile {}; binary32 without policies is",
        name_of(chosen)));
  }
  const format_description format = describe(request.format);
  for (const std::string& text : split_list("--replay", options.replay)) {
    std::uint32_t bits = 0;
    // Statements about sums speak of operands widened to binary32.
    const bool is_widened = !options.shape.empty() && text.size() == 8;
    const int digits = is_widened ? 8 : digits_of(format);
    if (text.size() != static_cast<std::size_t>(digits) || !read_hex(text.data(), digits, bits)) {
      throw failure(
          fmt::format("--replay: {} is no {} encoding; write {} hexadecimal digits, as {} for 1",
                      in_quotes(text), format.name, digits, hex(format.one, format)));
    }
    request.operands.push_back(bits);
  }

  bool all_hold = true;
  for (const backend* implementation : backends.present) {
    request.implementation = implementation;
    properties::replay_verdict verdict;
    try {
      verdict = properties::replay(request);
    } catch (const std::invalid_argument& error) {
      throw failure(error.what());
    }
    all_hold = all_hold && verdict.holds;
    print_out(
        "{}: {}\n  {} {} {} {} {}, backend {}\n  operands {}\n  got      {}\n  expected {}\n  {}\n",
        request.property, verdict.sentence, request.operation, format.name,
        request.arithmetic.label, name_of(request.subnormals), name_of(request.overflow),
        implementation->name, options.replay, verdict.got, verdict.expected,
        !verdict.in_domain ? "outside of the property's domain: it says nothing here"
        : verdict.holds    ? "holds"
                           : "FAILS");
  }
  return all_hold ? exit_code::passed : exit_code::wrong;
}

// ---- The whole suite
// ------------------------------------------------------------------------------------------

// The row that says that a backend which was asked for is not here.
result absent_row(const std::string& backend) {
  result row;
  row.property = "all";
  row.operation = "all";
  row.format = row.arithmetic = row.policy = row.overflow = "any";
  row.backend = backend;
  row.domain = "any";
  row.status = run_status::not_run;
  row.reason = absent_backend_message(backend);
  return row;
}

properties::suite_results run_suite(const verify_options& options, const backend_choice& backends) {
  properties::suite_options wanted;
  wanted.backends = backends.present;
  wanted.arithmetics = options.rules.arithmetics();
  wanted.formats = options.rules.formats();
  wanted.policies = options.rules.policies();
  wanted.overflows = options.rules.overflows();
  wanted.profiles = options.rules.profiles();
  wanted.operations = options.operations.read(properties::suite_operations());
  wanted.properties = read_properties(options.property);
  wanted.level = options.level.read();
  wanted.seed = options.seed.read_or(1);
  wanted.count = options.count.read_or(0);
  const std::uint64_t jobs = options.jobs.read_or(static_cast<std::uint64_t>(default_jobs()));
  wanted.jobs = static_cast<int>(std::min<std::uint64_t>(jobs, 1024));
  if (backends.present.empty()) return {};

  const graceful_interruption interruption;
  std::stop_source stop;
  const std::jthread watcher([&](const std::stop_token& finished) {
    while (!finished.stop_requested() && !interruption.requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (interruption.requested()) stop.request_stop();
  });
  progress_line progress(options.quiet);
  properties::suite_results results = properties::run_suite(
      wanted,
      [&](std::uint64_t done, std::uint64_t total, std::string_view what) {
        progress.update(static_cast<double>(done), static_cast<double>(total), "", what);
      },
      stop.get_token());
  results.interrupted = results.interrupted || interruption.requested();
  return results;
}

// What `prove` has on record in the same folder.
void add_proofs(const verify_options& options, properties::suite_results& results) {
  properties::suite_options asked;
  asked.arithmetics = options.rules.arithmetics();
  asked.formats = options.rules.formats();
  asked.operations = options.operations.read(properties::suite_operations());
  asked.properties = read_properties(options.property);
  try {
    const auto folder = proofs::read_folder(proofs::default_folder());
    const auto record = std::filesystem::path(options.out) / "prove.json";
    for (result& row : proofs::proved_rows(record, folder, asked))
      results.rows.push_back(std::move(row));
  } catch (const std::exception& error) {
    // An installed program may be far from the proof files.
    result row;
    row.property = row.operation = "all";
    row.format = row.arithmetic = row.policy = row.overflow = row.domain = "any";
    row.backend = "specification";
    row.mode = properties::run_mode::proved;
    row.status = run_status::not_run;
    row.reason = error.what();
    results.rows.push_back(std::move(row));
  }
}

exit_code run(const verify_options& options) {
  options.shard.refuse_if_given();
  const backend_choice backends = options.backends.read();
  for (const std::string& name : backends.absent) complain(absent_backend_message(name));
  exit_code code = backends.absent.empty() ? exit_code::passed : exit_code::missing;
  if (!options.replay.empty()) return graver(code, replay(options, backends));

  const std::filesystem::path file = std::filesystem::path(options.out) / "verify.json";
  const std::uint64_t errors = options.errors.read_or(20);
  require_writable(file, options.force);
  if (!options.json_file.empty() && options.json_file != "-")
    require_writable(options.json_file, true);
  if (!options.junit_file.empty()) require_writable(options.junit_file, true);

  properties::suite_results results = run_suite(options, backends);
  if (results.interrupted)
    throw failure("interrupted; nothing was written", exit_code::interrupted);
  if (results.rows.empty() && !backends.present.empty()) {
    throw failure(
        "nothing to verify: no statement is about these operations, formats and properties; "
        "see 'pamkit list properties'");
  }
  if (!backends.present.empty()) add_proofs(options, results);
  for (const std::string& name : backends.absent) results.rows.push_back(absent_row(name));

  // With --json - standard output is the document alone.
  if (options.json_file != "-") {
    if (!options.quiet) write_out(tallies_text(results.rows) + reasons_text(results.rows));
    write_out(failures_text(results.rows, errors));
  }

  const std::string document = properties::write_verify_json(results);
  write_text(document, file);
  if (options.json_file == "-") {
    print_out("{}", document);
  } else if (!options.json_file.empty()) {
    write_text(document, options.json_file);
  }
  if (!options.junit_file.empty())
    write_text(properties::write_junit_xml(results), options.junit_file);
  if (options.json_file != "-") {
    print_out("{}{} passed, {} failed, {} not promised, {} not run; {} written\n",
              options.quiet ? "" : "\n", results.count(run_status::pass),
              results.count(run_status::fail), results.count(run_status::not_promised),
              results.count(run_status::not_run), file.string());
  }
  return results.passed() ? code : graver(code, exit_code::wrong);
}

}  // namespace

namespace commands {

command verify() {
  return {
      .name = "verify",
      .summary = "check every operation, format, arithmetic and backend against the golden model",
      .examples =
          "  pamkit verify\n"
          "  pamkit verify --level standard --format bfloat16,e4m3 --arithmetic pam,l_mul\n"
          "  pamkit verify --op mul --property P3,P4 --backend simd --junit verify.xml\n"
          "  pamkit verify --property P4 --format bfloat16 --replay 3FC0,3FC0,4040\n",
      .exit_codes =
          "  1    a statement does not hold; standard output has the counterexample and how to "
          "replay it\n"
          "  3    an asked backend is not here; the others were verified\n",
      .attach = [](CLI::App& app) -> std::function<exit_code()> {
        auto options = std::make_shared<verify_options>();
        options->operations.attach(app);
        options->rules.attach(app, multiplicity::list);
        options->backends.attach(app);
        options->level.attach(app, "quick, standard or exhaustive");
        app.add_option("--property", options->property,
                       "properties or single statements of them, as in 'pamkit list properties' "
                       "(default: all)")
            ->type_name("P[,...]")
            ->join(',');
        options->seed.attach(app);
        options->count.attach(app);
        options->jobs.attach(app);
        options->errors.attach(app);
        options->shard.attach(app);
        app.add_option("--out", options->out, "folder for verify.json (default: report)")
            ->type_name("DIR");
        app.add_option("--json", options->json_file,
                       "verify.json to FILE too; '-' is standard output")
            ->type_name("FILE");
        app.add_option("--junit", options->junit_file, "the results as JUnit XML to FILE")
            ->type_name("FILE");
        app.add_option("--replay", options->replay,
                       "judge one property on one case: its operands, hexadecimal")
            ->type_name("A[,B...]");
        app.add_option("--derivative", options->derivative,
                       "with --replay of a vjp: approx or exact")
            ->type_name("KIND");
        app.add_option("--shape", options->shape, "with --replay of a tensor operation: BxMxNxK")
            ->type_name("SHAPE");
        app.add_flag("--quiet", options->quiet, "failures and the closing line only");
        app.add_flag("--force", options->force, "replace files of --out that pamkit did not write");
        return [options] { return run(*options); };
      }};
}

}  // namespace commands
}  // namespace pamkit::cli
