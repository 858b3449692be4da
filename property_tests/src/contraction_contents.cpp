/// What the cases of contractions are filled with.
#include <algorithm>
#include <bit>
#include <cmath>

#include "pamkit/properties/contraction_case.hpp"
#include "recorded_tensor.hpp"
#include "statement_parts.hpp"
#include "training_tensor.hpp"

namespace pamkit::properties {
namespace {

std::uint32_t draw_moderate_operand(const format_description& f, entropy& source) {
  const std::int64_t reach = std::min<std::int64_t>(8, f.bias / 2);
  for (;;) {
    const std::uint32_t x = draw_encoding(f, source);
    if (!f.is_normal(x)) continue;
    const std::int64_t field = f.bias + source.between(-reach, reach);
    return (x & (f.sign_mask | (f.min_normal - 1))) |
           static_cast<std::uint32_t>(field << f.fraction_bits);
  }
}

void fill(column& elements, std::int64_t count, const auto& draw) {
  elements.resize(static_cast<std::size_t>(count));
  for (std::uint32_t& x : elements) x = draw();
}

// Each pair of rows of a and columns of b is a case of two operands, half of them at an edge of the
// range.
void fill_single_terms(contraction_case& c, const case_shape& shape, const format_description& f,
                       entropy& source) {
  case_shape pairs = shape;
  pairs.arity = 2;
  const auto assign = [&](column& left, column& right) {
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
      const column pair =
          source.one_in(2) ? draw_range_edge(pairs, f, source) : draw_case(pairs, f, source);
      if (i < left.size()) left[i] = pair[0];
      if (i < right.size()) right[i] = pair[1];
    }
  };
  assign(c.a, c.b);
  // The derivative meets b (approx), or a slope of b's size (exact).
  column partner = c.b;
  column derivatives(c.d.size());
  assign(derivatives, partner);
  c.d = derivatives;
  for (std::size_t i = 0; i < partner.size(); ++i) {
    if (source.one_in(2)) c.b[i] = partner[i];
  }
}

// Along the summed axis: a large term, a tiny one, and one that nearly undoes the first.
void fill_cancelling(contraction_case& c, const format_description& f, entropy& source) {
  const std::int64_t big = std::min<std::int64_t>(f.bias - 2, 24);
  const auto scaled = [&](std::uint32_t x, std::int64_t exponent) {
    const std::uint32_t fraction = x & (f.min_normal - 1);
    return (x & f.sign_mask) | fraction |
           static_cast<std::uint32_t>((f.bias + exponent) << f.fraction_bits);
  };
  const auto shape_rows = [&](column& x, std::int64_t lines, std::int64_t length,
                              std::int64_t line_step, std::int64_t step) {
    for (std::int64_t l = 0; l < lines; ++l) {
      std::uint32_t last = 0;
      for (std::int64_t t = 0; t < length; ++t) {
        std::uint32_t& e = x[static_cast<std::size_t>(l * line_step + t * step)];
        if (t % 3 == 0) {
          e = scaled(e, big);
          last = e;
        } else if (t % 3 == 1) {
          e = scaled(e, -std::min<std::int64_t>(big, f.bias - 2));
        } else {
          e = negated(f, last) ^ static_cast<std::uint32_t>(unit_of(f) * source.between(0, 1));
        }
      }
    }
  };
  // a along k; the rest keeps one value along the axis it is summed over, so that terms do cancel.
  for (std::int64_t i = 0; i < c.batch; ++i) {
    column part(c.a.begin() + i * c.m * c.k, c.a.begin() + (i + 1) * c.m * c.k);
    shape_rows(part, c.m, c.k, c.k, 1);
    std::ranges::copy(part, c.a.begin() + i * c.m * c.k);
    column incoming(c.d.begin() + i * c.m * c.n, c.d.begin() + (i + 1) * c.m * c.n);
    shape_rows(incoming, c.m, c.n, c.n, 1);
    if (source.one_in(2)) shape_rows(incoming, c.n, c.m, 1, c.n);
    std::ranges::copy(incoming, c.d.begin() + i * c.m * c.n);
    for (std::int64_t r = 0; r < c.k; ++r) {
      for (std::int64_t j = 0; j < c.n; ++j) {
        c.b[static_cast<std::size_t>((i * c.k + r) * c.n + j)] =
            c.b[static_cast<std::size_t>(i * c.k * c.n + j)];
      }
    }
  }
}

// Zeros of both signs, and subnormals, which flush reads as zeros.
void sprinkle_zeros(column& x, const format_description& f, entropy& source) {
  for (std::uint32_t& e : x) {
    if (!source.one_in(3)) continue;
    e &= f.sign_mask;
    if (source.one_in(3)) e |= f.min_normal - static_cast<std::uint32_t>(unit_of(f));
  }
}

void place_special(column& x, const format_description& f, entropy& source, bool is_last) {
  if (x.empty()) return;
  const std::uint32_t specials[] = {f.infinity,
                                    f.nan,
                                    f.max_finite,
                                    f.min_normal,
                                    f.min_normal - static_cast<std::uint32_t>(unit_of(f)),
                                    0};
  x[is_last ? x.size() - 1 : source.below(x.size())] =
      specials[source.below(std::size(specials))] | (source.one_in(2) ? f.sign_mask : 0);
}

// Magnitudes within a few binades of half the sum that makes a product `edge`, on both sides of it.
void fill_around(column& x, const format_description& f, std::int64_t half, entropy& source) {
  for (std::uint32_t& e : x) {
    const std::int64_t offset = source.between(-2, 1) * f.min_normal +
                                static_cast<std::int64_t>(source.below(f.min_normal));
    const std::int64_t m = std::clamp<std::int64_t>(half + offset, f.min_normal, f.max_finite);
    e = (e & f.sign_mask) | static_cast<std::uint32_t>(m & -unit_of(f));
  }
}

void fill_around_edge(contraction_case& c, const format_description& f, std::int64_t edge,
                      entropy& source) {
  const std::int64_t half = (edge + f.one) / 2;
  for (column* x : {&c.a, &c.b, &c.d}) fill_around(*x, f, half, source);
}

// All magnitudes on one side of one that is attained, so that one product alone is the extreme.
void fill_beside(column& x, const format_description& f, std::int64_t extreme, bool is_least,
                 entropy& source) {
  if (x.empty()) return;
  const std::uint64_t attained = source.below(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto away = static_cast<std::int64_t>(source.below(2 * f.min_normal));
    const std::int64_t m = i == attained ? extreme : is_least ? extreme + away : extreme - away;
    const std::int64_t cut = is_least && i != attained ? m + unit_of(f) - 1 : m;
    x[i] = (x[i] & f.sign_mask) |
           static_cast<std::uint32_t>(std::clamp<std::int64_t>(cut, f.min_normal, f.max_finite) &
                                      -unit_of(f));
  }
}

void fill_at_edge(contraction_case& c, const case_shape& shape, const format_description& f,
                  const contraction_plan& plan, entropy& source) {
  const bool is_least = plan.content != contraction_content::greatest_at_edge;
  const std::int64_t edge = is_least ? f.min_normal : f.max_finite;
  const std::int64_t total = edge + plan.nudge * unit_of(f) + f.one - shape.compensation;
  // Both derivatives meet the edge too when the two halves are nearly equal.
  const std::int64_t aside =
      source.one_in(2) ? 0 : static_cast<std::int64_t>(source.below(f.min_normal));
  const std::int64_t left = (total / 2 + aside) & -unit_of(f);
  fill_beside(c.a, f, left, is_least, source);
  fill_beside(c.b, f, total - left, is_least, source);
  fill_beside(c.d, f, left, is_least, source);
}

// Zeros in the place of some magnitudes that are not the least.
void zero_beside_least(column& x, const format_description& f, entropy& source) {
  if (x.empty()) return;
  const auto magnitude_of = [&](std::uint32_t e) { return magnitude(f, e); };
  const std::uint32_t least = magnitude(f, *std::ranges::min_element(x, {}, magnitude_of));
  for (std::uint32_t& e : x) {
    if (magnitude(f, e) != least && source.one_in(3)) e &= f.sign_mask;
  }
}

// Terms of exact derivatives that leave the range by a carry alone: d times a factor of a and b is
// in the last binade, and a slope has its factor's exponent, or one more. As d has no fraction,
// nothing but that carry tells that a term may overflow.
void fill_slopes_at_edge(contraction_case& c, const format_description& f) {
  const std::int64_t last = f.max_finite >> f.fraction_bits;
  const std::int64_t half = (last + f.bias) / 2;
  const auto place = [&](column& x, std::int64_t field, std::uint32_t kept) {
    for (std::uint32_t& e : x) e = (e & kept) | static_cast<std::uint32_t>(field << f.fraction_bits);
  };
  const std::uint32_t fraction = f.min_normal - 1;
  place(c.a, last + f.bias - half, f.sign_mask | fraction);
  place(c.b, last + f.bias - half, f.sign_mask | fraction);
  place(c.d, half, f.sign_mask);
}

enum class axis : std::uint8_t { batch, rows, columns };

// The first element along an axis of x [batch, rows, columns] at all its places.
void repeat_first(column& x, std::int64_t batch, std::int64_t rows, std::int64_t columns,
                  axis along) {
  std::size_t next = 0;
  for (std::int64_t i = 0; i < batch; ++i) {
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < columns; ++c) {
        const std::int64_t from = ((along == axis::batch ? 0 : i) * rows +
                                   (along == axis::rows ? 0 : r)) * columns +
                                  (along == axis::columns ? 0 : c);
        x[next++] = x[static_cast<std::size_t>(from)];
      }
    }
  }
}

}  // namespace

