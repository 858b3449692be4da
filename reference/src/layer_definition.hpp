#pragma once

#include <span>
#include <vector>

#include "pamkit/reference/layer.hpp"
#include "tape.hpp"
#include "widening.hpp"

/// What a file of reference/layer/ defines: layer::NAME, a layer_definition of that name.

namespace pamkit::reference {

/// One call. Numbers are binary32 words already; of a vjp the last operands are incoming
/// derivatives.
struct layer_call {
  const rules& given;  ///< of the operands' format
  rules wide;          ///< of binary32, compensation scaled
  derivative kind;
  std::vector<dense> unwidened;  ///< the operands as they came
  std::vector<dense> operands;
  const layer_attributes& attributes;
  bool is_vjp = false;

  double attribute(std::string_view name, double otherwise) const {
    const auto it = attributes.find(name);
    return it == attributes.end() ? otherwise : it->second;
  }
  std::int64_t count(std::string_view name, std::int64_t otherwise) const {
    return static_cast<std::int64_t>(attribute(name, static_cast<double>(otherwise)));
  }
};

struct layer_definition {
  std::string_view name;
  /// Which operands are words that are no numbers, by index.
  std::vector<std::size_t> integers{};
  bool has_vjp = true;
  /// Uses quotients and functions: defined for arithmetics that have them. Otherwise products and
  /// sums alone.
  bool needs_functions = true;
  /// Results in binary32 words.
  std::vector<dense> (*compute)(const layer_call&) = nullptr;
};

/// Made at configure time from the files, in alphabetical order.
std::span<const layer_definition* const> layer_registry();

/// The rows of the last axis.
matrix rows_of(const dense& x);

/// One value for each row, from a dense without the last axis.
matrix per_row(const dense& x);

/// x without its last axis.
std::vector<std::int64_t> without_last(const std::vector<std::int64_t>& shape);

/// What softmax and logsumexp share: t = pam(x, log2e), its floored maximum, e = paexp2(t - it),
/// sum(e).
struct exponentials {
  tape::value e = 0;
  tape::value sum = 0;
  tape::value floored_maximum = 0;  ///< a constant: maximum and floor pass no derivative
  std::vector<bool> is_masked;      ///< t is -infinity
  std::vector<bool> is_row_masked;  ///< by element: every t of its row is

  exponentials(tape& steps, tape::value x);
};

/// floor(max t) + palog2(sum(e)) over log2e.
tape::value log_sum_of(tape& steps, const exponentials& parts);

/// x - logsumexp(x), -infinity in a masked row.
tape::value log_softmax_of(tape& steps, tape::value x, const exponentials& parts);

/// pad(e, sum(e)), +0 in a masked row.
tape::value softmax_of(tape& steps, const exponentials& parts);

/// A derivative with +0 where elements are masked.
matrix without_masked(matrix derivative, const std::vector<bool>& is_masked);

/// pad(sum, n): the mean of every row of x.
tape::value mean_of(tape& steps, tape::value x);

}  // namespace pamkit::reference
