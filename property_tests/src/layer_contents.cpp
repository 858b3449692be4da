/// What the cases of layers are filled with.
#include <algorithm>
#include <array>
#include <cmath>

#include "pamkit/properties/layer_case.hpp"
#include "recorded_tensor.hpp"
#include "statement_parts.hpp"
#include "training_tensor.hpp"

namespace pamkit::properties {

layer_case_source::layer_case_source(const any_format& format, std::uint64_t seed, layer_case_size size)
    : format_(format), description_(describe(format)), entropy_(seed), size_(size) {}

std::uint32_t layer_case_source::two_to(std::int64_t exponent) const {
  const std::int64_t last_field = description_.max_finite >> description_.fraction_bits;
  const std::int64_t field = std::clamp<std::int64_t>(description_.bias + exponent, 1, last_field);
  return static_cast<std::uint32_t>(field << description_.fraction_bits);
}

// A normal number with an exponent in [low, high], as far as the format has them, and any fraction
// pattern.
std::uint32_t layer_case_source::draw(std::int64_t low_exponent, std::int64_t high_exponent) {
  const format_description& f = description_;
  const std::int64_t last_field = f.max_finite >> f.fraction_bits;
  for (;;) {
    const std::uint32_t x = draw_encoding(f, entropy_);
    if (!f.is_normal(x)) continue;
    const std::int64_t low = std::clamp<std::int64_t>(f.bias + low_exponent, 1, last_field);
    const std::int64_t high = std::clamp<std::int64_t>(f.bias + high_exponent, 1, last_field);
    const std::uint32_t fraction = x & (f.min_normal - 1);
    const auto field = static_cast<std::uint32_t>(entropy_.between(low, high));
    const std::uint32_t m = std::min((field << f.fraction_bits) | fraction, f.max_finite);
    return (x & f.sign_mask) | m;
  }
}

void layer_case_source::fill_row(std::span<std::uint32_t> row, layer_content content) {
  if (content == layer_content::training || content == layer_content::recorded) {
    // Logits first: a case of one row is what a loss sees.
    constexpr training_kind kinds[] = {training_kind::logits, training_kind::weights,
                                       training_kind::activations, training_kind::gradients};
    auto* const tensor_of =
        content == layer_content::recorded ? recorded_tensor : training_tensor;
    const column made = tensor_of(format_, kinds[training_rows_++ % std::size(kinds)], row.size(),
                                  row.size(), entropy_);
    std::ranges::copy(made, row.begin());
    return;
  }
  const format_description& f = description_;
  const std::uint32_t minus_infinity = f.sign_mask | (f.has_infinity ? f.infinity : f.max_finite);
  for (std::size_t i = 0; i < row.size(); ++i) {
    std::uint32_t& x = row[i];
    switch (content) {
      case layer_content::ordinary:
      case layer_content::one_special:
        x = draw(-3, 2);
        break;
      case layer_content::spread:
        x = draw(-8, 8);
        break;
      case layer_content::weighted:
        x = draw_encoding(f, entropy_);
        break;
      case layer_content::ties:
        // Halves of small integers, and now and then a neighbour.
        x = draw(-1, 2) & ~((f.min_normal >> 2) - 1);
        if (entropy_.one_in(4)) x += static_cast<std::uint32_t>(unit_of(f));
        if (i > 0 && entropy_.one_in(2)) x = row[entropy_.below(i)];
        break;
      case layer_content::tiny:
        x = draw(1 - f.bias, 4 - f.bias);
        if (entropy_.one_in(4)) {
          const auto units = static_cast<std::uint32_t>(unit_of(f));
          x = (x & f.sign_mask) | (x & (f.min_normal - 1) & ~(units - 1));
        }
        break;
      case layer_content::huge:
        x = draw(f.bias - 3, f.bias + 1);
        break;
      case layer_content::masked:
        x = entropy_.one_in(3) ? minus_infinity : draw(-3, 2);
        break;
      case layer_content::training:
      case layer_content::recorded:  // filled above
        break;
      case layer_content::cancelling: {
        // big, small, -big, small, ... with neighbours of -big now and then.
        const std::int64_t big = std::min<std::int64_t>(f.bias - 2, 12);
        if (i % 4 == 0) x = draw(big, big);
        if (i % 4 == 2)
          x = negated(f, row[i - 2]) ^
              static_cast<std::uint32_t>(entropy_.one_in(3) ? unit_of(f) : 0);
        if (i % 2 == 1) x = draw(-big, 1);
        break;
      }
    }
  }
  if (content == layer_content::one_special && !row.empty()) {
    const auto unit = static_cast<std::uint32_t>(unit_of(f));
    const std::array<std::uint32_t, 9> specials = {f.infinity,
                                                   minus_infinity,
                                                   f.nan,
                                                   0,
                                                   f.sign_mask,
                                                   f.min_normal,
                                                   f.max_finite,
                                                   f.min_normal - unit,
                                                   f.sign_mask | f.max_finite};
    row[entropy_.below(row.size())] = specials[entropy_.below(specials.size())];
  }
  // So that short rows too have an order that shows.
  if (content == layer_content::cancelling && row.size() > 4) {
    for (std::size_t i = row.size() - 1; i > 0; --i) {
      if (entropy_.one_in(3)) std::swap(row[i], row[entropy_.below(i + 1)]);
    }
  }
}

tensor layer_case_source::numbers(std::vector<std::int64_t> shape, layer_content content) {
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  const std::int64_t length = shape.empty() ? 1 : shape.back();
  tensor t{std::move(shape), std::vector<std::uint32_t>(static_cast<std::size_t>(count))};
  const std::span<std::uint32_t> all = t.encodings;
  for (std::int64_t first = 0; first < count; first += length) {
    const auto row = all.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(length));
    fill_row(row, content);
    const bool is_last = first + length == count;
    if (content == layer_content::masked && is_last && count > length) {
      std::ranges::fill(
          row, description_.sign_mask |
                   (description_.has_infinity ? description_.infinity : description_.max_finite));
    }
  }
  return t;
}

