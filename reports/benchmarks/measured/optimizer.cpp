#include "layer_case.hpp"

/// The update of 65536 parameters.
namespace pamkit::benchmarks::measured {

std::vector<measured_case> optimizer(const settings& s) {
  const std::int64_t size = s.quick ? 1024 : 65536;
  layer_task t;
  t.operation = "adamw_step";
  t.shape = std::to_string(size) + " parameters";
  t.inputs = {{{size}}, {{size}}, {{size}}, {{size}, operand_values::magnitudes}};
  t.work = static_cast<double>(size);
  t.rivals.what = task::map;  // which no rival has
  t.rivals.n = size;
  return {layer_case(t)};
}

}  // namespace pamkit::benchmarks::measured
