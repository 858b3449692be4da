#pragma once

#include <optional>
#include <string_view>

#include "pamkit/backend.hpp"
#include "pamkit/format/profile.hpp"

/// Named profiles at run time. A profile is no arithmetic: it answers for one, under that one's label, and is found
/// only here. Its operations are in the scalar backend under the name of its `arithmetic_info`; every other backend
/// says that it does not define them.

namespace pamkit {

/// pam under profile paper: mul, div, mul_da, div_da and div_db, in binary32 and with any compensation. It promises
/// nothing, since the released decisions break most promises of pam; the golden model alone judges it.
const arithmetic_info& paper_profile();

/// A choice of arithmetic under a profile: label and factor are kept. Nothing where the profile is not defined for
/// the arithmetic.
std::optional<arithmetic_choice> under_profile(const arithmetic_choice& choice, profile p);

/// The profile that a configuration's (or an info's) arithmetic name speaks of.
constexpr profile profile_of(std::string_view arithmetic) {
  return arithmetic == kPaperPam ? profile::paper : profile::standard;
}

/// Whether the rules of a configuration are a profile's. Under `paper` only binary32 is, and its own decisions stand
/// in the place of the policies, which therefore have to be the default ones.
bool covers(profile p, const any_format& format, subnormal_policy subnormals,
            overflow_policy overflow);

/// As find_arithmetic, for the name in a configuration: that of a profile is found too.
const arithmetic_info* find_configured(std::string_view arithmetic);

}  // namespace pamkit