contraction_case make_contraction_case(const case_shape& shape, const contraction_plan& plan,
                                       entropy& source) {
  const format_description f = describe(shape.format);
  contraction_case c{
      .batch = plan.batch, .m = plan.m, .n = plan.n, .k = plan.k, .a = {}, .b = {}, .d = {}};
  const auto moderate = [&] { return draw_moderate_operand(f, source); };
  const auto weighted = [&] { return draw_encoding(f, source); };
  const auto fill_all = [&](const auto& draw) {
    fill(c.a, c.batch * c.m * c.k, draw);
    fill(c.b, c.batch * c.k * c.n, draw);
    fill(c.d, c.batch * c.m * c.n, draw);
  };
  if (plan.content == contraction_content::weighted) {
    fill_all(weighted);
    return c;
  }
  if (plan.content == contraction_content::training ||
      plan.content == contraction_content::recorded) {
    auto* const tensor_of =
        plan.content == contraction_content::recorded ? recorded_tensor : training_tensor;
    const auto make = [&](training_kind kind, std::int64_t count) {
      return tensor_of(shape.format, kind, static_cast<std::size_t>(count), 0, source);
    };
    c.a = make(training_kind::activations, c.batch * c.m * c.k);
    c.b = make(training_kind::weights, c.batch * c.k * c.n);
    c.d = make(training_kind::gradients, c.batch * c.m * c.n);
    return c;
  }
  fill_all(moderate);
  switch (plan.content) {
    case contraction_content::single_terms:
      fill_single_terms(c, shape, f, source);
      break;
    case contraction_content::cancelling:
      fill_cancelling(c, f, source);
      break;
    case contraction_content::equal_rows:
      repeat_first(c.a, c.batch, c.m, c.k, axis::rows);
      repeat_first(c.d, c.batch, c.m, c.n, axis::rows);
      break;
    case contraction_content::equal_columns:
      repeat_first(c.b, c.batch, c.k, c.n, axis::columns);
      repeat_first(c.d, c.batch, c.m, c.n, axis::columns);
      break;
    case contraction_content::equal_terms:
      repeat_first(c.a, c.batch, c.m, c.k, axis::columns);
      repeat_first(c.b, c.batch, c.k, c.n, axis::rows);
      break;
    case contraction_content::equal_batches:
      repeat_first(c.a, c.batch, c.m, c.k, axis::batch);
      repeat_first(c.b, c.batch, c.k, c.n, axis::batch);
      repeat_first(c.d, c.batch, c.m, c.n, axis::batch);
      break;
    case contraction_content::zeros_right:
      sprinkle_zeros(c.b, f, source);
      break;
    case contraction_content::zeros:
      sprinkle_zeros(c.b, f, source);
      [[fallthrough]];
    case contraction_content::zeros_left:
      sprinkle_zeros(c.a, f, source);
      sprinkle_zeros(c.d, f, source);
      break;
    case contraction_content::one_special:
    case contraction_content::last_special:
      for (column* x : {&c.a, &c.b, &c.d}) {
        place_special(*x, f, source, plan.content == contraction_content::last_special);
      }
      break;
    case contraction_content::ends:
      for (column* x : {&c.a, &c.b}) {
        for (std::uint32_t& e : *x) e = (e & f.sign_mask) | (source.one_in(2) ? f.max_finite : f.min_normal);
      }
      break;
    case contraction_content::underflowing:
      fill_around_edge(c, f, f.min_normal, source);
      break;
    case contraction_content::overflowing:
      fill_around_edge(c, f, f.max_finite, source);
      break;
    case contraction_content::least_at_edge:
    case contraction_content::zeros_at_edge:
    case contraction_content::greatest_at_edge:
      fill_at_edge(c, shape, f, plan, source);
      if (plan.content != contraction_content::zeros_at_edge) break;
      for (column* x : {&c.a, &c.b, &c.d}) zero_beside_least(*x, f, source);
      break;
    case contraction_content::slopes_at_edge:
      fill_slopes_at_edge(c, f);
      break;
    default:
      break;
  }
  return c;
}

