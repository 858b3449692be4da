#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/properties/subject.hpp"

/// Cases for matrix products and their derivatives, and the ways to lay them out in memory.

namespace pamkit::properties {

/// The operands of one product, row-major: a [batch, m, k], b [batch, k, n], d [batch, m, n].
struct contraction_case {
  std::int64_t batch = 1;
  std::int64_t m = 1;
  std::int64_t n = 1;
  std::int64_t k = 1;
  column a;
  column b;
  column d;

  /// "1x2x3x4": batch, m, n, k.
  std::string shape() const;
};

/// Reads a shape as `shape` writes it; the operands stay empty.
std::optional<contraction_case> parse_shape(std::string_view text);

/// A NaN with a payload that no operation returns: what lies in gaps, and where nothing is written.
inline constexpr std::uint32_t kPoison = 0x7fa5a5a5;

/// How the matrices of a call lie in memory. Gaps are filled with NaNs, which no result may show.
enum class memory_layout : std::uint8_t {
  contiguous,
  transposed,   ///< all four column-major
  padded,       ///< rows longer than their elements, and starting off any vector boundary
  reversed,     ///< negative strides
  interleaved,  ///< elements 3 apart
  split,        ///< one call for each batch element and each block of the output; of every second shape read backwards
  mixed,        ///< every matrix in another way, with a page without access before operands
  broadcast,    ///< stride 0 along every axis on which an operand does not change; only for cases
                ///< with such an operand
  broadcast_apart,  ///< the same, elements 3 apart where they do change
};

inline constexpr memory_layout all_layouts[] = {
    memory_layout::contiguous, memory_layout::transposed,  memory_layout::padded,
    memory_layout::reversed,   memory_layout::interleaved, memory_layout::split,
    memory_layout::mixed,      memory_layout::broadcast,   memory_layout::broadcast_apart};

std::string_view name_of(memory_layout layout);

/// Whether it has so many terms that an emulated device takes seconds for them.
bool is_large(const contraction_case& c);

/// Whether a case can be laid out so: broadcast needs an operand that does not change along an axis.
bool is_possible(memory_layout layout, const contraction_case& c);

/// The sums of one contraction, binary32 encodings, row-major, of operands that are binary32
/// encodings already. A backend that writes outside its output gets one element too many, a NaN
/// with a payload, in front, so that no comparison accepts it. Throws std::invalid_argument when
/// the backend has no such contraction.
column contract(const subject& s, contraction_kind kind, derivative gradient,
                const contraction_case& widened, memory_layout layout = memory_layout::contiguous);

/// Operands of any format widened to binary32.
contraction_case widened(const any_format& format, contraction_case c);

/// What `make_contraction_cases` fills a case with.
enum class contraction_content : std::uint8_t {
  moderate,       ///< normal numbers of moderate size
  weighted,       ///< everything, infinities and NaNs included
  single_terms,   ///< one summed term for each output, many at a range edge: nothing can absorb an
                  ///< error
  cancelling,     ///< pairs of nearly opposite terms, and terms tiny next to them
  equal_rows,     ///< moderate, with equal rows of a and d
  equal_columns,  ///< moderate, with equal columns of b and d
  equal_terms,    ///< moderate, a and b with the same elements in every term of k
  equal_batches,  ///< moderate, with equal matrices in every batch
  zeros_left,     ///< moderate, with zeros and subnormals in a and d
  zeros_right,    ///< the same in b
  zeros,          ///< the same in all three
  one_special,    ///< moderate, with one infinity, NaN, subnormal or range end in each operand
  last_special,   ///< the same at the end of each operand
  ends,           ///< a and b at MAX and MIN of either sign, d moderate
  underflowing,   ///< products on both sides of MIN, none near MAX
  overflowing,    ///< products on both sides of MAX, none near MIN
  least_at_edge,  ///< the least product of the whole matrices is MIN + nudge units
  zeros_at_edge,    ///< least_at_edge, with zeros beside it in every operand
  greatest_at_edge,  ///< the greatest one is MAX + nudge units
  slopes_at_edge,    ///< d of powers of two, which slopes take past MAX where their fractions carry
  training,          ///< activations, weights and gradients as of a training step
  recorded,          ///< those of a training step
};

struct contraction_plan {
  contraction_content content;
  std::int64_t batch, m, n, k;
  int nudge = 0;
};

/// One case for a plan. `shape.arity` is not read.
contraction_case make_contraction_case(const case_shape& shape, const contraction_plan& plan,
                                       entropy& source);

/// Adds the classes of contractions that a case, its operands in the format of the shape, reaches.
void count_contraction(const case_shape& shape, const contraction_case& given,
                       class_counts& counts);

/// A simpler case that still fails; `fails` holds for `c`. Whole rows, columns and terms go first,
/// then operands toward 0 and 1.0.
contraction_case shrink_contraction(const any_format& format, contraction_case c,
                                    const std::function<bool(const contraction_case&)>& fails,
                                    std::size_t limit = 1500);

}  // namespace pamkit::properties
