#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void softmax(layer_case_source& source) {
  add_row_cases(source, /*reduces=*/false);
  // Ordinary probabilities of derivatives whose sums leave the range.
  layer_case steep;
  steep.inputs = {source.between({4, 40}, -2, 2)};
  steep.incoming = {source.between({4, 40}, source.bias() - 1, source.bias())};
  source.add(std::move(steep));
  // Derivatives so small that what a quotient and the sum pass on may nearly cancel: to less than the least normal number.
  for (int i = 0; i < 4; ++i) {
    layer_case small;
    small.inputs = {source.between({4, 40}, -2, 1)};
    small.incoming = {source.between({4, 40}, -125 + 6 * i, -118 + 6 * i)};
    source.add(std::move(small));
  }
  // In binary32, one logit just below, at and past the one whose t is 2^128, among others that are ordinary.
  if (!source.is_binary32()) return;
  constexpr std::uint32_t kPastMax = 0x7F800000 - (0x3FB8AA3B - 0x3F800000);
  for (const std::uint32_t logit : {kPastMax - 1, kPastMax, kPastMax + 1}) {
    layer_case c;
    c.inputs = {source.between({1, 40}, -2, 2)};
    c.inputs[0].encodings[7] = logit;
    c.incoming = {source.between({1, 40}, -2, 2)};
    source.add(std::move(c));
  }
}

}  // namespace pamkit::properties::layer_cases
