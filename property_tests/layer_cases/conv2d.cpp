#include <algorithm>

#include "pamkit/properties/layer_case.hpp"
#include "pamkit/simd/contraction_blocks.hpp"

namespace pamkit::properties::layer_cases {

void conv2d(layer_case_source& source) {
  using enum layer_content;
  struct plan {
    layer_content content;
    std::int64_t images, channels, height, width, outputs, kernel_height, kernel_width;
    std::int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
    bool has_bias = true;
  };
  std::vector<plan> plans = {
      {ordinary, 1, 2, 4, 5, 3, 3, 3, 1, 1},
      {ordinary, 2, 1, 5, 4, 2, 2, 3, 2, 1, 1, 1, false},
      {ordinary, 1, 4, 5, 5, 2, 2, 2, 1, 2, 2, 2},
      {ordinary, 1, 3, 3, 3, 3, 1, 1, 2, 0, 1, 3},
      {ordinary, 0, 2, 3, 3, 1, 2, 2},
      {ordinary, 1, 0, 3, 3, 2, 2, 2},
      {ordinary, 1, 2, 3, 3, 0, 2, 2, 1, 0, 1, 1, false},
      {ordinary, 1, 1, 0, 2, 2, 2, 3, 1, 1},
      {ordinary, 1, 1, 2, 0, 2, 3, 2, 1, 1},
      {weighted, 1, 1, 3, 3, 1, 2, 2, 1, 1},
      {one_special, 1, 2, 3, 3, 2, 2, 2, 1, 1},
      {cancelling, 1, 2, 4, 4, 2, 3, 3, 1, 1},
      {tiny, 1, 1, 3, 3, 2, 2, 2},
      {huge, 1, 1, 3, 3, 2, 2, 2, 1, 1},
      // Pixels that some taps do not reach: no term there, whatever the weight.
      {one_special, 1, 1, 4, 4, 1, 2, 2},
      {one_special, 1, 2, 4, 5, 1, 1, 1, 2},
      {huge, 1, 1, 4, 4, 2, 2, 2, 2},
      {recorded, 1, 2, 4, 9, 3, 3, 3, 1, 1}};
  if (!source.is_quick()) {
    static_assert(std::min({58 * 3 * 3, 23 * 23, 257 * 2}) > simd::kTermBlock,
                  "the last three plans are too small");
    plans.insert(
        plans.end(),
        {{ordinary, 2, 2, 9, 8, 2, 3, 3, 1, 1},
         {cancelling, 3, 1, 8, 7, 1, 2, 2, 1, 1, 1, 1, true},
         {spread, 2, 4, 6, 5, 4, 3, 2, 2, 2, 2, 2},
         {weighted, 2, 2, 2, 2, 2, 1, 2, 1, 1},
         // Taps, places, and outputs x taps that no kernel sums in one block.
         {ordinary, 1, 58, 3, 3, 2, 3, 3},
         {ordinary, 1, 1, 23, 24, 1, 1, 2},
         {ordinary, 1, 1, 2, 2, 257, 1, 2},
         // No power of two: taps three apart, places three apart.
         {ordinary, 1, 2, 9, 8, 2, 3, 3, 3, 2, 3},
         // A tap before the first place that reaches none, ahead of the one that does.
         {ordinary, 1, 2, 8, 9, 2, 3, 3, 3, 0, 2},
         // As many taps and positions of even pixels as of odd ones, of other places.
         {ordinary, 1, 2, 4, 4, 2, 2, 2, 2, 1},
         // Of 26 x 5 places the 64th lies past the image for the last column of taps.
         {ordinary, 1, 1, 24, 3, 2, 3, 3, 1, 2},
         // Rows of one place, beside which a kernel's first taps have three on the padding.
         {ordinary, 1, 2, 66, 1, 1, 7, 7, 1, 3},
         // One tap, and places that it reaches on the padding alone.
         {ordinary, 1, 2, 3, 4, 2, 1, 1, 1, 1},
         // Steps of taps and places where one divides the other, or neither does.
         {ordinary, 1, 2, 13, 14, 2, 3, 3, 2, 0, 4},
         {ordinary, 1, 2, 15, 14, 2, 3, 3, 4, 1, 2},
         {ordinary, 1, 1, 17, 16, 2, 2, 3, 4, 0, 6},
         {ordinary, 1, 1, 17, 16, 2, 2, 3, 6, 1, 4},
         // Three channels in a group; several images of several groups, anything in them, and large weights.
         {ordinary, 2, 6, 4, 4, 4, 2, 2, 1, 1, 1, 2},
         {ordinary, 2, 4, 4, 4, 6, 2, 2, 1, 1, 1, 2},
         {spread, 1, 12, 5, 4, 9, 3, 2, 2, 1, 2, 3},
         // Kernels that lie on the padding as a whole.
         {ordinary, 1, 2, 3, 3, 2, 2, 2, 1, 3},
         {one_special, 1, 1, 2, 3, 2, 2, 3, 2, 4},
         {one_special, 3, 4, 4, 5, 4, 2, 2, 1, 1, 1, 2},
         {one_special, 3, 4, 4, 5, 4, 2, 2, 1, 0, 1, 2},
         {weighted, 2, 4, 3, 3, 2, 2, 2, 1, 1, 1, 2},
         {huge, 2, 4, 3, 3, 4, 2, 2, 1, 1, 1, 2},
         // No bias that would make a NaN canonical, and one without any term.
         {one_special, 2, 2, 3, 3, 2, 2, 2, 1, 1, 1, 1, false},
         {weighted, 2, 2, 3, 3, 2, 2, 2, 1, 1, 1, 1, false},
         {weighted, 1, 0, 3, 3, 4, 2, 2},
         // Taps, and places of two images, past a block, with anything in them.
         {weighted, 1, 58, 3, 3, 2, 3, 3},
         {ordinary, 2, 1, 23, 24, 1, 1, 2},
         {weighted, 2, 1, 24, 23, 1, 2, 1},
         // Taps past a block of columns.
         {ordinary, 1, simd::kColumnBlock / 9 + 3, 3, 3, 1, 3, 3},
         {weighted, 1, simd::kColumnBlock / 9 + 3, 3, 3, 2, 3, 3},
         {huge, 1, simd::kColumnBlock / 9 + 3, 3, 3, 2, 3, 3},
         // The same of two images, and two of more outputs than a block has rows.
         {ordinary, 2, simd::kColumnBlock / 9 + 3, 3, 3, 1, 3, 3},
         {ordinary, 2, 2, 2, 2, simd::kRowBlock + 5, 1, 1},
         // Pixels that as many taps reach at other numbers of places, and other numbers of taps at as many.
         {ordinary, 1, 2, 5, 5, 2, 2, 2, 2, 2},
         {ordinary, 1, 2, 4, 4, 2, 3, 3, 2, 2}});
    // Places past a block of columns.
    constexpr std::int64_t kSide = 47;
    static_assert(kSide * kSide > simd::kColumnBlock);
    plans.insert(plans.end(), {{ordinary, 1, 1, kSide, kSide, 2, 1, 1}, {weighted, 1, 1, kSide, kSide, 1, 1, 1}});
  }
  // More weights before the third group than 16 bits count; more pixels before the second image, and its derivatives;
  // more pixels that are read in steps.
  source.add_long([&](std::int64_t) {
    layer_case c;
    c.inputs = {source.numbers({1, 546, 1, 1}, ordinary), source.numbers({546, 182, 1, 1}, ordinary), source.numbers({546}, ordinary)};
    c.incoming = {source.numbers({1, 546, 1, 1}, ordinary)};
    c.attributes["groups"] = 3;
    return c;
  });
  source.add_long([&](std::int64_t) {
    layer_case c;
    c.inputs = {source.numbers({2, 1, 257, 256}, ordinary), source.numbers({2, 1, 1, 1}, ordinary), source.numbers({2}, ordinary)};
    c.incoming = {source.numbers({2, 2, 257, 256}, ordinary)};
    return c;
  });
  source.add_long([&](std::int64_t) {
    layer_case c;
    c.inputs = {source.numbers({1, 1, 258, 256}, ordinary), source.numbers({1, 1, 1, 1}, ordinary), source.numbers({1}, ordinary)};
    c.incoming = {source.numbers({1, 1, 129, 128}, ordinary)};
    c.attributes["stride"] = 2;
    return c;
  });
  // More weights of one group, and more pixels before the last channels, than 16 bits count.
  source.add_long([&](std::int64_t) {
    layer_case c;
    c.inputs = {source.numbers({1, 258, 1, 1}, ordinary), source.numbers({258, 258, 1, 1}, ordinary), source.numbers({258}, ordinary)};
    c.incoming = {source.numbers({1, 258, 1, 1}, ordinary)};
    return c;
  });
  source.add_long([&](std::int64_t) {
    layer_case c;
    c.inputs = {source.numbers({1, 70, 32, 32}, ordinary), source.numbers({1, 70, 1, 1}, ordinary), source.numbers({1}, ordinary)};
    c.incoming = {source.numbers({1, 1, 32, 32}, ordinary)};
    return c;
  });
  // More places, and pixels of a channel, than 16 bits count.
  source.add_long([&](std::int64_t) {
    layer_case c;
    c.inputs = {source.numbers({1, 2, 257, 256}, ordinary), source.numbers({1, 2, 1, 1}, ordinary), source.numbers({1}, ordinary)};
    c.incoming = {source.numbers({1, 1, 257, 256}, ordinary)};
    return c;
  });
  for (const plan& p : plans) {
    const auto output = [&](std::int64_t size, std::int64_t kernel) {
      return (size + 2 * p.padding - p.dilation * (kernel - 1) - 1) / p.stride + 1;
    };
    layer_case c;
    c.inputs = {source.numbers({p.images, p.channels, p.height, p.width}, p.content),
                source.numbers({p.outputs, p.channels / p.groups, p.kernel_height, p.kernel_width},
                               p.content),
                source.numbers({p.has_bias ? p.outputs : 0}, p.content)};
    c.incoming = {source.numbers(
        {p.images, p.outputs, output(p.height, p.kernel_height), output(p.width, p.kernel_width)},
        p.content)};
    if (p.channels == 0 && p.content == weighted) {
      c.inputs[2].encodings[0] = source.negative_zero();
      if (source.is_binary32()) c.inputs[2].encodings[1] = source.payload_nan;
    }
    // Defaults are left out, so that they are judged as defaults.
    if (p.stride != 1) c.attributes["stride"] = static_cast<double>(p.stride);
    if (p.padding != 0) c.attributes["padding"] = static_cast<double>(p.padding);
    if (p.dilation != 1) c.attributes["dilation"] = static_cast<double>(p.dilation);
    if (p.groups != 1) c.attributes["groups"] = static_cast<double>(p.groups);
    source.add(std::move(c));
  }
  // A padding of -0 is none.
  layer_case unpadded;
  unpadded.inputs = {source.numbers({1, 1, 2, 3}, ordinary), source.numbers({1, 1, 2, 2}, ordinary),
                     source.numbers({1}, ordinary)};
  unpadded.incoming = {source.numbers({1, 1, 1, 2}, ordinary)};
  unpadded.attributes["padding"] = -0.0;
  source.add(std::move(unpadded));
  // The largest weights but one binade: compensated, the slope of each has a carry of 2 and
  // overflows, and a pixel that a tap does not reach has no term of it.
  layer_case c;
  c.inputs = {source.between({1, 1, 4, 4}, -1, 1),
              source.between({2, 1, 2, 2}, source.bias() - 1, source.bias() - 1),
              source.numbers({2}, ordinary)};
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::uint32_t& x : c.inputs[i].encodings) x = source.full_fraction(x);
  }
  c.incoming = {source.between({1, 2, 3, 3}, -1, 1)};
  source.add(std::move(c));
  // The same in the second of two channels alone.
  layer_case second;
  const auto large = source.between({2, 1, 2, 2}, source.bias() - 1, source.bias() - 1);
  second.inputs = {source.between({1, 2, 4, 4}, -1, 1), source.between({2, 2, 2, 2}, -1, 1),
                   source.numbers({2}, ordinary)};
  for (std::uint32_t& x : second.inputs[0].encodings) x = source.full_fraction(x);
  for (std::size_t i = 0; i < 8; ++i) {
    second.inputs[1].encodings[i / 4 * 8 + 4 + i % 4] = source.full_fraction(large.encodings[i]);
  }
  second.incoming = {source.between({1, 2, 3, 3}, -1, 1)};
  source.add(std::move(second));
  // The same in the second of two groups.
  layer_case grouped;
  grouped.inputs = {source.between({2, 2, 4, 4}, -1, 1), source.between({2, 1, 2, 2}, -1, 1),
                    source.numbers({2}, ordinary)};
  for (std::uint32_t& x : grouped.inputs[0].encodings) x = source.full_fraction(x);
  for (std::size_t i = 4; i < 8; ++i) {
    grouped.inputs[1].encodings[i] = source.full_fraction(large.encodings[i]);
  }
  grouped.incoming = {source.between({2, 2, 3, 3}, -1, 1)};
  grouped.attributes["groups"] = 2;
  source.add(std::move(grouped));
  if (!source.is_quick()) {
    // Products past both ends of the range in terms past a block, of operands that do not meet: sums are ordinary.
    layer_case wide;
    wide.inputs = {source.between({1, 58, 3, 3}, -1, 1), source.between({2, 58, 3, 3}, -1, 1),
                   source.numbers({2}, ordinary)};
    const std::int64_t far = source.bias() - 5;
    for (std::size_t i = 0; i < 4; ++i) {
      std::uint32_t& x = wide.inputs[0].encodings[57 * 9 + i];
      std::uint32_t& w = wide.inputs[1].encodings[57 * 9 + i];
      x = source.between({1}, i % 2 == 0 ? far : -far, i % 2 == 0 ? far : -far).encodings[0];
      w = source.between({1}, i % 2 == 0 ? -far : far, i % 2 == 0 ? -far : far).encodings[0];
      wide.inputs[1].encodings[(58 + 57) * 9 + i] = w;
    }
    wide.incoming = {source.between({1, 2, 1, 1}, -1, 1)};
    source.add(std::move(wide));
  }
  // NaNs that no tap reads: the second row, where taps are two apart and steps are of three.
  layer_case unread;
  unread.inputs = {source.between({1, 1, 8, 8}, -1, 1), source.between({1, 1, 3, 3}, -1, 1),
                   source.numbers({1}, ordinary)};
  for (std::size_t i = 8; i < 16; ++i) unread.inputs[0].encodings[i] = source.nan();
  unread.incoming = {source.between({1, 1, 2, 2}, -1, 1)};
  unread.attributes["stride"] = 3;
  unread.attributes["dilation"] = 2;
  source.add(std::move(unread));
}

}  // namespace pamkit::properties::layer_cases
