#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <stop_token>
#include <thread>

#include "command.hpp"
#include "console.hpp"
#include "interruption.hpp"
#include "list_option.hpp"
#include "options.hpp"
#include "pamkit/properties/backends.hpp"
#include "pamkit/properties/suite.hpp"
#include "progress.hpp"
#include "vector_line.hpp"
#include "verify_output.hpp"
#include "verify_record.hpp"

namespace pamkit::cli {
namespace {

using properties::result;

struct verify_options {
  const CLI::App* app = nullptr;  // knows which options were given
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
  bool fresh = false;
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

  if (request.operation.empty() && request.property == "P1") {
    throw failure("--op: P1 is about an operation, and none is named; give --op mul, say");
  }
  // What the arithmetic defines, not every backend has: simd nothing of profile paper.
  const bool is_elementwise = find_operation(request.operation) != nullptr &&
                              request.arithmetic.info->defines(request.operation);
  bool all_hold = true;
  bool is_judged = false;
  for (const backend* implementation : backends.present) {
    if (is_elementwise &&
        implementation->elementwise(request.operation, request.arithmetic.info->name) == nullptr) {
      print_out("{}: backend {} has no {} {}; not run\n", request.property, implementation->name,
                request.operation,
                chosen == profile::standard
                    ? fmt::format("of {}", request.arithmetic.label)
                    : fmt::format("under profile {}", name_of(chosen)));
      continue;
    }
    request.implementation = implementation;
    properties::replay_verdict verdict;
    try {
      verdict = properties::replay(request);
    } catch (const std::invalid_argument& error) {
      const bool is_told_more = !options.derivative.empty() || !options.shape.empty();
      throw failure(fmt::format("--replay: {}{}", error.what(),
                                is_told_more ? ", or not with this --derivative and --shape" : ""));
    }
    is_judged = true;
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
  if (!is_judged && !backends.present.empty()) {
    throw failure("--backend: none that was asked for has the operation, so nothing was judged; scalar has it");
  }
  return all_hold ? exit_code::passed : exit_code::wrong;
}

// ---- The whole suite
// ------------------------------------------------------------------------------------------

verify_request request_of(const verify_options& options, const backend_choice& backends) {
  verify_request request{.options = {}, .absent_backends = backends.absent};
  properties::suite_options& wanted = request.options;
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
  return request;
}

// Whether the run came to its end.
bool run_tasks(const verify_options& options, const verify_request& request,
               const properties::shard& part, verify_journal* journal,
               properties::suite_record& record) {
  const graceful_interruption interruption;
  std::stop_source stop;
  const std::jthread watcher([&](const std::stop_token& finished) {
    while (!finished.stop_requested() && !interruption.requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (interruption.requested()) stop.request_stop();
  });
  progress_line progress(options.quiet);
  properties::run_control control{.part = part, .stop = stop.get_token()};
  control.progress = [&](std::uint64_t done, std::uint64_t total, std::string_view what) {
    progress.update(static_cast<double>(done), static_cast<double>(total), "", what);
  };
  if (journal != nullptr) {
    control.on_task = [&](std::uint64_t task, const std::vector<result>& rows,
                          const std::vector<properties::used_cases>& made) {
      journal->add(task, rows, made);
    };
  }
  try {
    return properties::run_tasks(request.options, control, record) && !interruption.requested();
  } catch (const std::logic_error& error) {
    // Kernels that access, wait or exchange as they must not: no result is there to be compared.
    throw failure(error.what(), exit_code::wrong);
  }
}

// Somebody's shared library: what a file says about it would not tell one build of it from the next.
bool has_plugin(const backend_choice& backends) {
  const auto here = properties::all_backends();
  return std::ranges::any_of(backends.present, [&](const backend* b) {
    return std::ranges::find(here, b) == here.end();
  });
}

// What would change nothing is refused, not passed over.
void refuse_unread(const verify_options& options) {
  const auto refuse = [](std::string_view option, std::string_view why) {
    throw failure(fmt::format("{}: {}; leave it out", option, why));
  };
  if (!options.replay.empty()) {
    for (const char* const option :
         {"--level", "--seed", "--count", "--jobs", "--errors", "--shard", "--out", "--json",
          "--junit", "--fresh", "--quiet", "--force"}) {
      if (options.app->count(option) != 0)
        refuse(option, "--replay judges one case and writes no file");
    }
  } else {
    constexpr std::string_view kWhy = "it says what a case of --replay is, and there is none";
    if (!options.derivative.empty()) refuse("--derivative", kWhy);
    if (!options.shape.empty()) refuse("--shape", kWhy);
  }
  if (options.fresh && options.level.read() != properties::suite_level::exhaustive) {
    refuse("--fresh", "only a run at --level exhaustive keeps a journal that could be discarded");
  }
}

exit_code run(const verify_options& options) {
  refuse_unread(options);
  const properties::shard part = options.shard.read();
  // One shard of one is a shard too: who asks for N of them need not treat an N of 1 by itself.
  const bool is_shard = options.app->count("--shard") != 0;
  const backend_choice backends = options.backends.read();
  if (is_shard && has_plugin(backends)) {
    throw failure(
        "--shard: shards of a shared library's run cannot be merged; leave --shard out");
  }
  for (const std::string& name : backends.absent) complain(absent_backend_message(name));
  const exit_code code = backends.absent.empty() ? exit_code::passed : exit_code::missing;
  if (!options.replay.empty()) return graver(code, replay(options, backends));

  verify_output output(options.out);
  output.json_file = options.json_file;
  output.junit_file = options.junit_file;
  output.errors = options.errors.read_or(20);
  output.quiet = options.quiet;
  require_writable(output, options.force);
  const verify_request request = request_of(options, backends);
  if (backends.present.empty()) return show_results({}, backends.absent, output);

  properties::suite_record record;
  std::optional<verify_journal> journal;
  if (request.options.level == properties::suite_level::exhaustive && !has_plugin(backends)) {
    journal.emplace(output.journal, request, part, options.fresh, record);
  }
  if (!run_tasks(options, request, part, journal ? &*journal : nullptr, record)) {
    if (!journal) throw failure("interrupted; nothing was written", exit_code::interrupted);
    throw failure(fmt::format("interrupted; {} keeps what is done, and the same command goes on "
                              "from there",
                              journal->file().string()),
                  exit_code::interrupted);
  }
  if (record.tasks == 0) {
    if (journal) journal->remove();
    throw failure(
        "nothing to verify: no statement is about these operations, formats and properties; "
        "see 'pamkit list properties'");
  }
  properties::suite_results results = properties::results_of(request.options, record);
  if (!is_shard) {
    add_proofs(request.options, output, results);
    if (!has_verdict(results)) {
      if (journal) journal->remove();
      throw nothing_verified(results);
    }
  }
  const std::string document = is_shard ? write_shard(request, part, record) : "";
  const exit_code result = show_results(std::move(results), backends.absent, output, document);
  if (journal) journal->remove();
  return result;
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
          "  pamkit verify --level exhaustive --shard 2/4 --out part-2\n"
          "  pamkit verify --property P4 --format bfloat16 --replay 3FC0,3FC0,4040\n",
      .exit_codes =
          "  1    a statement does not hold; standard output has the counterexample and how to "
          "replay it\n"
          "  3    an asked backend is not here; the others were verified\n",
      .attach = [](CLI::App& app) -> std::function<exit_code()> {
        auto options = std::make_shared<verify_options>();
        options->app = &app;
        options->operations.attach(app);
        options->rules.attach(app, multiplicity::list);
        options->backends.attach(app);
        options->level.attach(app, "quick, standard or exhaustive");
        make_list(app.add_option("--property", options->property,
                                 "properties or single statements of them, as in 'pamkit list "
                                 "properties' (default: all)")
                      ->type_name("P[,...]"));
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
        app.add_option("--junit", options->junit_file,
                       "the results as JUnit XML to FILE; '-' is standard output")
            ->type_name("FILE");
        make_list(app.add_option("--replay", options->replay,
                                 "judge one property on one case: its operands, hexadecimal")
                      ->type_name("A[,B...]"));
        app.add_option("--derivative", options->derivative,
                       "with --replay of a vjp: approx or exact")
            ->type_name("KIND");
        app.add_option(
               "--shape", options->shape,
               "with --replay of a tensor operation: BxMxNxK of a matrix product; of a layer a "
               "shape for each operand, then attributes, as in 2x5,5,5/eps=0.001")
            ->type_name("SHAPE");
        app.add_flag("--quiet", options->quiet, "failures and the closing line only");
        app.add_flag("--fresh", options->fresh,
                     "exhaustive: discard what an interrupted run left in --out");
        app.add_flag("--force", options->force, "replace files of --out that pamkit did not write");
        return [options] { return run(*options); };
      }};
}

}  // namespace commands
}  // namespace pamkit::cli
