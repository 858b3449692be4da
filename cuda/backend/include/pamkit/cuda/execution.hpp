#pragma once

#include <string_view>

#include "pamkit/backend.hpp"
#include "pamkit/cuda/launch.hpp"

/// Operations of the emulator's interface computed by launches of CUDA kernels. Who executes a
/// launch is a parameter: everything here is the same for every executor.

namespace pamkit::cuda {

/// Runs a launch to its end; operands and results are memory of this process.
using executor = void (*)(const launch&);

/// Whether there is a kernel with this name behind "pamkit_".
bool has_kernel(std::string_view name);

/// out[i] = op(a[i], b[i]) by the kernel "elementwise_ARITHMETIC_OPERATION".
void compute_elementwise(executor execute, std::string_view operation, int arity,
                         const configuration& rules, const std::uint32_t* a, const std::uint32_t* b,
                         std::uint32_t* out, std::size_t count);

/// A contraction by every kernel whose domain holds the operands. They have to agree: where two do
/// not, the result is 7FA5A5A5, a NaN that no operation returns, so that whoever judges this
/// function judges them all. `bias`, a word for each column, is added last; it may be a null pointer.
void compute_contraction(executor execute, std::string_view arithmetic, contraction_kind kind,
                         derivative gradient, const policy<binary32>& rules,
                         const contraction_problem& problem, const float* bias = nullptr);

/// The same for an output that no caller sees, row-major.
std::vector<std::uint32_t> computed_contraction(executor execute, std::string_view arithmetic,
                                                contraction_kind kind, derivative gradient,
                                                const policy<binary32>& rules,
                                                const contraction_problem& problem,
                                                const float* bias = nullptr);

}  // namespace pamkit::cuda
