// pamkit-machine-code: judges compiled objects, see pamkit/machine_code/multiplications.hpp.
// Results go to standard output; exit code 1 where something is refused, 2 where the input is
// unreadable, 3 where objdump is not there.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "pamkit/machine_code/multiplications.hpp"
#include "pamkit/provenance/environment.hpp"
#include "pamkit/provenance/write_file.hpp"

namespace {

using namespace pamkit::machine_code;

enum exit_code { passed = 0, refused = 1, unusable = 2, missing = 3 };

struct options {
  std::vector<std::string> files;
  std::string list;
  std::string excuses;
  std::string json;
  std::string objdump = "objdump";
  std::string loop_of;
  std::string loop_allows;
};

// One file name a line.
void read_list(const std::string& file, std::vector<std::string>& names) {
  std::ifstream in(file);
  if (!in) throw unreadable(file + ": cannot be read; it has to name an object file a line");
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) names.push_back(line);
  }
}

void print_finding(const unit_audit& unit, const finding& f) {
  fmt::print("refused: {}: {} {} ({}), the first at {:x} in {}\n", unit.unit, f.count, f.mnemonic,
             name_of(f.kind), f.first_address, f.function);
}

exit_code judge(const options& o) {
  const std::vector<excuse> excuses =
      o.excuses.empty() ? std::vector<excuse>() : read_excuses(o.excuses);
  std::vector<std::uint64_t> uses(excuses.size());
  auto code = nlohmann::ordered_json::array();
  std::uint64_t instructions = 0;
  std::uint64_t additions = 0;
  std::uint64_t excused = 0;
  std::uint64_t wrong = 0;
  for (const std::string& file : o.files) {
    const unit_audit unit = audit(disassemble(file, o.objdump), excuses, uses);
    instructions += unit.instructions;
    additions += unit.vector_additions;
    for (const finding& f : unit.refused) {
      print_finding(unit, f);
      wrong += f.count;
    }
    for (const finding& f : unit.excused) excused += f.count;
    code.push_back(to_json(unit));
  }
  if (instructions == 0) throw unreadable("no code in the given objects; nothing was judged");
  for (std::size_t i = 0; i < excuses.size(); ++i) {
    if (uses[i] != 0) continue;
    fmt::print("refused: {}: the excuse for '{}', '{}', '{}' excuses nothing; remove it\n",
               o.excuses, excuses[i].unit, excuses[i].function, excuses[i].instruction);
    ++wrong;
  }
  if (!o.json.empty()) {
    auto document = pamkit::provenance::file_header("pamkit.audit/1");
    document["code"] = std::move(code);
    const std::string text = document.dump(1) + "\n";
    if (o.json == "-") {
      fmt::print("{}", text);
    } else {
      pamkit::provenance::write_file_atomically(o.json, text);
    }
  }
  if (o.json != "-") {
    fmt::print(
        "{}: {} objects, {} instructions, {} additions of float vectors; {} multiplying "
        "instructions "
        "excused, {} refused\n",
        wrong == 0 ? "passed" : "REFUSED", o.files.size(), instructions, additions, excused, wrong);
  }
  return wrong == 0 ? passed : refused;
}

// "vaddps ymm", "vaddps ymm memory": the mnemonic, the widest vector registers and whether an
// operand is memory.
std::string described(const instruction& i) {
  std::string text = i.mnemonic;
  // After " <" follows the name of a target, which may hold anything.
  const std::string operands = i.operands.substr(0, i.operands.find(" <"));
  for (const char* width : {"zmm", "ymm", "xmm"}) {
    if (operands.find(width) == std::string::npos) continue;
    text.append(" ").append(width);
    break;
  }
  return operands.find('[') == std::string::npos ? text : text + " memory";
}

// What the longest innermost loop of a function consists of.
exit_code judge_loops(const options& o) {
  const std::regex wanted(o.loop_of);
  const std::regex allowed(o.loop_allows);
  bool is_found = false;
  bool is_fine = true;
  for (const std::string& file : o.files) {
    for (const function_code& f : disassemble(file, o.objdump).functions) {
      if (!std::regex_match(f.name, wanted)) continue;
      const auto loops = innermost_loops(f);
      const auto longest =
          std::ranges::max_element(loops, {}, [](const auto& loop) { return loop.size(); });
      if (longest == loops.end()) continue;
      is_found = true;
      std::map<std::string, int> counts;
      for (const instruction& i : *longest) ++counts[described(i)];
      fmt::print("{}:", f.name);
      for (const auto& [mnemonic, count] : counts) {
        const bool is_allowed = std::regex_match(mnemonic, allowed);
        is_fine = is_fine && is_allowed;
        fmt::print(" {} {}{}", count, mnemonic, is_allowed ? "" : " (refused)");
      }
      fmt::print("\n");
    }
  }
  if (!is_found) throw unreadable("no function with a loop matches '" + o.loop_of + "'");
  return is_fine ? passed : refused;
}

exit_code run(options o) {
  if (!o.list.empty()) read_list(o.list, o.files);
  if (o.files.empty()) throw unreadable("no object file was named; name some, or a list by --list");
  if (std::system((o.objdump + " --version >/dev/null 2>&1").c_str()) != 0) {
    fmt::print(stderr, "pamkit-machine-code: {} is not there: install binutils\n", o.objdump);
    return missing;
  }
  return o.loop_of.empty() ? judge(o) : judge_loops(o);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Which instructions of compiled objects multiply, and whether they may",
               "pamkit-machine-code");
  options o;
  app.add_option("object", o.files, "object files");
  app.add_option("--list", o.list, "a file that names an object file a line");
  app.add_option("--excuses", o.excuses, "instructions that may be there, with reasons (JSON)");
  app.add_option("--json", o.json, "pamkit.audit/1 to FILE; '-' is standard output");
  app.add_option("--objdump", o.objdump, "the disassembler")->capture_default_str();
  CLI::Option* const loop = app.add_option(
      "--loop", o.loop_of,
      "instead: the longest innermost loop of functions with this name (regular expression)");
  app.add_option("--loop-allows", o.loop_allows,
                 "what it may consist of: mnemonics (regular expression), 'NAME memory' with "
                 "memory operands")
      ->needs(loop);
  try {
    app.parse(argc, argv);
    return run(std::move(o));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    fmt::print(stderr, "pamkit-machine-code: {}\n", error.what());
  } catch (const std::regex_error& error) {
    fmt::print(stderr,
               "pamkit-machine-code: --loop or --loop-allows is no regular expression: {}\n",
               error.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "pamkit-machine-code: {}\n", error.what());
  }
  return unusable;
}
