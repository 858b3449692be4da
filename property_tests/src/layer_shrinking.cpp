#include <algorithm>

#include "layer_numbers.hpp"

namespace pamkit::properties {

layer_case shrink_layer_case(const any_format& format, const layer_info& layer, layer_case c,
                             const std::function<bool(const layer_case&)>& fails,
                             std::size_t limit) {
  const auto numbers_of = [&](const layer_case& x) {
    column all;
    for_each_number_tensor(layer, x, [&](const tensor& t) {
      all.insert(all.end(), t.encodings.begin(), t.encodings.end());
    });
    return all;
  };
  const auto with_numbers = [&](const column& all) {
    layer_case x = c;
    auto next = all.begin();
    for_each_number_tensor(layer, x, [&](tensor& t) {
      for (std::uint32_t& e : t.encodings) e = *next++;
    });
    return x;
  };
  std::size_t evaluated = 0;
  column all = numbers_of(c);
  // Runs of numbers to +0, halves first.
  for (std::size_t run = (all.size() + 1) / 2; run > 0; run /= 2) {
    for (std::size_t first = 0; first < all.size() && evaluated < limit; first += run) {
      column candidate = all;
      const auto begin = candidate.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end =
          candidate.begin() + static_cast<std::ptrdiff_t>(std::min(first + run, all.size()));
      if (std::all_of(begin, end, [](std::uint32_t x) { return x == 0; })) continue;
      std::fill(begin, end, 0);
      ++evaluated;
      if (fails(with_numbers(candidate))) all = std::move(candidate);
    }
  }
  if (all.size() > 64 || evaluated >= limit) return with_numbers(all);
  return with_numbers(shrink_case(
      format, all, [&](const column& x) { return fails(with_numbers(x)); }, limit - evaluated));
}

}  // namespace pamkit::properties
