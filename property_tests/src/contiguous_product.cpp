#include "contiguous_product.hpp"

#include <algorithm>
#include <bit>

namespace pamkit::properties {

namespace {

// A batch of matrices, rows x columns each, with the other order of axes in memory.
template <class Elements>
Elements exchanged(const Elements& x, std::int64_t batch, std::int64_t rows, std::int64_t columns) {
  Elements result = x;
  for (std::int64_t i = 0; i < batch * rows * columns; ++i) {
    const std::int64_t first = i - i % (rows * columns);
    const std::int64_t row = i % (rows * columns) / columns;
    const std::int64_t column = i % columns;
    result[static_cast<std::size_t>(first + column * rows + row)] = x[static_cast<std::size_t>(i)];
  }
  return result;
}

}  // namespace

column contiguous_product(contraction_kind kind, const contraction_case& c,
                          const std::function<void(const contraction_problem&)>& run, bool are_columns) {
  const auto floats = [&](const column& x, std::int64_t rows, std::int64_t columns) {
    std::vector<float> values(x.size() + 1);  // so that there is an address
    std::ranges::transform(x, values.begin(), [](std::uint32_t e) { return std::bit_cast<float>(e); });
    // A product has no incoming derivative.
    return are_columns && !x.empty() ? exchanged(values, c.batch, rows, columns) : values;
  };
  const auto view = [&](const auto* data, std::int64_t rows, std::int64_t columns) {
    return matrix_view{data, are_columns ? 1 : columns, are_columns ? rows : 1, rows * columns};
  };
  const std::vector<float> a = floats(c.a, c.m, c.k);
  const std::vector<float> b = floats(c.b, c.k, c.n);
  const std::vector<float> d = floats(c.d, c.m, c.n);
  contraction_problem problem{.batch = c.batch,
                              .m = c.m,
                              .n = c.n,
                              .k = c.k,
                              .a = view(a.data(), c.m, c.k),
                              .b = view(b.data(), c.k, c.n),
                              .d = view(d.data(), c.m, c.n),
                              .out = {}};
  const std::int64_t rows = output_rows(kind, problem);
  const std::int64_t columns = output_columns(kind, problem);
  // What is not written shows.
  std::vector<float> out(static_cast<std::size_t>(c.batch * rows * columns) + 1, std::bit_cast<float>(kPoison));
  problem.out = {out.data(), are_columns ? 1 : columns, are_columns ? rows : 1, rows * columns};
  run(problem);
  if (are_columns) out = exchanged(out, c.batch, columns, rows);
  column result(out.size() - 1);
  std::transform(out.begin(), out.end() - 1, result.begin(),
                 [](float x) { return std::bit_cast<std::uint32_t>(x); });
  return result;
}

}  // namespace pamkit::properties
