#pragma once

#include <string>
#include <vector>

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

/// A matrix operand as the emulator has it, of any format.
operand operand_of(const matrix_view& v);

/// The parameters of a contraction, but for the tiles. Throws std::invalid_argument where its
/// operands are not all of one format.
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

/// The kernels that are right for any operands of the format and fast where these allow it, by
/// descending size of their tiles; none for a contraction that has the full one alone. All have
/// that one's bits.
std::vector<contraction_plan> plan_fast_contractions(std::string_view arithmetic,
                                                     contraction_kind kind,
                                                     const contraction_parameters& p);

/// The kernel to take where there is no reason for another one: of the fast ones, in tiles by the
/// number of outputs, else the full one.
contraction_plan plan_fastest_contraction(std::string_view arithmetic, contraction_kind kind,
                                          const contraction_parameters& p);

/// Whether a contraction is a product of pam (or of l_mul, which is pam with a compensation): its
/// approx derivatives are, with other operands.
bool is_pam_product(std::string_view arithmetic, contraction_kind kind, derivative gradient);

}  // namespace pamkit::cuda
