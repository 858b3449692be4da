#include "contraction_case.hpp"

/// Sums that land in the subnormal range: exact, and slow where an addition with a subnormal result
/// is. The same kernel on plain operands stands beside it.
namespace pamkit::benchmarks::measured {

std::vector<measured_case> subnormal_sums(const settings& s) {
  const std::int64_t size = s.quick ? 48 : 256;
  const contraction_task plain = {.m = size, .n = size, .k = size};
  contraction_task slow = plain;
  slow.data = "subnormal sums";
  measured_case c = contraction_case(slow);
  c.prepare = [slow, plain] {
    prepared_case p = contraction_case(slow).prepare();
    if (!p.kernel.run) return p;
    const auto beside = std::make_shared<prepared_case>(contraction_case(plain).prepare());
    p.others = {{.name = "plain operands", .work = beside->kernel.work, .run = [beside] {
                   beside->kernel.run();
                 }}};
    p.rivals.reset();
    return p;
  };
  return {c};
}

}  // namespace pamkit::benchmarks::measured