tensor layer_case_source::between(std::vector<std::int64_t> shape, std::int64_t low, std::int64_t high) {
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  tensor t{std::move(shape), std::vector<std::uint32_t>(static_cast<std::size_t>(count))};
  for (std::uint32_t& x : t.encodings) x = draw(low, high);
  return t;
}

std::uint32_t layer_case_source::full_fraction(std::uint32_t x) const {
  const auto unit = static_cast<std::uint32_t>(unit_of(description_));
  return x | ((description_.min_normal - 1) & ~(unit - 1));
}

std::uint32_t layer_case_source::negative_logit(double magnitude) const {
  const format_description& f = description_;
  const double scale = std::ldexp(1.0, static_cast<int>(f.fraction_bits));
  const auto fraction = static_cast<std::int64_t>((magnitude / 64 - 1) * scale) & -unit_of(f);
  const std::int64_t exponent = std::min<std::int64_t>(f.bias + 6, (f.max_finite >> f.fraction_bits) - 1);
  return f.sign_mask | static_cast<std::uint32_t>((exponent << f.fraction_bits) + fraction);
}

std::uint32_t layer_case_source::root_of_end(bool at_most, int units) const {
  const format_description& f = description_;
  const std::int64_t unit = unit_of(f);
  const std::int64_t end = at_most ? f.max_finite + unit : f.min_normal;
  return static_cast<std::uint32_t>(((end + f.one) / 2 & -unit) + units * unit);
}

tensor layer_case_source::words(std::vector<std::int64_t> shape, std::uint32_t limit) {
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  tensor t{std::move(shape), std::vector<std::uint32_t>(static_cast<std::size_t>(count))};
  for (std::uint32_t& x : t.encodings) x = static_cast<std::uint32_t>(entropy_.below(limit));
  return t;
}

