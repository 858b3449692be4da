#include <fmt/format.h>

#include "layer_case.hpp"

/// Softmax and its derivative over rows of 512.
namespace pamkit::benchmarks::measured {

std::vector<measured_case> softmax_rows(const settings& s) {
  const std::int64_t rows = s.quick ? 8 : 512;
  const std::int64_t length = 512;
  layer_task t;
  t.operation = "softmax";
  t.shape = fmt::format("{} rows of {}", rows, length);
  t.inputs = {{rows, length}};
  t.work = static_cast<double>(rows * length);
  t.rivals.what = task::softmax;
  t.rivals.m = rows;
  t.rivals.n = length;
  layer_task back = t;
  back.operation = "softmax_vjp";
  back.inputs.push_back({rows, length});
  back.rivals.what = task::map;
  back.rivals.operation = "";  // no rival has it
  return {layer_case(t), layer_case(back)};
}

}  // namespace pamkit::benchmarks::measured
