#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "pamkit/tensor/contraction.hpp"

namespace pamkit::simd {

/// The matrix of all taps of a convolution at all places of an image, which is never in memory: tap
/// (channel, kernel row, kernel column) at place (row, column) reads one element of the image, or
/// +0 where there is none. Taps and places are counted row-major.
struct image_taps {
  const float* image = nullptr;  ///< [channels, height, width], dense
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t kernel_height = 1;
  std::int64_t kernel_width = 1;
  std::int64_t place_width = 1;  ///< places of one row
  /// A tap at a place is on image row place row * place_step + kernel row * tap_step + origin_row;
  /// on the column likewise.
  std::int64_t place_step = 1;
  std::int64_t tap_step = 1;
  std::int64_t origin_row = 0;
  std::int64_t origin_column = 0;
  bool taps_are_rows = true;  ///< of the matrix; else its columns

  /// One row of taps, and one place, taken apart.
  struct tap {
    const float* channel = nullptr;
    std::int64_t kernel_row = 0;
    std::int64_t kernel_column = 0;
  };
  struct place {
    std::int64_t row = 0;
    std::int64_t column = 0;
  };

  tap tap_at(std::int64_t index) const {
    const std::int64_t kernel = kernel_height * kernel_width;
    return {image + index / kernel * height * width, index % kernel / kernel_width,
            index % kernel_width};
  }
  /// The one after it, without a division.
  tap next(tap t) const {
    if (++t.kernel_column < kernel_width) return t;
    t.kernel_column = 0;
    if (++t.kernel_row < kernel_height) return t;
    t.kernel_row = 0;
    t.channel += height * width;
    return t;
  }
  place place_at(std::int64_t index) const { return {index / place_width, index % place_width}; }

  /// Writes what one tap reads at `count` places from `from` on to out[0], out[stride], ...
  void read(const tap& t, place from, std::int64_t count, float* out, std::int64_t stride) const {
    while (count > 0) {
      const std::int64_t run = std::min(count, place_width - from.column);
      const std::int64_t row = from.row * place_step + t.kernel_row * tap_step + origin_row;
      const std::int64_t first =
          from.column * place_step + t.kernel_column * tap_step + origin_column;
      const bool on_row = row >= 0 && row < height;
      read_run(on_row ? t.channel + row * width : nullptr, first, run, out, stride);
      out += run * stride;
      count -= run;
      ++from.row;
      from.column = 0;
    }
  }

 private:
  /// Elements of an image row, none if null, at first + i place_step.
  void read_run(const float* source, std::int64_t first, std::int64_t count, float* out,
                std::int64_t stride) const {
    if (source == nullptr) {
      for (std::int64_t i = 0; i < count; ++i) out[i * stride] = 0;
    } else if (place_step == 1 && stride == 1) {
      // Those inside the image are a run of their own.
      const std::int64_t begin = std::clamp<std::int64_t>(-first, 0, count);
      const std::int64_t end = std::clamp(width - first, begin, count);
      std::fill(out, out + begin, 0.0F);
      std::copy(source + first + begin, source + first + end, out + begin);
      std::fill(out + end, out + count, 0.0F);
    } else {
      std::int64_t i = 0;
      for (; i < count && first + i * place_step < 0; ++i) out[i * stride] = 0;
      for (; i < count && first + i * place_step < width; ++i) {
        out[i * stride] = source[first + i * place_step];
      }
      for (; i < count; ++i) out[i * stride] = 0;
    }
  }
};

/// A matrix in memory, of binary32 or of a narrower format, or taps.
struct strided {
  const float* data = nullptr;
  std::int64_t row = 0;
  std::int64_t column = 0;
  const image_taps* taps = nullptr;  ///< in place of the others, on the right side only
  const void* narrow = nullptr;      ///< in place of `data`: elements of `format`
  element_format format = element_format::binary32;

  const float* at(std::int64_t i, std::int64_t j) const { return data + i * row + j * column; }
  strided transposed() const { return {data, column, row, nullptr, narrow, format}; }
  /// Whether a row lies in memory as the tiles read it.
  bool has_float_rows() const { return column == 1 && narrow == nullptr; }
};

/// One batch element of a contraction of any kind as a product of a left (rows x terms) and a right
/// (terms x columns) matrix, sums along ascending terms.
struct arrangement {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t terms = 0;
  strided left;
  strided right;
  strided own;  ///< rows x columns: of a vjp, the operand that the derivative is taken in
  float* out = nullptr;
  std::int64_t out_row = 0;
  std::int64_t out_column = 0;
  /// Which side holds the product's second operand, or, of a vjp, the other factor (not the
  /// incoming derivative; the linear vjps multiply mul(d, factor)).
  bool factor_on_left = false;
  bool continues = false;  ///< sums go on from what `out` holds instead of +0
};

/// Whether the sides are exchanged: where that makes the output's rows contiguous.
inline bool exchanges_sides(const contraction_problem& c) {
  return c.out.column_stride != 1 && c.out.row_stride == 1;
}

/// Which side arrange() puts the factor on.
inline bool factor_on_left(contraction_kind kind, const contraction_problem& c) {
  return (kind == contraction_kind::vjp_b) != exchanges_sides(c);
}

/// Arranges batch element `index`; the factor is on the side that factor_on_left() says.
inline arrangement arrange(contraction_kind kind, const contraction_problem& c,
                           std::int64_t index) {
  const auto read = [&](const matrix_view& v) {
    const matrix_view one = v.from(index * v.batch_stride);
    return strided{one.data, one.row_stride, one.column_stride, nullptr, one.narrow, one.format};
  };
  arrangement r;
  r.out = c.out.data + index * c.out.batch_stride;
  r.out_row = c.out.row_stride;
  r.out_column = c.out.column_stride;
  r.rows = output_rows(kind, c);
  r.columns = output_columns(kind, c);
  switch (kind) {
    case contraction_kind::product:
      r.terms = c.k;
      r.left = read(c.a);
      r.right = read(c.b);
      break;
    case contraction_kind::vjp_a:
      r.terms = c.n;
      r.left = read(c.d);
      r.right = read(c.b).transposed();
      r.own = read(c.a);
      break;
    case contraction_kind::vjp_b:
      r.terms = c.m;
      r.left = read(c.a).transposed();
      r.right = read(c.d);
      r.own = read(c.b);
      break;
  }
  r.factor_on_left = factor_on_left(kind, c);
  if (exchanges_sides(c)) {
    const strided left = r.left;
    r.left = r.right.transposed();
    r.right = left.transposed();
    r.own = r.own.transposed();
    std::swap(r.out_row, r.out_column);
    std::swap(r.rows, r.columns);
  }
  return r;
}

}  // namespace pamkit::simd