void add_row_cases(layer_case_source& source, bool reduces) {
  using enum layer_content;
  struct plan {
    layer_content content;
    std::int64_t rows;
    std::int64_t length;
  };
  std::vector<plan> plans = {{ordinary, 3, 33}, {ordinary, 1, 1},  {ordinary, 2, 0},
                             {ordinary, 0, 3},  {ordinary, 1, 64}, {spread, 2, 37},
                             {weighted, 8, 3},  {weighted, 9, 1},  {ties, 3, 8},
                             {tiny, 3, 5},      {huge, 3, 5},      {one_special, 9, 6},
                             {masked, 4, 6},    {masked, 1, 40},   {cancelling, 2, 70},
                             {training, 4, 40}, {recorded, 4, 40}};
  if (!source.is_quick()) {
    plans.insert(plans.end(), {{ordinary, 2, 300},
                               {cancelling, 2, 131},
                               {spread, 1, 97},
                               {weighted, 20, 2},
                               {weighted, 24, 1},
                               {tiny, 4, 20},
                               {huge, 4, 20},
                               {one_special, 20, 4},
                               {ties, 6, 5}});
  }
  for (const plan& p : plans) {
    // Where the number of rows allows it, two leading axes.
    std::vector<std::int64_t> leading = {p.rows};
    if (p.rows > 0 && p.rows % 2 == 0) leading = {2, p.rows / 2};
    std::vector<std::int64_t> shape = leading;
    shape.push_back(p.length);
    layer_case c;
    c.inputs = {source.numbers(shape, p.content)};
    const layer_content incoming = p.content == masked || p.content == ties ? ordinary : p.content;
    c.incoming = {source.numbers(reduces ? leading : shape, incoming)};
    source.add(std::move(c));
  }
  // One row without a leading axis; rows of zeros of both signs, and of equal elements, under three.
  for (int i = 0; i < 3; ++i) {
    const std::vector<std::int64_t> leading = i == 0 ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{2, 3, 2};
    std::vector<std::int64_t> shape = leading;
    shape.push_back(5);
    layer_case c;
    c.inputs = {source.numbers(shape, ordinary)};
    for (std::uint32_t& x : c.inputs[0].encodings) {
      if (i == 1) x ^= source.magnitude(x);
      if (i == 2) x = c.inputs[0].encodings[0];
    }
    c.incoming = {source.numbers(reduces ? leading : shape, ordinary)};
    // In binary32 a NaN with a payload comes in, which no result may show.
    if (i == 2 && source.is_binary32()) c.incoming[0].encodings[0] = source.payload_nan;
    source.add(std::move(c));
  }
  const auto incoming_shape = [&](std::int64_t rows, std::int64_t length) {
    return reduces ? std::vector{rows} : std::vector{rows, length};
  };
  source.add_long([&](std::int64_t rows) {
    layer_case c;
    c.inputs = {source.numbers({rows, 2}, ordinary)};
    c.incoming = {source.numbers(incoming_shape(rows, 2), ordinary)};
    return c;
  });
  source.add_long([&](std::int64_t length) {
    layer_case c;
    c.inputs = {source.numbers({1, length}, ordinary)};
    c.inputs[0].encodings.back() = source.between({1}, 4, 4).encodings[0];  // the greatest, or the least
    c.incoming = {source.numbers(incoming_shape(1, length), ordinary)};
    return c;
  });
  // Rows of one element, zeros of both signs among them: what one value gives has the right sign.
  layer_case single;
  single.inputs = {source.numbers({6, 1}, ordinary)};
  for (std::size_t i = 0; i < 4; ++i) {
    std::uint32_t& x = single.inputs[0].encodings[i];
    x = i % 2 == 0 ? 0 : source.negative_zero();
  }
  single.incoming = {source.numbers(incoming_shape(6, 1), ordinary)};
  source.add(std::move(single));
  // All zeros negative, in more elements than a sum has lanes: it starts from +0. A NaN in a block of lanes of which
  // all else is masked.
  layer_case lanes;
  lanes.inputs = {source.numbers({2, 70}, ordinary)};
  for (std::size_t i = 0; i < 140; ++i) {
    lanes.inputs[0].encodings[i] = i < 70 ? source.negative_zero() : (source.negative_zero() | source.infinity());
  }
  lanes.inputs[0].encodings[75] = source.nan();
  lanes.incoming = {source.numbers(incoming_shape(2, 70), ordinary)};
  source.add(std::move(lanes));
  if (source.is_quick()) return;
  // In binary32 a row of more elements than any kernel takes together.
  if (source.is_binary32()) {
    constexpr std::int64_t kLong = 1100;
    layer_case c;
    c.inputs = {source.numbers({1, kLong}, ordinary)};
    c.inputs[0].encodings.back() = 0x41200000;  // the greatest comes last
    c.incoming = {source.numbers(incoming_shape(1, kLong), ordinary)};
    source.add(std::move(c));
  }
  // Exponentials of which some are subnormal, some vanish, beside that of 0.
  constexpr std::int64_t kRows = 3;
  constexpr std::int64_t kLength = 40;
  // Rows of 0 and one other: the last one that does not vanish is alone in its row. From 2^-143 to 2^-171 if products
  // are exact, from 2^-138 to 2^-158 if they are piecewise affine, at most 1 in the exponent apart.
  constexpr std::int64_t kPairs = 40;
  const auto add = [&](std::int64_t rows, std::int64_t length, const auto& magnitude) {
    layer_case c;
    c.inputs = {source.numbers({rows, length}, ordinary)};
    for (std::int64_t i = 0; i < rows * length; ++i) {
      c.inputs[0].encodings[static_cast<std::size_t>(i)] =
          i % length == 0 ? 0 : source.negative_logit(magnitude(i / length));
    }
    c.incoming = {source.numbers(incoming_shape(rows, length), ordinary)};
    source.add(std::move(c));
  };
  add(kRows, kLength, [&](std::int64_t) { return 86 + static_cast<double>(source.random().below(20 * 64)) / 64; });
  add(kPairs, 2, [](std::int64_t row) { return 99 + static_cast<double>(row) / 2; });
  // In binary32, where pam takes it by log2 e to -126 and one unit to each side: exponential and share are MIN.
  add(kRows, 2, [](std::int64_t row) { return std::ldexp(0xC355C4 + static_cast<double>(row), -17); });
}

void add_element_cases(layer_case_source& source) {
  add_row_cases(source, /*reduces=*/false);
  layer_case scalar;
  scalar.inputs = {source.numbers({}, layer_content::ordinary)};
  scalar.incoming = {source.numbers({}, layer_content::ordinary)};
  source.add(std::move(scalar));
}

void add_endless_row(layer_case_source& source) {
  if (source.is_quick() || !source.is_binary32()) return;
  constexpr std::int64_t kLength = 70000;
  layer_case c;
  c.inputs = {source.numbers({1, kLength}, layer_content::ordinary)};
  c.incoming = {source.numbers({1}, layer_content::ordinary)};
  source.add(std::move(c));
}

}  // namespace pamkit::properties
