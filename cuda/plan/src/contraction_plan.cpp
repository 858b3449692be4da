#include "pamkit/cuda/contraction_plan.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <utility>

namespace pamkit::cuda {

namespace {

matrix_view transposed(matrix_view v) {
  std::swap(v.row_stride, v.column_stride);
  return v;
}

std::string_view name_of(contraction_kind kind) {
  switch (kind) {
    case contraction_kind::vjp_a:
      return "vjp_a";
    case contraction_kind::vjp_b:
      return "vjp_b";
    default:
      return "product";
  }
}

}  // namespace

operand operand_of(const matrix_view& v) {
  return {v.narrow != nullptr ? v.narrow : v.data, v.row_stride, v.column_stride, v.batch_stride};
}

contraction_parameters contraction_parameters_of(contraction_kind kind, derivative gradient,
                                                 const policy<binary32>& rules,
                                                 const contraction_problem& c) {
  const bool reads_d = kind != contraction_kind::product;
  if (c.a.format != c.b.format || (reads_d && c.a.format != c.d.format)) {
    throw std::invalid_argument("the operands of a contraction are of different formats");
  }
  contraction_parameters p{.rules = rules,
                           .gradient = gradient,
                           .format = c.a.format,
                           .batch = c.batch,
                           .rows = output_rows(kind, c),
                           .columns = output_columns(kind, c),
                           .x = {},
                           .y = {},
                           .own = {},
                           .out = c.out};
  switch (kind) {
    case contraction_kind::product:
      p.terms = c.k;
      p.x = operand_of(c.a);
      p.y = operand_of(c.b);
      break;
    case contraction_kind::vjp_a:
      p.terms = c.n;
      p.x = operand_of(c.d);
      p.y = operand_of(transposed(c.b));
      p.own = operand_of(c.a);
      break;
    case contraction_kind::vjp_b:
      p.terms = c.m;
      p.x = operand_of(transposed(c.a));
      p.y = operand_of(c.d);
      p.own = operand_of(c.b);
      break;
  }
  return p;
}

contraction_plan plan_contraction(std::string kernel, std::int64_t tile_rows,
                                  std::int64_t tile_columns, const contraction_parameters& p) {
  for (const std::int64_t size : {p.batch, p.rows, p.columns, p.terms}) {
    if (size < 0) throw std::invalid_argument(kernel + ": a size is negative");
  }
  contraction_plan plan{.kernel = std::move(kernel), .parameters = p};
  const std::int64_t row_tiles = pieces(p.rows, tile_rows);
  const std::int64_t column_tiles = pieces(p.columns, tile_columns);
  plan.blocks = checked_blocks(plan.kernel, std::array{p.batch, row_tiles, column_tiles});
  plan.parameters.row_tiles = static_cast<std::uint32_t>(row_tiles);
  plan.parameters.column_tiles = static_cast<std::uint32_t>(column_tiles);
  return plan;
}

contraction_plan plan_full_contraction(std::string_view arithmetic, contraction_kind kind,
                                       const contraction_parameters& p) {
  std::string kernel = "pamkit_contraction_full_" + std::string(arithmetic) + "_";
  kernel.append(name_of(kind));
  return plan_contraction(std::move(kernel), small_tile::rows, small_tile::columns, p);
}

bool is_pam_product(std::string_view arithmetic, contraction_kind kind, derivative gradient) {
  const bool is_product = kind == contraction_kind::product || gradient == derivative::approx;
  return is_product && (arithmetic == "pam" || arithmetic == "l_mul");
}

namespace {

// Larger tiles read each operand from memory less often. With fewer of them than this part of a GPU
// has none, and smaller ones keep more of it at work.
constexpr std::int64_t kEnoughTiles = 128;

std::string_view suffix_of(element_format format) {
  switch (format) {
    case element_format::bfloat16:
      return "_bfloat16";
    case element_format::binary16:
      return "_binary16";
    case element_format::e5m2:
      return "_e5m2";
    case element_format::e4m3:
      return "_e4m3";
    default:
      return "";
  }
}

// The same sums with the factors of each term exchanged: out^T = y^T x^T.
contraction_parameters with_factors_exchanged(contraction_parameters p) {
  std::swap(p.rows, p.columns);
  std::swap(p.x, p.y);
  std::swap(p.x.row_stride, p.x.column_stride);
  std::swap(p.y.row_stride, p.y.column_stride);
  std::swap(p.own.row_stride, p.own.column_stride);
  std::swap(p.out.row_stride, p.out.column_stride);
  return p;
}

// Kernels of one sort, "contraction_STEM" with the largest tiles that its outputs allow.
struct family {
  std::string stem;
  bool has_own = false;          ///< outputs have an operand of their own: no large tiles
  bool has_each_format = false;  ///< one kernel for each narrow format; else one for all
  contraction_parameters parameters;
};

std::optional<family> family_of(std::string_view arithmetic, contraction_kind kind,
                                const contraction_parameters& p) {
  contraction_parameters product = p;
  product.own = {};
  // mul_vjp_b is mul_vjp_a of the other factor, but for adder.
  const contraction_parameters towards_a =
      kind == contraction_kind::vjp_b ? with_factors_exchanged(p) : p;
  if (is_pam_product(arithmetic, kind, p.gradient)) {
    return family{.stem = "pam_hybrid", .has_each_format = true, .parameters = product};
  }
  if (arithmetic == "pam" || arithmetic == "l_mul") {
    return family{.stem = "pam_slopes", .has_own = true, .parameters = towards_a};
  }
  if (arithmetic == "exact") return family{.stem = "exact_hybrid", .parameters = product};
  if (arithmetic == "power_of_two") {
    family f{.stem = "power_of_two_hybrid", .parameters = towards_a};
    f.parameters.own = {};
    return f;
  }
  if (arithmetic == "adder") {
    return family{.stem = "adder_" + std::string(name_of(kind)),
                  .has_own = kind != contraction_kind::product,
                  .parameters = p};
  }
  return std::nullopt;
}

}  // namespace

std::vector<contraction_plan> plan_fast_contractions(std::string_view arithmetic,
                                                     contraction_kind kind,
                                                     const contraction_parameters& p) {
  std::vector<contraction_plan> plans;
  const std::optional<family> found = family_of(arithmetic, kind, p);
  if (!found) return plans;
  const family& f = *found;
  const auto add = [&]<class Tile>(Tile, std::string_view suffix) {
    plans.push_back(plan_contraction("pamkit_contraction_" + f.stem + std::string(suffix),
                                     Tile::rows, Tile::columns, f.parameters));
  };
  const bool is_narrow = p.format != element_format::binary32;
  std::string_view suffix;
  if (is_narrow) suffix = f.has_each_format ? suffix_of(p.format) : "_narrow";
  if (f.has_own) {
    add(medium_tile{}, suffix);
  } else {
    add(large_tile{}, suffix);
    if (!is_narrow) add(medium_tile{}, "_medium");
  }
  if (!is_narrow) add(small_tile{}, "_small");
  return plans;
}

contraction_plan plan_fastest_contraction(std::string_view arithmetic, contraction_kind kind,
                                          const contraction_parameters& p) {
  const std::vector<contraction_plan> plans = plan_fast_contractions(arithmetic, kind, p);
  if (plans.empty()) return plan_full_contraction(arithmetic, kind, p);
  const auto enough = std::ranges::find_if(
      plans, [](const contraction_plan& plan) { return plan.blocks >= kEnoughTiles; });
  return enough == plans.end() ? plans.back() : *enough;
}

launch contraction_plan::as_launch() const {
  const contraction_parameters& p = parameters;
  const auto bytes = static_cast<std::size_t>(bytes_of(p.format));
  const auto matrix = [&](const void* data, std::size_t size, std::int64_t rows,
                          std::int64_t columns, const auto& v, bool is_written) {
    return region_of(data, size, std::array{p.batch, rows, columns},
                     std::array{v.batch_stride, v.row_stride, v.column_stride}, is_written);
  };
  launch l{.kernel = kernel,
           .blocks = blocks,
           .parameters = &parameters,
           .parameter_bytes = sizeof parameters,
           .memory = {matrix(p.x.data, bytes, p.rows, p.terms, p.x, false),
                      matrix(p.y.data, bytes, p.terms, p.columns, p.y, false),
                      matrix(p.out.data, sizeof(float), p.rows, p.columns, p.out, true)}};
  if (p.own.data != nullptr) {
    l.memory.push_back(matrix(p.own.data, bytes, p.rows, p.columns, p.own, false));
  }
  if (p.bias != nullptr) {
    l.memory.push_back({p.bias, static_cast<std::size_t>(p.columns) * sizeof(float), false});
  }
  return l;
}

}  // namespace pamkit::cuda
