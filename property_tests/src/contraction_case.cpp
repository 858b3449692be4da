#include "pamkit/properties/contraction_case.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <new>
#include <span>
#include <stdexcept>
#include <utility>

#include "guarded_memory.hpp"
#include "pamkit/convert.hpp"
#include "pamkit/tensor/split.hpp"
#include "pamkit/tensor/stored_format.hpp"
#include "statement_parts.hpp"

namespace pamkit::properties {
namespace {

constexpr std::array<std::pair<memory_layout, std::string_view>, 9> kLayouts = {{
    {memory_layout::contiguous, "contiguous"},
    {memory_layout::transposed, "transposed"},
    {memory_layout::padded, "padded"},
    {memory_layout::reversed, "reversed"},
    {memory_layout::interleaved, "interleaved"},
    {memory_layout::split, "split"},
    {memory_layout::mixed, "mixed"},
    {memory_layout::broadcast, "broadcast"},
    {memory_layout::broadcast_apart, "broadcast_apart"},
}};

// Elements behind an output.
constexpr std::int64_t kBehind = 64;

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

// The axes of a batch of matrices, of more than one place, along which its elements do not change.
struct constant_axes {
  bool batch = false;
  bool rows = false;
  bool columns = false;

  bool any() const { return batch || rows || columns; }
};

constant_axes constant_axes_of(const column& elements, std::int64_t batch, std::int64_t rows,
                               std::int64_t columns) {
  if (std::ssize(elements) < batch * rows * columns) return {};  // not read
  constant_axes axes{.batch = batch > 1, .rows = rows > 1, .columns = columns > 1};
  for (std::int64_t i = 0; i < batch; ++i) {
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < columns; ++c) {
        const auto at = [&](std::int64_t b, std::int64_t row, std::int64_t col) {
          return elements[static_cast<std::size_t>((b * rows + row) * columns + col)];
        };
        axes.batch &= at(i, r, c) == at(0, r, c);
        axes.rows &= at(i, r, c) == at(i, 0, c);
        axes.columns &= at(i, r, c) == at(i, r, 0);
      }
    }
  }
  return axes;
}

bool is_broadcast(memory_layout layout) {
  return layout == memory_layout::broadcast || layout == memory_layout::broadcast_apart;
}

placement place(memory_layout layout, std::int64_t batch, std::int64_t rows, std::int64_t columns,
                constant_axes constant = {}) {
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
    case memory_layout::broadcast_apart: {
      const std::int64_t unit = layout == memory_layout::broadcast ? 1 : 3;
      const std::int64_t row = constant.columns ? unit : columns * unit;
      p.column_stride = constant.columns ? 0 : unit;
      p.row_stride = constant.rows ? 0 : row;
      p.batch_stride = constant.batch ? 0 : constant.rows ? row : rows * row;
      break;
    }
    default:
      p.row_stride = columns;
      p.batch_stride = elements;
  }
  const auto reach = [](std::int64_t count, std::int64_t stride) {
    return std::max<std::int64_t>(0, (count - 1) * stride);
  };
  p.size = p.origin + 1 + reach(batch, p.batch_stride) + reach(rows, p.row_stride) +
           reach(columns, p.column_stride);
  return p;
}

// The layouts of the matrices of one call.
struct call_layout {
  memory_layout a, b, d, out;
};

call_layout layout_of_each(memory_layout layout, const contraction_case& c) {
  using enum memory_layout;
  if (layout == mixed) return {contiguous, contiguous, transposed, interleaved};
  if (layout == split && (c.m + c.n + c.k) % 2 == 1) return {reversed, reversed, reversed, reversed};
  return {layout, layout, layout, layout};
}

// Behind the elements, or before them where they are read backwards, lies a page without access.
guarded_memory::side guard_of(const placement& p) {
  return p.column_stride < 0 ? guarded_memory::side::front : guarded_memory::side::back;
}

struct buffer {
  placement where;
  guarded_memory::side guard;
  guarded_memory bytes;
  std::span<float> memory;

  // With so many elements more behind it, which a call must not write.
  buffer(const placement& p, guarded_memory::side side, std::int64_t more = 0)
      : where(p),
        guard(side),
        bytes(static_cast<std::size_t>(p.size + more) * sizeof(float), side),
        memory(new (bytes.data()) float[static_cast<std::size_t>(p.size + more)],
               static_cast<std::size_t>(p.size + more)) {
    std::ranges::fill(memory, std::bit_cast<float>(kPoison));
  }

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

// The first stored format but `own` that has all elements, and `own` where none has.
element_format other_format(element_format own, std::span<const float> elements) {
  element_format other = own;
  const auto consider = [&]<class F>(const F&) {
    constexpr element_format stored = stored_format<F>();
    if (other != own || stored == own || stored == element_format::binary32) return;
    const bool has_all = std::ranges::all_of(elements, [](float e) {
      const encoding<binary32> x{std::bit_cast<std::uint32_t>(e)};
      const auto y = narrow(policy<F>{.subnormals = subnormal_policy::gradual}, x);
      return is_nan(x) || widen(y).bits == x.bits;
    });
    if (has_all) other = stored;
  };
  for (const any_format& f : default_formats()) std::visit(consider, f);
  return other;
}

// An operand in memory in a format that has all its elements: as a rule the one that it was widened
// from.
struct narrow_memory {
  std::optional<guarded_memory> bytes;

