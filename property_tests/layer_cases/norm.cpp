#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void norm(layer_case_source& source) {
  add_row_cases(source, /*reduces=*/true);
  // Squares on both sides of the ends of the range, each alone in its row: no sum hides how one of
  // them is rounded, and a square of exactly 2^128 saturates.
  constexpr int kReach = 2;
  constexpr std::int64_t kRows = 2 * (2 * kReach + 1);
  layer_case c;
  c.inputs = {source.numbers({kRows, 1}, layer_content::ordinary)};
  for (int i = 0; i < kRows; ++i) {
    c.inputs[0].encodings[static_cast<std::size_t>(i)] = source.root_of_end(i % 2 == 0, i / 2 - kReach);
  }
  c.incoming = {source.numbers({kRows}, layer_content::ordinary)};
  source.add(std::move(c));
  // Zeros beside one that is small: no other term hides their derivatives.
  layer_case zeros;
  zeros.inputs = {source.between({4, 2}, -20, -18)};
  for (std::size_t row = 0; row < 4; ++row) zeros.inputs[0].encodings[2 * row] = 0;
  zeros.incoming = {source.between({4}, 0, 0)};
  source.add(std::move(zeros));
}

}  // namespace pamkit::properties::layer_cases
