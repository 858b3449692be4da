#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// Operands of the classes that the kernels of the piecewise affine family tell apart.

namespace pamkit::benchmarks {

/// How the encodings of one operand are drawn; see operand_data.cpp for what each is like.
struct operand_class {
  std::string_view name;
  std::int32_t least;       ///< magnitudes are uniform from here
  std::int32_t greatest;    ///< to here
  int zeros = 0;            ///< of the left operand, per 100
  int tiny = 0;             ///< per 1000: near 2^-100, whose products with one another underflow
  int huge = 0;             ///< per 1000: near 2^100, whose products with one another overflow
  int special = 0;          ///< per 1000: subnormals, infinities and NaNs
  bool alternates = false;  ///< signs of the left operand alternate, the right one's are positive
};

/// The class called `name`; throws std::logic_error for another name.
const operand_class& find_operand_class(std::string_view name);

/// Fills `values` with encodings of a class; `is_left` says which operand. Equal seeds give equal
/// values.
void fill(std::span<float> values, const operand_class& c, std::uint32_t seed, bool is_left);

}  // namespace pamkit::benchmarks