void count_contraction(const case_shape& shape, const contraction_case& given,
                       class_counts& counts) {
  const contraction_case c = widened(shape.format, given);
  const format_description f = describe(binary32{});
  const auto add = [&](case_class x) { ++counts[static_cast<std::size_t>(x)]; };
  const auto count_training = [&](training_kind kind, const column& x, case_class as) {
    if (has_statistics_of(kind, shape.format, x)) add(as);
  };
  count_training(training_kind::activations, given.a, case_class::training_activations);
  count_training(training_kind::weights, given.b, case_class::training_weights);
  count_training(training_kind::gradients, given.d, case_class::training_gradients);
  if (is_recorded(shape.format, given.a)) add(case_class::training_recorded);
  // One unit of the operands, in binary32: their products are at an edge when they miss it by less.
  const format_description operands = describe(shape.format);
  const int widening = f.fraction_bits - operands.fraction_bits;
  const std::int64_t unit = unit_of(operands) << widening;
  const std::int64_t compensation = std::int64_t{shape.compensation} << widening;
  for (std::int64_t i = 0; i < c.batch; ++i) {
    for (std::int64_t row = 0; row < c.m; ++row) {
      for (std::int64_t col = 0; col < c.n; ++col) {
        double sum = 0;
        for (std::int64_t t = 0; t < c.k; ++t) {
          const std::uint32_t a = c.a[static_cast<std::size_t>((i * c.m + row) * c.k + t)];
          const std::uint32_t b = c.b[static_cast<std::size_t>((i * c.k + t) * c.n + col)];
          if (c.k == 1 && f.is_normal(a) && f.is_normal(b)) {
            const std::int64_t r =
                std::int64_t{magnitude(f, a)} + magnitude(f, b) - f.one + compensation;
            for (const std::int64_t edge : {f.min_normal, f.max_finite}) {
              if (std::abs(r - edge) <= unit) add(case_class::single_term_at_edge);
            }
          }
          // Ordinary products serve: this only counts how a case looks.
          const double term = double{std::bit_cast<float>(a)} * double{std::bit_cast<float>(b)};
          const double next = sum + term;
          if (std::isfinite(next) && term != 0 && sum != 0) {
            if (std::abs(next) < std::abs(sum) * 0x1p-12) add(case_class::cancellation);
            if (std::abs(term) < std::abs(sum) * 0x1p-20) add(case_class::tiny_term);
          }
          sum = next;
        }
      }
    }
  }
}

}  // namespace pamkit::properties
