#pragma once

#include <string_view>
#include <vector>

/// Which instruction set the `simd` backend uses. Bits never depend on it.
///
/// What is vector code: matrix products and their derivatives of pam, l_mul, power_of_two, exact
/// and adder, of every kind, layout and policy; on binary32, bfloat16 and binary16, under
/// every policy, all elementwise operations of pam, mul and mul_da of l_mul, mul of power_of_two and
/// adder, and mul, div and sqrt of exact; on binary32 conv2d and the sum of rows of every arithmetic here; the other layers of pam but linear
/// and attention, and all derivatives of these. Everything else is computed by the scalar
/// definitions. Contractions whose operands make subnormal sums are exact too, and on most machines
/// much slower.

namespace pamkit {

/// The instruction sets that this build has kernels for and this machine can run, best first: some
/// of "avx512", "avx2", "sse4", "neon", and always "scalar" (the definitions themselves) at the
/// end.
std::vector<std::string_view> simd_targets();

/// The instruction set in use: the best one, unless the environment variable PAMKIT_SIMD_TARGET or
/// use_simd_target names another. Throws std::invalid_argument if the variable names none of
/// simd_targets().
std::string_view simd_target_name();

/// Makes look-ups through simd_backend() from now on give functions for `name`; the empty name
/// restores the start-up choice. Functions looked up before keep their instruction set. False, and
/// no change, if `name` is none of simd_targets(). Not to be called while another thread looks
/// functions up.
bool use_simd_target(std::string_view name);

}  // namespace pamkit
