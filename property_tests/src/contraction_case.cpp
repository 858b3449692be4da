#include "pamkit/properties/contraction_case.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "statement_parts.hpp"

namespace pamkit::properties {
namespace {

constexpr std::array<std::pair<memory_layout, std::string_view>, 7> kLayouts = {{
    {memory_layout::contiguous, "contiguous"},
    {memory_layout::transposed, "transposed"},
    {memory_layout::padded, "padded"},
    {memory_layout::reversed, "reversed"},
    {memory_layout::interleaved, "interleaved"},
    {memory_layout::split, "split"},
    {memory_layout::broadcast, "broadcast"},
}};

// A NaN with a payload that no operation returns: what lies in gaps.
constexpr std::uint32_t kPoison = 0x7fa5a5a5;

// Where the elements of a batch of matrices lie.
struct placement {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t origin = 0;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 1;
  std::int64_t batch_stride = 0;
  std::int64_t size = 0;

  std::int64_t operator()(std::int64_t batch, std::int64_t row, std::int64_t column) const {
    return origin + batch * batch_stride + row * row_stride + column * column_stride;
  }
};

placement place(memory_layout layout, std::int64_t batch, std::int64_t rows, std::int64_t columns,
                bool may_broadcast) {
  placement p{.rows = rows, .columns = columns};
  const std::int64_t elements = rows * columns;
  switch (layout) {
    case memory_layout::transposed:
      p.row_stride = 1;
      p.column_stride = rows;
      p.batch_stride = elements;
      break;
    case memory_layout::padded:
      p.origin = 1;
      p.row_stride = columns + 3;
      p.batch_stride = rows * (columns + 3) + 5;
      break;
    case memory_layout::reversed:
      p.origin = batch * elements - 1;
      p.row_stride = -columns;
      p.column_stride = -1;
      p.batch_stride = -elements;
      break;
    case memory_layout::interleaved:
      p.column_stride = 3;
      p.row_stride = 3 * columns;
      p.batch_stride = 3 * elements;
      break;
    case memory_layout::broadcast:
      p.row_stride = may_broadcast ? 0 : columns;
      p.batch_stride = may_broadcast ? columns : elements;
      break;
    default:
      p.row_stride = columns;
      p.batch_stride = elements;
  }
  p.size = p.origin + 1 + batch * (3 * elements + 3 * rows + columns + 8);
  return p;
}

struct buffer {
  placement where;
  std::vector<float> memory;

  explicit buffer(const placement& p)
      : where(p),
        memory(static_cast<std::size_t>(std::max<std::int64_t>(p.size, 1)), std::bit_cast<float>(kPoison)) {}

  float& at(std::int64_t batch, std::int64_t row, std::int64_t column) {
    return memory[static_cast<std::size_t>(where(batch, row, column))];
  }

  void fill(std::int64_t batch, const column& elements) {
    std::size_t next = 0;
    for (std::int64_t i = 0; i < batch; ++i) {
      for (std::int64_t r = 0; r < where.rows; ++r) {
        for (std::int64_t c = 0; c < where.columns; ++c) {
          at(i, r, c) = std::bit_cast<float>(elements[next++]);
        }
      }
    }
  }

  matrix_view view(std::int64_t first_batch) {
    return {memory.data() + where(first_batch, 0, 0), where.row_stride, where.column_stride,
            where.batch_stride};
  }

