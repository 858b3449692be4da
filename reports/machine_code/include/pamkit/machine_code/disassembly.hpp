#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// What a compiler made of a translation unit, as binutils' objdump reads it back.

namespace pamkit::machine_code {

/// Something is wrong with what was given: a file, a list, the disassembler. The message says what
/// and where.
class unreadable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct instruction {
  std::uint64_t address = 0;
  std::string mnemonic;  ///< in lower case, without prefixes ("rep", "lock")
  std::string operands;
};

/// The code from one symbol to the next.
struct function_code {
  std::string name;  ///< demangled
  std::vector<instruction> instructions;
};

enum class architecture : std::uint8_t { x86_64, aarch64 };
std::string_view name_of(architecture a);

struct object_code {
  std::filesystem::path file;
  architecture machine = architecture::x86_64;
  std::vector<function_code> functions;
};

/// Disassembles an object file, a library or a program. Throws `unreadable` if `objdump` cannot
/// read it, if it is for another architecture than those above, and for an instruction that objdump
/// does not know: that one could be anything.
object_code disassemble(const std::filesystem::path& file, const std::string& objdump = "objdump");

/// What `objdump` printed for `file`; the part of disassemble() that needs no process.
object_code read_disassembly(const std::filesystem::path& file, const std::string& text);

/// The instructions of an innermost loop, the jump back included: the ones from the target of a
/// backward jump to the jump, with no other backward jump between. In the order of the code.
std::vector<std::vector<instruction>> innermost_loops(const function_code& function);

}  // namespace pamkit::machine_code
