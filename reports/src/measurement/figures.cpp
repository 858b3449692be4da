#include <algorithm>
#include <cmath>

#include "measurement/domains.hpp"
#include "measurement/observed_form.hpp"
#include "pamkit/reference/exact_value.hpp"

namespace pamkit::reports {

error_grid pair_grid(const measurement_request& request, int bits) {
  const evaluator evaluate(request);
  const format_description& f = evaluate.format;
  const std::uint32_t n = std::uint32_t{1} << bits;
  error_grid grid;
  for (std::uint32_t i = 0; i < n; ++i) {
    grid.a.push_back(f.one + (i << (f.fraction_bits - bits)));
  }
  grid.b = grid.a;
  std::vector<std::uint32_t> row;
  std::vector<std::uint32_t> out;
  observed_form form(evaluate);
  for (const std::uint32_t a : grid.a) {
    row.assign(n, a);
    evaluate(row, grid.b, out);
    for (std::uint32_t j = 0; j < n; ++j) {
      form.look_at(a, grid.b[j], out[j]);
      grid.errors.push_back(static_cast<double>(evaluate.error(out[j], a, grid.b[j])));
    }
  }
  grid.encodings_add = form.encodings_add();
  return grid;
}

error_grid argument_grid(const measurement_request& request, const std::vector<double>& arguments) {
  const evaluator evaluate(request);
  const format_description& f = evaluate.format;
  error_grid grid;
  for (const double x : arguments) {
    grid.a.push_back(reference::encode(reference::rational::from_double(x), f, request.policy,
                                       overflow_policy::infinity));
  }
  std::vector<std::uint32_t> out;
  evaluate(grid.a, {}, out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    grid.errors.push_back(f.is_finite(out[i])
                              ? static_cast<double>(evaluate.error(out[i], grid.a[i], 0))
                              : std::nan(""));
  }
  return grid;
}

error_histogram pair_histogram(const measurement_request& request, int bins) {
  const int kept = describe(request.format).kept_bits;
  const error_grid grid = pair_grid(request, std::min(kept, kExhaustivePairBits));
  const auto [low, high] = std::ranges::minmax(grid.errors);
  error_histogram h{
      .low = low,
      .high = high,
      .counts = std::vector<std::uint64_t>(static_cast<std::size_t>(bins)),
      .cases = grid.errors.size(),
      .evidence = kept <= kExhaustivePairBits ? evidence_kind::exhaustive : evidence_kind::sampled};
  for (const double error : grid.errors) {
    const double place = high > low ? (error - low) / (high - low) * bins : 0;
    ++h.counts[std::min(static_cast<std::size_t>(place), h.counts.size() - 1)];
  }
  return h;
}

}  // namespace pamkit::reports
