#pragma once

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "pamkit/reference/tensor.hpp"

namespace pamkit::reference {

/// binary32 words in rows and columns. One value for each row, or one row for all of them, is
/// repeated by the steps that need more.
struct matrix {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::vector<std::uint32_t> words;
  bool repeats_rows = false;     ///< one row that stands for every row
  bool repeats_columns = false;  ///< one column that stands for every column

  std::uint32_t at(std::int64_t r, std::int64_t c) const {
    const std::int64_t row = repeats_rows ? 0 : r;
    const std::int64_t column = repeats_columns ? 0 : c;
    return words[static_cast<std::size_t>(row * columns + column)];
  }

  /// The same shape without words.
  matrix empty_like() const { return {rows, columns, {}, repeats_rows, repeats_columns}; }
  static matrix scalar(std::uint32_t word) { return {1, 1, {word}, true, true}; }
  static matrix row_for_all(std::vector<std::uint32_t> words) {
    const auto columns = static_cast<std::int64_t>(words.size());
    return {1, columns, std::move(words), true, false};
  }
};

/// The sum of a row in 32 lanes: lane j takes j, j + 32, ... ascending from +0; then lanes i and i
/// + 16, + 8, + 4, + 2, + 1.
std::uint32_t sum_in_lanes(std::span<const std::uint32_t> words);

/// The sum of a column in blocks of 128 consecutive words, each ascending from +0, then the blocks
/// ascending from +0.
std::uint32_t sum_in_blocks(std::span<const std::uint32_t> words);

/// The greatest word; NaN where there is one, -infinity where there is none.
std::uint32_t greatest(std::span<const std::uint32_t> words);
std::uint32_t floor_binary32(std::uint32_t word);

/// A scalar from the host, rounded once.
std::uint32_t rounded(double x);

/// A computation written down step by step, so that it can be run backwards. Steps are elementwise,
/// with operands of one row or column repeated as needed; every one is an oracle of
/// `rules.arithmetic` under binary32 rules without compensation, or an IEEE binary32 operation.
class tape {
 public:
  using value = std::size_t;  ///< what a step made

  /// `given` must be rules of binary32.
  tape(const rules& given, derivative kind);

  /// A value that derivatives are wanted of; nothing else gets one.
  value variable(matrix m);
  value constant(matrix m);
  value constant(std::uint32_t word) { return constant(matrix::scalar(word)); }

  value mul(value a, value b);
  value div(value a, value b);
  value add(value a, value b);
  value subtract(value a, value b);
  value exp2(value x);
  value log2(value x);
  value sqrt(value x);
  value negate(value x);
  value row_sum(value x);  ///< of each row, in 32 lanes
  value total(value x);    ///< of one value for each row, summed as one row
  /// x, but `instead` where the mask is not 0; the derivative is +0 there. The mask has the shape
  /// of x.
  value replace(value x, const std::vector<bool>& mask, std::uint32_t instead);

  const matrix& operator[](value v) const { return steps_[v].result; }

  /// Runs the tape backwards from `from` with an incoming derivative.
  void backward(value from, const matrix& incoming);

  /// The derivative that reached a variable, of its shape; +0 where none did.
  matrix derivative_of(value v) const;

 private:
  struct step {
    matrix result;
    bool is_differentiated = false;
    std::function<void()> backward;  ///< hands the derivative of this step's result on
    std::optional<matrix> incoming;
  };
  value record(matrix result, bool is_differentiated);
  /// A step of two operands whose vjp towards each has operands (d, a, b).
  using vjp = std::uint32_t (tape::*)(wrt, std::uint32_t, std::uint32_t, std::uint32_t) const;
  value binary(scalar_oracle oracle, vjp derivative, value a, value b);
  void contribute(value to, const matrix& derivative);
  matrix summed_to_shape(const matrix& terms, const matrix& shape) const;
  std::uint32_t call(scalar_oracle oracle, std::uint32_t x) const;
  std::uint32_t call(scalar_oracle oracle, std::uint32_t x, std::uint32_t y) const;
  std::uint32_t product_vjp(wrt operand, std::uint32_t d, std::uint32_t a, std::uint32_t b) const;
  std::uint32_t quotient_vjp(wrt operand, std::uint32_t d, std::uint32_t a, std::uint32_t b) const;
  std::uint32_t exp2_vjp(std::uint32_t d, std::uint32_t x, std::uint32_t y) const;
  std::uint32_t log2_vjp(std::uint32_t d, std::uint32_t x) const;
  std::uint32_t sqrt_vjp(std::uint32_t d, std::uint32_t x) const;
  template <class Function>
  matrix map(const matrix& a, const matrix& b, const Function& f) const;

  rules rules_;
  derivative kind_;
  bool has_slopes_ = false;
  scalar_oracle mul_, div_, exp2_, log2_, sqrt_;
  scalar_oracle vjp_a_, vjp_b_;
  scalar_oracle div_da_, div_db_, exp2_da_, log2_da_;
  std::vector<step> steps_;
};

}  // namespace pamkit::reference
