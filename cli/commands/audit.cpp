#include "pamkit/reports/audit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "command.hpp"
#include "console.hpp"
#include "json_output.hpp"
#include "list_option.hpp"
#include "options.hpp"

namespace pamkit::cli {
namespace {

struct audit_options {
  std::string kinds;
  std::string out = "report";
  std::string json_file;
  std::string device_code;
  std::string operators;
  bool quiet = false;
  bool force = false;
};

std::vector<std::string> read_kinds(const audit_options& options) {
  const std::vector<std::string> known(std::begin(reports::audit_kinds),
                                       std::end(reports::audit_kinds));
  if (options.kinds.empty()) return known;
  std::vector<std::string> asked;
  for (const std::string& name : split_list("--kind", options.kinds)) {
    asked.push_back(read_name("--kind", "kind of code", name, known));
  }
  return asked;
}

// A file that was named is there and is looked at: a certificate about something else is none.
void require_used(std::string_view option, const std::string& file,
                  const std::vector<std::string>& kinds,
                  std::initializer_list<std::string_view> about) {
  if (file.empty()) return;
  const bool is_used = std::ranges::any_of(kinds, [&](const std::string& kind) {
    return std::ranges::find(about, kind) != about.end();
  });
  if (!is_used) {
    throw failure(fmt::format("{}: it is about {}, which --kind leaves out; leave it out too",
                              option, fmt::join(about, " and ")));
  }
  if (std::filesystem::is_regular_file(file) && access(file.c_str(), R_OK) == 0) return;
  throw failure(fmt::format("{}: {} is no file that can be read", option, file));
}

// One line for each kind of code, and for each arithmetic and scope of a training step.
std::string summary(const nlohmann::ordered_json& document) {
  struct count {
    std::size_t units = 0;
    std::size_t multiplying = 0;
  };
  std::map<std::string, count> kinds;
  for (const auto& entry : document["code"]) {
    if (entry.value("is_baseline", false)) continue;
    count& c = kinds[entry["kind"]];
    ++c.units;
    c.multiplying += entry["multiplications"] != 0 ? 1U : 0U;
  }
  std::string text;
  for (const auto& [kind, c] : kinds) {
    text += fmt::format("{}: {} {}, {} of them multiply data{}\n", kind, c.units,
                        kind == "x86" ? "objects" : "kernels", c.multiplying,
                        kind == "x86" ? " unexcused" : "");
  }
  for (const auto& entry : document["steps"]) {
    text += fmt::format(
        "operators: {}: {:.0f} multiplications and {:.0f} quotients left in one step of each of {} "
        "recipes\n",
        entry["arm"].get<std::string>(), entry["multiplications"].get<double>(),
        entry["quotients"].get<double>(), entry["recipes"].size());
  }
  return text;
}

exit_code run(const audit_options& options) {
  const std::vector<std::string> kinds = read_kinds(options);
  require_used("--device-code", options.device_code, kinds, {"ptx", "sass"});
  require_used("--operators", options.operators, kinds, {"operators"});
  const std::filesystem::path folder = options.out;
  require_writable(folder / "audit.json", options.force);
  require_writable(folder / "audit.html", options.force);
  if (!options.json_file.empty() && options.json_file != "-") {
    require_writable(options.json_file, true);
  }
  require_distinct({folder / "audit.html", options.json_file});
  reports::audit_result result;
  try {
    result = reports::audit(
        kinds,
        {.objects = PAMKIT_OBJECT_LIST,
         .excuses = PAMKIT_EXCUSES,
         .device_code = options.device_code.empty() ? PAMKIT_DEVICE_CODE : options.device_code,
         .operators = options.operators.empty() ? PAMKIT_OPERATORS : options.operators},
        typed_command());
  } catch (const failure&) {
    throw;
  } catch (const std::exception& error) {
    throw failure(error.what());
  }
  write_json(result.document, (folder / "audit.json").string());
  write_text(reports::audit_page(result.document), folder / "audit.html");
  if (!options.json_file.empty()) write_json(result.document, options.json_file);
  if (options.json_file != "-") {
    for (const std::string& sentence : result.refused) print_out("refused: {}\n", sentence);
    if (!options.quiet) {
      print_out("{}", summary(result.document));
      for (const auto& reason : result.document["not_run"]) {
        print_out("not run: {}\n", reason.get<std::string>());
      }
    }
    print_out("{}; {} and audit.html written\n",
              result.refused.empty() ? "passed" : fmt::format("{} refused", result.refused.size()),
              (folder / "audit.json").string());
  }
  exit_code code = result.refused.empty() ? exit_code::passed : exit_code::wrong;
  // What was not asked for by name may be missing.
  if (!options.kinds.empty() && !result.absent.empty()) code = graver(code, exit_code::missing);
  return code;
}

}  // namespace

namespace commands {

command audit() {
  return {
      .name = "audit",
      .summary = "certify what multiplies: processor code, PTX, GPU machine code, training steps",
      .examples =
          "  pamkit audit\n"
          "  pamkit audit --kind ptx,sass\n"
          "  pamkit audit --kind operators\n",
      .exit_codes =
          "  1    code multiplies that promises not to, or costs more than its budget\n"
          "  3    a kind of code that was asked for is not there\n",
      .attach = [](CLI::App& app) -> std::function<exit_code()> {
        auto options = std::make_shared<audit_options>();
        make_list(app.add_option("--kind", options->kinds,
                                 "x86, ptx, sass, operators (default: all that are here)")
                      ->type_name("KIND[,...]"));
        app.add_option("--device-code", options->device_code,
                       "what cuda/audit found of device code (default: what the build made)")
            ->type_name("FILE");
        app.add_option("--operators", options->operators,
                       "what pamkit-train operators found of training steps (default: what "
                       "./pamkit audit made)")
            ->type_name("FILE");
        app.add_option("--out", options->out,
                       "folder for audit.json and audit.html (default: report)")
            ->type_name("DIR");
        app.add_option("--json", options->json_file,
                       "audit.json to FILE too; '-' is standard output")
            ->type_name("FILE");
        app.add_flag("--quiet", options->quiet, "what is refused and the closing line only");
        app.add_flag("--force", options->force, "replace files of --out that pamkit did not write");
        return [options] { return run(*options); };
      }};
}

}  // namespace commands
}  // namespace pamkit::cli
