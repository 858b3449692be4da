#pragma once

#include "measurement.hpp"

namespace pamkit::benchmarks {

/// What an operand holds.
enum class operand_values : std::uint8_t {
  numbers,     ///< of the class plain
  magnitudes,  ///< the same without signs
  classes      ///< whole numbers
};

struct operand_shape {
  std::vector<std::int64_t> shape;
  operand_values values = operand_values::numbers;
  std::int64_t classes = 0;  ///< whole numbers are below this
};

/// A tensor operation to measure.
struct layer_task {
  std::string operation;  ///< a name of layers(), or with _vjp
  std::string arithmetic = "pam";
  std::string shape;  ///< as the case shows it
  std::string unit = "elements";
  std::vector<operand_shape> inputs;
  layer_attributes attributes;
  double work = 0;
  /// Without operands, which are put in: the first input is a, the second b; a matrix product gets
  /// some of its own, of its sizes.
  workload rivals;
};

/// The simd backend's function beside the definition. Where the backend has none, the case says so.
measured_case layer_case(const layer_task& task);

}  // namespace pamkit::benchmarks