  // The view of the same elements here, or the given one where `format` has not all of them.
  matrix_view replace(element_format format, buffer& wide, const matrix_view& view,
                      bool has_other_data) {
    const std::span<float> memory = wide.memory;
    matrix_view narrowed = view;
    narrowed.format = format;
    if (format == element_format::binary32) {
      narrowed.narrow = view.data;
      narrowed.data = nullptr;
      return narrowed;
    }
    bool has_all = true;
    const auto narrow_to = [&]<class F>(const F&) {
      if (stored_format<F>() != format) return;
      constexpr std::size_t kSize = sizeof(typename F::storage);
      bytes.emplace(memory.size() * kSize, wide.guard);
      for (std::size_t i = 0; i < memory.size(); ++i) {
        const encoding<binary32> x{std::bit_cast<std::uint32_t>(memory[i])};
        const auto y = narrow(policy<F>{.subnormals = subnormal_policy::gradual}, x);
        has_all &= is_nan(x) || widen(y).bits == x.bits;
        const auto element = static_cast<typename F::storage>(y.bits);
        std::memcpy(bytes->data() + i * kSize, &element, kSize);
      }
    };
    for (const any_format& f : default_formats()) std::visit(narrow_to, f);
    if (!has_all) return view;
    narrowed.narrow = element_address(format, bytes->data(), view.data - memory.data());
    // `data` is not read: there may be none, or something else.
    if (has_other_data) {
      std::ranges::fill(memory, std::bit_cast<float>(kPoison));
    } else {
      narrowed.data = nullptr;
    }
    return narrowed;
  }
};

void call_in_parts(contraction_function function, const policy<binary32>& rules,
                   contraction_kind kind, const contraction_problem& whole) {
  constexpr std::int64_t kRows = 3;
  constexpr std::int64_t kColumns = 20;
  const std::int64_t rows = output_rows(kind, whole);
  const std::int64_t columns = output_columns(kind, whole);
  for (std::int64_t batch = 0; batch < whole.batch; ++batch) {
    for (std::int64_t row = 0; row < rows; row += kRows) {
      for (std::int64_t column = 0; column < columns; column += kColumns) {
        function(rules, block(whole, kind, batch, 1, row, std::min(kRows, rows - row), column,
                              std::min(kColumns, columns - column)));
      }
    }
  }
}

// The result. One element too many, a poisoned one, says that something else was written too, or
// read beside an operand.
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
  const bool was_left = guarded_memory::was_left();
  if (!untouched || was_left) result.insert(result.begin(), kPoison);
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
  return std::ranges::find(kLayouts, layout, &std::pair<memory_layout, std::string_view>::first)
      ->second;
}

bool is_large(const contraction_case& c) {
  constexpr std::int64_t kManyTerms = 1000;
  return c.batch * c.m * c.n * c.k > kManyTerms;
}

bool is_possible(memory_layout layout, const contraction_case& c) {
  if (!is_broadcast(layout)) return true;
  return constant_axes_of(c.a, c.batch, c.m, c.k).any() ||
         constant_axes_of(c.b, c.batch, c.k, c.n).any() ||
         constant_axes_of(c.d, c.batch, c.m, c.n).any();
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
  const auto [layout_a, layout_b, layout_d, layout_out] = layout_of_each(layout, c);
  const auto make_operand = [&](const column& x, memory_layout its, std::int64_t rows, std::int64_t columns) {
    const placement p = place(its, c.batch, rows, columns,
                              is_broadcast(its) ? constant_axes_of(x, c.batch, rows, columns) : constant_axes{});
    return buffer(p, layout == memory_layout::mixed ? guarded_memory::side::front : guard_of(p));
  };
  buffer a = make_operand(c.a, layout_a, c.m, c.k);
  buffer b = make_operand(c.b, layout_b, c.k, c.n);
  buffer d = make_operand(c.d, layout_d, c.m, c.n);
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
  narrow_memory narrow_a;
  narrow_memory narrow_b;
  narrow_memory narrow_d;
  if (s.implementation().reads_narrow_elements) {
    // Every operand says for itself how it is stored: in some layouts one of them stays binary32, in
    // some the right operand, or the incoming derivative, is in another format than the others. binary32
    // may be named, too.
    const element_format own = stored_format(s.rules().format);
    const bool is_binary32 = own == element_format::binary32;
    const auto narrow_to = [&](narrow_memory& narrowed, buffer& x, matrix_view& view,
                               memory_layout stays) {
      if (layout == stays || (is_binary32 && layout != memory_layout::padded &&
                               layout != memory_layout::reversed)) {
        return;
      }
      const bool is_other =
          !is_binary32 &&
          (&x == &b ? layout == memory_layout::split || layout == memory_layout::transposed
                    : &x == &d && layout == memory_layout::mixed);
      view = narrowed.replace(is_other ? other_format(own, x.memory) : own, x, view,
                              layout != memory_layout::contiguous);
    };
    narrow_to(narrow_a, a, problem.a, memory_layout::padded);
    narrow_to(narrow_b, b, problem.b, memory_layout::interleaved);
    if (reads_d) narrow_to(narrow_d, d, problem.d, memory_layout::reversed);
  }
  placement outputs = place(layout_out, c.batch, output_rows(kind, problem), output_columns(kind, problem));
  // Matrices within rows, as the heads of attention lie.
  if (layout == memory_layout::mixed) {
    outputs.batch_stride = outputs.row_stride;
    outputs.row_stride *= std::max<std::int64_t>(c.batch, 1);
  }
  buffer out(outputs, guard_of(outputs), kBehind);
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
  // Widening makes a NaN canonical: what lies in memory as binary32 stays what it is.
  if (describe(format).storage_bits == 32) return c;
  for (column* operand : {&c.a, &c.b, &c.d}) {
    std::vector<float> values(operand->size());
    widen(format, *operand, values);
    std::ranges::transform(values, operand->begin(),
                           [](float x) { return std::bit_cast<std::uint32_t>(x); });
  }
  return c;
}

}  // namespace pamkit::properties
