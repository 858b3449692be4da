#pragma once

#include <string>

#include "pamkit/cuda/kernel/contraction_tiled.cuh"
#include "pamkit/cuda/launch.hpp"

namespace pamkit::cuda {

/// One contraction as one launch.
struct contraction_plan {
  std::string kernel;
  std::uint32_t blocks = 0;  ///< 0: nothing to do
  contraction_parameters parameters;

  /// Valid as long as the plan is.
  launch as_launch() const;
};

/// A matrix operand as the emulator has it.
operand operand_of(const matrix_view& v);

/// The parameters of a contraction, but for the tiles, from its operands in binary32.
contraction_parameters contraction_parameters_of(contraction_kind kind, derivative gradient,
                                                 const policy<binary32>& rules,
                                                 const contraction_problem& problem);

/// Plans the launch of a kernel "contraction_..." that computes tiles of rows x columns outputs.
/// Throws std::invalid_argument where a size is negative and std::length_error where the grid would
/// be too large.
contraction_plan plan_contraction(std::string kernel, std::int64_t tile_rows,
                                  std::int64_t tile_columns, const contraction_parameters& p);

/// The kernel without assumptions: any arithmetic of the registry, any kind, any format.
contraction_plan plan_full_contraction(std::string_view arithmetic, contraction_kind kind,
                                       const contraction_parameters& p);

}  // namespace pamkit::cuda