  matrix_output output(std::int64_t first_batch) {
    return {memory.data() + where(first_batch, 0, 0), where.row_stride, where.column_stride,
            where.batch_stride};
  }
};

bool has_equal_rows(const column& elements, std::int64_t batch, std::int64_t rows,
                    std::int64_t columns) {
  for (std::int64_t i = 0; i < batch * rows; ++i) {
    const std::int64_t first = i / rows * rows;
    for (std::int64_t c = 0; c < columns; ++c) {
      if (elements[static_cast<std::size_t>(i * columns + c)] !=
          elements[static_cast<std::size_t>(first * columns + c)]) {
        return false;
      }
    }
  }
  return true;
}

// The part of a problem that computes output rows [first, first + count); views of operands that the kind reads
// by output row move along.
contraction_problem rows_of(const contraction_problem& whole, contraction_kind kind,
                            std::int64_t first, std::int64_t count) {
  contraction_problem part = whole;
  part.out.data += first * whole.out.row_stride;
  if (kind == contraction_kind::vjp_b) {
    part.k = count;
    part.a.data += first * whole.a.column_stride;
    part.b.data += first * whole.b.row_stride;
  } else {
    part.m = count;
    part.a.data += first * whole.a.row_stride;
    if (kind == contraction_kind::vjp_a) part.d.data += first * whole.d.row_stride;
  }
  return part;
}

void call_in_parts(contraction_function function, const policy<binary32>& rules,
                   contraction_kind kind, const contraction_problem& whole) {
  constexpr std::int64_t kRows = 3;
  for (std::int64_t batch = 0; batch < whole.batch; ++batch) {
    contraction_problem one = whole;
    one.batch = 1;
    one.a.data += batch * whole.a.batch_stride;
    one.b.data += batch * whole.b.batch_stride;
    if (kind != contraction_kind::product) one.d.data += batch * whole.d.batch_stride;
    one.out.data += batch * whole.out.batch_stride;
    const std::int64_t rows = output_rows(kind, whole);
    for (std::int64_t first = 0; first < rows; first += kRows) {
      function(rules, rows_of(one, kind, first, std::min(kRows, rows - first)));
    }
  }
}

// The result, and a check that nothing but the result was written.
column collect(buffer& out, std::int64_t batch) {
  column result;
  for (std::int64_t i = 0; i < batch; ++i) {
    for (std::int64_t r = 0; r < out.where.rows; ++r) {
      for (std::int64_t c = 0; c < out.where.columns; ++c) {
        float& element = out.at(i, r, c);
        result.push_back(std::bit_cast<std::uint32_t>(element));
        element = std::bit_cast<float>(kPoison);
      }
    }
  }
  const bool untouched = std::ranges::all_of(
      out.memory, [](float x) { return std::bit_cast<std::uint32_t>(x) == kPoison; });
  if (!untouched) throw std::logic_error("a contraction wrote outside its output");
  return result;
}

}  // namespace

std::string contraction_case::shape() const {
  return std::to_string(batch) + "x" + std::to_string(m) + "x" + std::to_string(n) + "x" +
         std::to_string(k);
}

std::optional<contraction_case> parse_shape(std::string_view text) {
  contraction_case c;
  std::array<std::int64_t*, 4> sizes = {&c.batch, &c.m, &c.n, &c.k};
  const char* next = text.data();
  const char* const end = text.data() + text.size();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (i > 0 && (next == end || *next++ != 'x')) return std::nullopt;
    const auto [rest, error] = std::from_chars(next, end, *sizes[i]);
    if (error != std::errc{} || *sizes[i] < 0 || *sizes[i] > 1'000'000) return std::nullopt;
    next = rest;
  }
  return next == end ? std::optional(std::move(c)) : std::nullopt;
}

std::string_view name_of(memory_layout layout) {
  return std::ranges::find(kLayouts, layout, &std::pair<memory_layout, std::string_view>::first)->second;
}

bool is_possible(memory_layout layout, const contraction_case& c) {
  if (layout != memory_layout::broadcast) return true;
  return c.m > 1 && has_equal_rows(c.a, c.batch, c.m, c.k) && has_equal_rows(c.d, c.batch, c.m, c.n);
}

column contract(const subject& s, contraction_kind kind, derivative gradient,
                const contraction_case& c, memory_layout layout) {
  const contraction_function function =
      s.implementation().contraction(s.rules().arithmetic, kind, gradient);
  if (function == nullptr) {
    throw std::invalid_argument("backend " + std::string(s.implementation().name) +
                                " has no such contraction of " + s.arithmetic().label);
  }
  const bool reads_d = kind != contraction_kind::product;
  buffer a(place(layout, c.batch, c.m, c.k, true));
  buffer b(place(layout, c.batch, c.k, c.n, false));
  buffer d(place(layout, c.batch, c.m, c.n, true));
  a.fill(c.batch, c.a);
  b.fill(c.batch, c.b);
  if (reads_d) d.fill(c.batch, c.d);
  contraction_problem problem{.batch = c.batch,
                              .m = c.m,
                              .n = c.n,
                              .k = c.k,
                              .a = a.view(0),
                              .b = b.view(0),
                              .d = reads_d ? d.view(0) : matrix_view{},
                              .out = {}};
  buffer out(place(layout, c.batch, output_rows(kind, problem), output_columns(kind, problem), false));
  problem.out = out.output(0);
  const policy<binary32> rules = contraction_rules(s.rules());
  if (layout == memory_layout::split) {
    call_in_parts(function, rules, kind, problem);
  } else {
    function(rules, problem);
  }
  return collect(out, c.batch);
}

