#pragma once

#include <cstdint>
#include <string_view>

namespace pamkit {

/// Whose decisions are followed where the definition alone does not settle a case: `standard`, this project's
/// (called "default" everywhere), or `paper`, those of the kernels released with the paper (docs/specification.md,
/// section 14.2), for arithmetic pam in binary32.
enum class profile : std::uint8_t { standard, paper };

/// "default" and "paper".
constexpr std::string_view name_of(profile p) {
  return p == profile::standard ? "default" : "paper";
}

/// What configurations and the golden model call arithmetic pam under profile paper. No registry lists it and no
/// option takes it: it is asked for by the profile's own name.
inline constexpr std::string_view kPaperPam = "pam@paper";

}  // namespace pamkit
