#include "contiguous_product.hpp"

#include <algorithm>
#include <bit>

namespace pamkit::properties {

column contiguous_product(contraction_kind kind, const contraction_case& c,
                          const std::function<void(const contraction_problem&)>& run) {
  const auto floats = [](const column& x) {
    std::vector<float> values(x.size() + 1);  // so that there is an address
    std::ranges::transform(x, values.begin(), [](std::uint32_t e) { return std::bit_cast<float>(e); });
    return values;
  };
  const std::vector<float> a = floats(c.a);
  const std::vector<float> b = floats(c.b);
  const std::vector<float> d = floats(c.d);
  contraction_problem problem{.batch = c.batch,
                              .m = c.m,
                              .n = c.n,
                              .k = c.k,
                              .a = {a.data(), c.k, 1, c.m * c.k},
                              .b = {b.data(), c.n, 1, c.k * c.n},
                              .d = {d.data(), c.n, 1, c.m * c.n},
                              .out = {}};
  const std::int64_t rows = output_rows(kind, problem);
  const std::int64_t columns = output_columns(kind, problem);
  std::vector<float> out(static_cast<std::size_t>(c.batch * rows * columns) + 1);
  problem.out = {out.data(), columns, 1, rows * columns};
  run(problem);
  column result(out.size() - 1);
  std::transform(out.begin(), out.end() - 1, result.begin(),
                 [](float x) { return std::bit_cast<std::uint32_t>(x); });
  return result;
}

}  // namespace pamkit::properties
