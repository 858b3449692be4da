#include "pamkit/machine_code/disassembly.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <sstream>

namespace pamkit::machine_code {
namespace {

// For the shell, as one word.
std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string output_of(const std::filesystem::path& file, const std::string& objdump) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    throw unreadable(file.string() + ": no such file; name object files");
  }
  // Sections of code only; the operands in Intel's order, because there a mnemonic has no suffix
  // for the operands' size.
  const std::string command = "LC_ALL=C " + quoted(objdump) +
                              " --disassemble --demangle --wide --no-show-raw-insn -M intel " +
                              quoted(std::filesystem::absolute(file).string()) + " 2>/dev/null";
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw unreadable("cannot start " + objdump);
  std::string text;
  std::array<char, 65536> part;
  for (std::size_t n = 0; (n = std::fread(part.data(), 1, part.size(), pipe)) > 0;) {
    text.append(part.data(), n);
  }
  if (pclose(pipe) != 0) {
    throw unreadable(file.string() + ": " + objdump +
                     " cannot disassemble it; it has to be an object file, and " + objdump +
                     " that of binutils");
  }
  return text;
}

architecture read_format(const std::filesystem::path& file, std::string_view line) {
  if (line.ends_with("elf64-x86-64")) return architecture::x86_64;
  if (line.ends_with("elf64-littleaarch64")) return architecture::aarch64;
  throw unreadable(file.string() + ": '" + std::string(line.substr(line.find("file format"))) +
                   "'; what is judged is elf64-x86-64 and elf64-littleaarch64");
}

std::optional<std::uint64_t> read_hex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

bool is_prefix(std::string_view word) {
  constexpr std::array<std::string_view, 18> prefixes = {
      "rep", "repz", "repnz", "repe", "repne", "lock", "data16", "addr32",   "notrack",
      "bnd", "cs",   "ds",    "es",   "fs",    "gs",   "ss",     "xacquire", "xrelease"};
  return std::ranges::find(prefixes, word) != prefixes.end() || word.starts_with("rex") ||
         word.starts_with("{");
}

// "  1a4:\tvaddps ymm0,ymm1,ymm2"; nothing for any other line.
std::optional<instruction> read_instruction(std::string_view line) {
  const std::size_t colon = line.find(":\t");
  const std::size_t start = line.find_first_not_of(' ');
  if (colon == std::string_view::npos || start == 0 || start >= colon) return std::nullopt;
  const auto address = read_hex(line.substr(start, colon - start));
  if (!address) return std::nullopt;
  instruction found{.address = *address, .mnemonic = {}, .operands = {}};
  std::string_view rest = line.substr(colon + 2);
  do {
    const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
    found.mnemonic = rest.substr(0, end);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t", end), rest.size()));
  } while (is_prefix(found.mnemonic) && !rest.empty());
  found.operands = rest;
  return found;
}

}  // namespace

std::string_view name_of(architecture a) {
  return a == architecture::x86_64 ? "x86-64" : "aarch64";
}

object_code read_disassembly(const std::filesystem::path& file, const std::string& text) {
  object_code code{.file = file, .machine = architecture::x86_64, .functions = {}};
  bool is_known = false;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("file format ") != std::string::npos && line.front() != ' ') {
      code.machine = read_format(file, line);
      is_known = true;
    } else if (line.ends_with(">:") && line.find(" <") != std::string::npos) {
      const std::size_t open = line.find(" <");
      code.functions.push_back({line.substr(open + 2, line.size() - open - 4), {}});
    } else if (auto found = read_instruction(line)) {
      if (found->mnemonic == "(bad)" || found->mnemonic == ".inst" || found->mnemonic == ".byte") {
        throw unreadable(file.string() + ": an instruction that objdump does not know, in " +
                         (code.functions.empty() ? "?" : code.functions.back().name) +
                         "; a newer binutils may know it");
      }
      if (code.functions.empty()) code.functions.push_back({"(no symbol)", {}});
      code.functions.back().instructions.push_back(*std::move(found));
    }
  }
  if (!is_known) throw unreadable(file.string() + ": not what objdump prints");
  return code;
}

object_code disassemble(const std::filesystem::path& file, const std::string& objdump) {
  return read_disassembly(file, output_of(file, objdump));
}

std::vector<std::vector<instruction>> innermost_loops(const function_code& function) {
  const auto& code = function.instructions;
  std::vector<std::vector<instruction>> loops;
  std::size_t after_last_jump_back = 0;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const std::string& mnemonic = code[i].mnemonic;
    if (!mnemonic.starts_with('j') && !mnemonic.starts_with("b.") && mnemonic != "cbnz") continue;
    // "40 <name+0x40>"; on aarch64 also "x0, 40 <name+0x40>".
    std::string_view operands = code[i].operands;
    operands = operands.substr(0, operands.find(" <"));
    const std::size_t comma = operands.find(", ");
    const auto target =
        read_hex(comma == std::string_view::npos ? operands : operands.substr(comma + 2));
    if (!target || *target > code[i].address) continue;
    const auto first = std::ranges::lower_bound(code, *target, {}, &instruction::address);
    const auto start = static_cast<std::size_t>(first - code.begin());
    if (start < code.size() && code[start].address == *target && start >= after_last_jump_back) {
      loops.emplace_back(first, code.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
    after_last_jump_back = i + 1;
  }
  return loops;
}

}  // namespace pamkit::machine_code
