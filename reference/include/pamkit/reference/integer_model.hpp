#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pamkit/reference/golden_model.hpp"

/// The golden model as integer operations on columns of encodings, for sweeps over every operand:
/// some nanoseconds a case where the rationals take microseconds.
///
/// It follows sections 4, 5 and 7 of the specification on numbers 2^E (1 + F), each held as the
/// integer (E + F) 2^N, and shares nothing with the emulator. The ordinary functions of `exact` are
/// computed in binary64 with a margin of error, and by the rationals where the margin does not
/// decide. That all of it equals the rationals is itself checked, at every level of `verify`.
namespace pamkit::reference {

/// lowest[i] and highest[i] are what `admissible_results` gives for operand i (pair i). `b` is not
/// read by unary operations. Safe to call from several threads.
using column_oracle = void (*)(const rules&, const std::uint32_t* a, const std::uint32_t* b,
                               std::uint32_t* lowest, std::uint32_t* highest, std::size_t count);

/// nullptr where there is no integer form: pow of `exact`, and binary32mN with N < 23.
column_oracle find_columns(std::string_view operation, const rules& rules);

/// Whether `highest` can differ from `lowest`; it is not written where it cannot.
bool has_choice(std::string_view operation, const rules& rules);

/// The value of each encoding as a binary64, exactly; 0, infinity and NaN as they are, subnormals
/// under the policy.
void values_of(const rules& rules, const std::uint32_t* encodings, double* values,
               std::size_t count);

}  // namespace pamkit::reference
