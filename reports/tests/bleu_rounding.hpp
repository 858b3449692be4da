#pragma once

namespace pamkit::reports {

/// What roundings can make of a BLEU of at most 100: it is exp of the mean of four binary64 logarithms
/// below 5, each off by at most 2^-51, their sum and the mean by 2^-50 and exp by 2^-53 relative, so
/// that 2^-48 is above all of them together.
inline constexpr double kBleuRounding = 100 * 0x1p-48;

}  // namespace pamkit::reports