contraction_case widened(const any_format& format, contraction_case c) {
  for (column* operand : {&c.a, &c.b, &c.d}) {
    std::vector<float> values(operand->size());
    widen(format, *operand, values);
    std::ranges::transform(values, operand->begin(),
                           [](float x) { return std::bit_cast<std::uint32_t>(x); });
  }
  return c;
}

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

// Each pair of rows of a and columns of b is a case of two operands, half of them at an edge of the range.
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
  const auto shape_rows = [&](column& x, std::int64_t lines, std::int64_t length, std::int64_t line_step,
                              std::int64_t step) {
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
        c.b[static_cast<std::size_t>((i * c.k + r) * c.n + j)] = c.b[static_cast<std::size_t>(i * c.k * c.n + j)];
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

void place_special(column& x, const format_description& f, entropy& source) {
  if (x.empty()) return;
  const std::uint32_t specials[] = {f.infinity, f.nan, f.max_finite, f.min_normal,
                                    f.min_normal - static_cast<std::uint32_t>(unit_of(f)), 0};
  x[source.below(x.size())] = specials[source.below(std::size(specials))] |
                              (source.one_in(2) ? f.sign_mask : 0);
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
           static_cast<std::uint32_t>(std::clamp<std::int64_t>(cut, f.min_normal, f.max_finite) & -unit_of(f));
  }
}

void fill_at_edge(contraction_case& c, const case_shape& shape, const format_description& f,
                  const contraction_plan& plan, entropy& source) {
  const bool is_least = plan.content == contraction_content::least_at_edge;
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

void repeat_first_row(column& x, std::int64_t batch, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t i = 0; i < batch * rows; ++i) {
    for (std::int64_t c = 0; c < columns; ++c) {
      x[static_cast<std::size_t>(i * columns + c)] =
          x[static_cast<std::size_t>(i / rows * rows * columns + c)];
    }
  }
}

}  // namespace

contraction_case make_contraction_case(const case_shape& shape, const contraction_plan& plan,
                                       entropy& source) {
  const format_description f = describe(shape.format);
  contraction_case c{.batch = plan.batch, .m = plan.m, .n = plan.n, .k = plan.k, .a = {}, .b = {}, .d = {}};
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
  fill_all(moderate);
  switch (plan.content) {
    case contraction_content::single_terms: fill_single_terms(c, shape, f, source); break;
    case contraction_content::cancelling: fill_cancelling(c, f, source); break;
    case contraction_content::equal_rows:
      repeat_first_row(c.a, c.batch, c.m, c.k);
      repeat_first_row(c.d, c.batch, c.m, c.n);
      break;
    case contraction_content::zeros_right: sprinkle_zeros(c.b, f, source); break;
    case contraction_content::zeros:
      sprinkle_zeros(c.b, f, source);
      [[fallthrough]];
    case contraction_content::zeros_left:
      sprinkle_zeros(c.a, f, source);
      sprinkle_zeros(c.d, f, source);
      break;
    case contraction_content::one_special:
      for (column* x : {&c.a, &c.b, &c.d}) place_special(*x, f, source);
      break;
    case contraction_content::underflowing: fill_around_edge(c, f, f.min_normal, source); break;
    case contraction_content::overflowing: fill_around_edge(c, f, f.max_finite, source); break;
    case contraction_content::least_at_edge:
    case contraction_content::greatest_at_edge: fill_at_edge(c, shape, f, plan, source); break;
    default: break;
  }
  return c;
}

