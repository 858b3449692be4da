#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/machine_code/disassembly.hpp"

/// Which instructions of compiled code multiply, and which of them may.
///
/// Fused multiply-add is refused everywhere: one rounding in place of two changes bits, and
/// contraction by a compiler is how it gets in. Everything else that multiplies, divides or takes
/// roots is refused too, unless an excuse with a reason is on file for the place; integer
/// arithmetic on general registers, which computes addresses, is not counted.

namespace pamkit::machine_code {

enum class multiplying : std::uint8_t {
  none,
  fused,           ///< multiply-add with one rounding, dot products
  multiplication,  ///< of floating-point numbers, scaling by a power of two included
  division,        ///< and estimates of reciprocals
  root,            ///< and estimates of reciprocal roots
  integer_vector,  ///< multiplication of vectors of integers: significands could be multiplied with
                   ///< it
};
std::string_view name_of(multiplying kind);

/// What an instruction does.
multiplying classify(architecture machine, std::string_view mnemonic);

/// Permission for instructions of a place; the three are regular expressions (ECMAScript) that have
/// to match in full: the object's file name, the function's name, the mnemonic.
struct excuse {
  std::string unit;
  std::string function;
  std::string instruction;
  std::string reason;
};

/// Reads {"excuses": [{"unit", "function", "instruction", "reason"}]}. Throws `unreadable` with
/// file and entry.
std::vector<excuse> read_excuses(const std::filesystem::path& file);

/// Instructions of one kind in one function.
struct finding {
  std::string function;
  std::string mnemonic;
  multiplying kind = multiplying::none;
  std::uint64_t first_address = 0;
  std::uint64_t count = 0;
  std::string reason;  ///< of the excuse; empty where it is refused
};

/// What there is in one object.
struct unit_audit {
  std::string unit;  ///< file name
  architecture machine = architecture::x86_64;
  std::uint64_t functions = 0;
  std::uint64_t instructions = 0;
  std::uint64_t vector_additions = 0;  ///< of floating-point numbers: what kernels are made of
  std::vector<finding> refused;
  std::vector<finding> excused;
};

/// Judges one object. Counts in `uses`, beside each of `excuses`, the instructions that it excused.
unit_audit audit(const object_code& code, const std::vector<excuse>& excuses,
                 std::vector<std::uint64_t>& uses);

/// The entry of "code" in a pamkit.audit/1 file: "unit", "kind", "architecture", "multiplications"
/// (those refused), "excused_multiplications", "functions", "instructions", "vector_additions", "refused", "excused".
nlohmann::ordered_json to_json(const unit_audit& unit);

}  // namespace pamkit::machine_code
