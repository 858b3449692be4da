#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pamkit::reports {

/// The certificate that code does not multiply where its arithmetic promises it: over the objects
/// of the emulator as they were compiled, over PTX and machine code of the CUDA kernels, and over
/// the operators that training steps run.
struct audit_sources {
  std::filesystem::path objects;      ///< a file that names an object a line
  std::filesystem::path excuses;      ///< see docs/machine-code.md
  std::filesystem::path device_code;  ///< what cuda/audit found; need not be there
  std::filesystem::path operators;    ///< of `pamkit-train operators`; need not be there
  std::string objdump = "objdump";
};

struct audit_result {
  /// pamkit.audit/1: "code"; "operators", one for each operator that multiplies in the steps of an arm;
  /// "steps", one for each arm; "refused" and "not_run".
  nlohmann::ordered_json document;
  std::vector<std::string> refused;  ///< sentences; empty where the certificate holds
  std::vector<std::string> absent;   ///< of the kinds that were asked for, with the reason
};

/// The kinds of code that there are.
inline constexpr const char* audit_kinds[] = {"x86", "ptx", "sass", "operators"};

/// Audits the kinds of code that are named. Throws std::runtime_error, naming the file, for what
/// cannot be read.
audit_result audit(const std::vector<std::string>& kinds, const audit_sources& sources,
                   const std::string& command);

/// One page that works offline, of a document of audit().
std::string audit_page(const nlohmann::ordered_json& document);

}  // namespace pamkit::reports