void count_contraction(const case_shape& shape, const contraction_case& given, class_counts& counts) {
  const contraction_case c = widened(shape.format, given);
  const format_description f = describe(binary32{});
  const auto add = [&](case_class x) { ++counts[static_cast<std::size_t>(x)]; };
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
            const std::int64_t r = std::int64_t{magnitude(f, a)} + magnitude(f, b) - f.one + compensation;
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

namespace {

column without(const column& x, std::int64_t outer, std::int64_t axis, std::int64_t inner,
               std::int64_t first, std::int64_t count) {
  column rest;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t i = 0; i < axis; ++i) {
      if (i >= first && i < first + count) continue;
      const auto start = x.begin() + (o * axis + i) * inner;
      rest.insert(rest.end(), start, start + inner);
    }
  }
  return rest;
}

enum class extent : std::uint8_t { batch, m, n, k };

contraction_case without(const contraction_case& c, extent axis, std::int64_t first, std::int64_t count) {
  contraction_case r = c;
  switch (axis) {
    case extent::batch:
      r.a = without(c.a, 1, c.batch, c.m * c.k, first, count);
      r.b = without(c.b, 1, c.batch, c.k * c.n, first, count);
      r.d = without(c.d, 1, c.batch, c.m * c.n, first, count);
      r.batch -= count;
      break;
    case extent::m:
      r.a = without(c.a, c.batch, c.m, c.k, first, count);
      r.d = without(c.d, c.batch, c.m, c.n, first, count);
      r.m -= count;
      break;
    case extent::n:
      r.b = without(c.b, c.batch * c.k, c.n, 1, first, count);
      r.d = without(c.d, c.batch * c.m, c.n, 1, first, count);
      r.n -= count;
      break;
    case extent::k:
      r.a = without(c.a, c.batch * c.m, c.k, 1, first, count);
      r.b = without(c.b, c.batch, c.k, c.n, first, count);
      r.k -= count;
      break;
  }
  return r;
}

std::int64_t size_of(const contraction_case& c, extent axis) {
  switch (axis) {
    case extent::batch: return c.batch;
    case extent::m: return c.m;
    case extent::n: return c.n;
    default: return c.k;
  }
}

}  // namespace

contraction_case shrink_contraction(const any_format& format, contraction_case c,
                                    const std::function<bool(const contraction_case&)>& fails,
                                    std::size_t limit) {
  std::size_t evaluated = 0;
  const auto accept = [&](const contraction_case& candidate) {
    if (evaluated++ >= limit || !fails(candidate)) return false;
    c = candidate;
    return true;
  };
  // Halves first, then quarters, ..., then single rows, columns and terms.
  for (const extent axis : {extent::batch, extent::m, extent::n, extent::k}) {
    for (std::int64_t piece = (size_of(c, axis) + 1) / 2; piece > 0; piece /= 2) {
      for (std::int64_t first = 0; first < size_of(c, axis) && evaluated < limit;) {
        const std::int64_t count = std::min(piece, size_of(c, axis) - first);
        if (count == size_of(c, axis) || !accept(without(c, axis, first, count))) first += piece;
      }
    }
  }
  // Elements toward +0 and the simple encodings: one column of all operands, shrunk as a case is.
  const auto joined = [](const contraction_case& x) {
    column all = x.a;
    all.insert(all.end(), x.b.begin(), x.b.end());
    all.insert(all.end(), x.d.begin(), x.d.end());
    return all;
  };
  const auto with_operands = [&](const column& all) {
    contraction_case x = c;
    const auto b = all.begin() + static_cast<std::ptrdiff_t>(c.a.size());
    const auto d = b + static_cast<std::ptrdiff_t>(c.b.size());
    x.a.assign(all.begin(), b);
    x.b.assign(b, d);
    x.d.assign(d, all.end());
    return x;
  };
  column all = joined(c);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == 0) continue;
    column candidate = all;
    candidate[i] = 0;
    if (accept(with_operands(candidate))) all = candidate;
  }
  if (all.size() > 64 || evaluated >= limit) return c;
  return with_operands(shrink_case(
      format, all, [&](const column& x) { return fails(with_operands(x)); }, limit - evaluated));
}

}  // namespace pamkit::properties
