// Blocking, packing and register tiles shared by all contractions; what a term is comes as a
// template parameter. Included once per instruction set.
//
// The right operand is packed in panels of 1, 2 or kMaxVectors vectors of columns, the left one is
// read where it lies if its terms are contiguous and packed otherwise. A tile of up to kTileRows
// rows by one panel keeps its sums in registers over one block of terms; further blocks reload
// them, so every output is one chain of additions in ascending order, whatever the blocking.
#if defined(PAMKIT_SIMD_CONTRACTION_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef PAMKIT_SIMD_CONTRACTION_INL_HPP
#undef PAMKIT_SIMD_CONTRACTION_INL_HPP
#else
#define PAMKIT_SIMD_CONTRACTION_INL_HPP
#endif

#include <hwy/cache_control.h>

#include <array>
#include <type_traits>

#include "arrangement.hpp"
#include "pamkit/detail/float_environment.hpp"
#include "lanes-inl.hpp"
#include "pamkit/simd/contraction_blocks.hpp"
#include "pamkit/simd/pam_classes.hpp"
#include "widen-inl.hpp"
#include "workspace.hpp"

#if PAMKIT_SIMD_HAS_KERNELS
HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {

inline constexpr std::int64_t kTileRows = 6;
// Sums, columns, a broadcast and a term have to fit the registers: 6 x 4 + 4 + 2 of 32, 6 x 2 + 2 +
// 2 of 16.
#if HWY_ARCH_ARM || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
inline constexpr int kMaxVectors = 4;
#else
inline constexpr int kMaxVectors = 2;
#endif
inline constexpr std::int64_t kPanelColumns = kMaxVectors * kLanes;

static_assert(kRowBlock % kTileRows == 0 && kColumnBlock % kPanelColumns == 0);
// A transposed left block up to this size stays in the first-level cache and is read where it lies.
inline constexpr std::int64_t kUnpackedElements = 2048;
// From so many columns on the rows of a left block are read often enough to be worth a copy without
// gaps.
inline constexpr std::int64_t kPackedColumns = 192;
inline constexpr std::int64_t kPackedTerms = 8;
// Of any other panel: it is prepared while it lies in the first-level cache.
inline constexpr std::int64_t kChunkTerms = 64;
// Panels of a power of two of terms would all lie in the same sets of the caches: cache lines
// between them.
inline constexpr std::int64_t kPanelGap = 5 * 16;
inline constexpr std::int64_t kMaxPanels = kColumnBlock / kPanelColumns + 4;

/// Arrays made of the left operand while it is packed, at most.
inline constexpr int kSides = 2;

/// Everything the register tiles of a panel read and write.
struct tile_arguments {
  std::int64_t terms = 0;
  /// Element (i, t) at left[i / kTileRows * left_tile + i % kTileRows * left_row + t * left_term].
  const float* left = nullptr;
  std::int64_t left_tile = 0;
  std::int64_t left_row = 0;
  std::int64_t left_term = 0;
  std::array<const float*, kSides> side{};  ///< laid out as `left`; for steps that use them
  const float* right = nullptr;             ///< element (t, j) at right[t * right_term + j]
  std::int64_t right_term = 0;
  float* out = nullptr;
  std::int64_t out_row = 0;
  const float* own = nullptr;  ///< element (i, j) at own[i * own_row + j]; for steps that use it
  std::int64_t own_row = 0;
  bool first = false;  ///< sums start at +0 instead of what `out` holds
  std::int64_t last_lanes =
      kLanes;  ///< columns of the last vector that may be read and written in `out`
};

struct no_operand {};

/// What a class of terms needs to know of each left element besides its encoding: indices for
/// Side() of the family.
struct side_list {
  int count = 0;
  std::array<int, kSides> index{};
};

/// A step without an operand that belongs to the output, and without a finish.
struct step_defaults {
  static constexpr bool kHasOwn = false;
  static constexpr int kSideCount = 0;
  static constexpr int kVectors = kMaxVectors;  // the widest tile
  static constexpr bool kTall = true;           // whether it has kTileRows rows, or at most 3
  static HWY_INLINE float_vector Finish(float_vector sum, no_operand) { return sum; }
};

/// Adds all terms of a tile whose first left element is `at` elements on. A `left_row` that is
/// known at compile time leaves one address to advance.
template <class Step, class LeftRow, class Own, int Rows, int Vectors>
HWY_INLINE void AddTerms(const Step& step, const tile_arguments& t, std::int64_t at,
                         LeftRow left_row, float_vector (&sum)[Rows][Vectors],
                         const Own (&own)[Rows][Vectors]) {
  const floats d;
  using column_type = decltype(step.Column(hn::Zero(d)));
  const std::int64_t terms = t.terms;
  const std::int64_t left_term = t.left_term;
  const std::int64_t right_term = t.right_term;
  const float* left = t.left + at;
  const float* side0 = Step::kSideCount >= 1 ? t.side[0] + at : nullptr;
  const float* side1 = Step::kSideCount == 2 ? t.side[1] + at : nullptr;
  const float* right = t.right;
  for (std::int64_t k = 0; k < terms; ++k) {
    column_type column[Vectors];
    PAMKIT_UNROLL
    for (int v = 0; v < Vectors; ++v) column[v] = step.Column(hn::Load(d, right + v * kLanes));
    PAMKIT_UNROLL
    for (int i = 0; i < Rows; ++i) {
      const float_vector x = Broadcast(left + i * left_row);
      const auto a = [&] {
        if constexpr (Step::kSideCount == 2) {
          return step.Row(x, Broadcast(side0 + i * left_row), Broadcast(side1 + i * left_row));
        } else if constexpr (Step::kSideCount == 1) {
          return step.Row(x, Broadcast(side0 + i * left_row));
        } else {
          return step.Row(x);
        }
      }();
      PAMKIT_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        sum[i][v] = step.Accumulate(sum[i][v], a, column[v], own[i][v]);
      }
    }
    left += left_term;
    if constexpr (Step::kSideCount >= 1) side0 += left_term;
    if constexpr (Step::kSideCount == 2) side1 += left_term;
    right += right_term;
  }
}

/// As many tiles of so many rows as there are from `row` on; gives the first row that is left.
template <class Step, int Rows, int Vectors>
HWY_NOINLINE std::int64_t Tiles(const Step& given, const tile_arguments& t, std::int64_t row,
                                std::int64_t rows) {
  static_assert(kTileRows % Rows == 0 || Rows == 4);  // 4 rows come first in a tile or not at all
  const Step step = given;
  const floats d;
  using own_type = decltype(step.Own(hn::Zero(d)));
  const std::int64_t out_row = t.out_row;
#if PAMKIT_SIMD_MASK_REGISTERS
  const float_mask last = hn::FirstN(d, static_cast<std::size_t>(t.last_lanes));
#endif
  for (; row + Rows <= rows; row += Rows) {
    float_vector sum[Rows][Vectors];
    own_type own[Rows][Vectors];
    float* const out = t.out + row * out_row;
    // The next tile's sums may have left the caches since the last block of terms.
    if (!t.first && row + 2 * Rows <= rows) {
      PAMKIT_UNROLL
      for (int i = 0; i < Rows; ++i) {
        PAMKIT_UNROLL
        for (int v = 0; v < Vectors; ++v) hwy::Prefetch(out + (Rows + i) * out_row + v * kLanes);
      }
    }
    PAMKIT_UNROLL
    for (int i = 0; i < Rows; ++i) {
      PAMKIT_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        const float* p = out + i * out_row + v * kLanes;
        if (t.first) {
          sum[i][v] = hn::Zero(d);
#if PAMKIT_SIMD_MASK_REGISTERS
        } else if (v == Vectors - 1) {
          sum[i][v] = hn::MaskedLoad(last, d, p);
#endif
        } else {
          sum[i][v] = hn::LoadU(d, p);
        }
        if constexpr (Step::kHasOwn) {
          own[i][v] = step.Own(hn::LoadU(d, t.own + (row + i) * t.own_row + v * kLanes));
        }
      }
    }
    const std::int64_t at = row / kTileRows * t.left_tile + row % kTileRows * t.left_row;
    if (t.left_row == 1) {
      AddTerms(step, t, at, std::integral_constant<std::int64_t, 1>(), sum, own);
    } else {
      AddTerms(step, t, at, t.left_row, sum, own);
    }
    PAMKIT_UNROLL
    for (int i = 0; i < Rows; ++i) {
      PAMKIT_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        float* p = out + i * out_row + v * kLanes;
        const float_vector y = step.Finish(sum[i][v], own[i][v]);
#if PAMKIT_SIMD_MASK_REGISTERS
        if (v == Vectors - 1) {
          hn::BlendedStore(y, last, d, p);
          continue;
        }
#endif
        hn::StoreU(y, d, p);
      }
    }
  }
  return row;
}

template <class Step, int Vectors>
void TileRows(const Step& step, const tile_arguments& t, std::int64_t rows) {
  std::int64_t row = 0;
  if constexpr (Step::kTall) {
    row = Tiles<Step, kTileRows, Vectors>(step, t, row, rows);
    row = Tiles<Step, 4, Vectors>(step, t, row, rows);
  } else {
    row = Tiles<Step, 3, Vectors>(step, t, row, rows);
  }
  row = Tiles<Step, 2, Vectors>(step, t, row, rows);
  Tiles<Step, 1, Vectors>(step, t, row, rows);
}

/// Runs a step over the rows of a panel of `vectors` (1, 2 or kMaxVectors) vectors.
template <class Step>
HWY_NOINLINE void RunTiles(const Step& step, tile_arguments t, std::int64_t rows, int vectors) {
  const std::int64_t last = t.last_lanes;
  while (vectors > 0) {
    const int width = vectors < Step::kVectors ? vectors : Step::kVectors;
    t.last_lanes = width == vectors ? last : kLanes;
    if constexpr (Step::kVectors >= 4) {
      if (width >= 4) TileRows<Step, 4>(step, t, rows);
    }
    if constexpr (Step::kVectors >= 2) {
      if (width == 2) TileRows<Step, 2>(step, t, rows);
    }
    if (width == 1) TileRows<Step, 1>(step, t, rows);
    vectors -= width;
    t.right += width * kLanes;
    t.out += width * kLanes;
    if constexpr (Step::kHasOwn) t.own += width * kLanes;
  }
}

// ---- statistics while packing

/// Magnitude ranges gathered lane by lane, of encodings doubled: that drops the sign and keeps the
/// order. Three operations a vector, since every element of every operand passes here.
class range_lanes {
 public:
  range_lanes() = default;  // not to be used before another one is assigned

  /// The range of no element.
  static HWY_INLINE range_lanes Empty() {
    range_lanes r;
    r.least_ = hn::Set(words(), ~std::uint32_t{0});
    r.greatest_ = hn::Zero(words());
    return r;
  }

  HWY_INLINE void Include(integer_vector x) {
    const word_vector doubled = hn::BitCast(words(), hn::Add(x, x));
    least_ = hn::Min(least_, doubled);
    greatest_ = hn::Max(greatest_, doubled);
  }

  /// What was included. Where that has zeros, `least` is one of them and not yet the least of the
  /// others: see WithLeastNonzero.
  HWY_INLINE magnitude_range Range(std::int32_t zero_limit) const {
    const words d;
    magnitude_range r;
    r.least = static_cast<std::int32_t>(hn::GetLane(hn::MinOfLanes(d, least_)) >> 1);
    r.greatest = static_cast<std::int32_t>(hn::GetLane(hn::MaxOfLanes(d, greatest_)) >> 1);
    r.has_zero = r.least < zero_limit;
    return r;
  }

 private:
  word_vector least_;
  word_vector greatest_;
};

/// The least magnitude that is not a zero's, lane by lane: a second pass over what has zeros.
class least_nonzero_lanes {
 public:
  explicit HWY_INLINE least_nonzero_lanes(std::int32_t zero_limit)
      : zero_limit_(zero_limit), least_(hn::Set(words(), ~std::uint32_t{0})) {}

  HWY_INLINE void Include(integer_vector magnitude) {
    // Zeros wrap to the top of the unsigned range, past the others.
    const integer_vector above = hn::Sub(magnitude, Integers(zero_limit_));
    least_ = hn::Min(least_, hn::BitCast(words(), above));
  }

  /// The range, its least magnitude that of the elements that were included and are not zeros.
  HWY_INLINE magnitude_range Completed(magnitude_range range) const {
    const std::uint32_t above = hn::GetLane(hn::MinOfLanes(words(), least_));
    range.least = above <= static_cast<std::uint32_t>(kMagnitude - zero_limit_)
                      ? static_cast<std::int32_t>(above) + zero_limit_
                      : magnitude_range().least;
    return range;
  }

 private:
  std::int32_t zero_limit_;
  word_vector least_;
};

/// How operands are prepared and what is learnt of them.
struct packing_rules {
  bool gather = false;             ///< magnitude ranges are wanted
  std::int32_t zero_limit = kMin;  ///< see zero_limit() of pam_classes.hpp
  std::int32_t right_bias = 0;     ///< subtracted from the right operand's encodings, wrapping
  bool round_right = false;        ///< to powers of two
  bool round_left = false;
};

/// A normal operand rounded to the nearest power of two (past MAX: the encoding of infinity, which
/// is outside every class but full); others as they are.
HWY_INLINE integer_vector RoundToPower(integer_vector x) {
  const integer_vector m = MagnitudeOf(x);
  const integer_vector rounded = hn::And(hn::Add(x, Integers(kMin / 2)), Integers(~kFraction));
  const integer_mask keep = hn::Or(hn::Lt(m, Integers(kMin)), hn::Gt(m, Integers(kMax)));
  return hn::IfThenElse(keep, x, rounded);
}

inline void RepeatLastColumn(std::int64_t count, std::int64_t valid, std::int64_t width,
                             float* HWY_RESTRICT panel) {
  for (std::int64_t t = 0; t < count; ++t) {
    for (std::int64_t j = valid; j < width; ++j)
      panel[t * width + j] = panel[t * width + valid - 1];
  }
}

/// CopyPanel of taps.
inline void CopyTaps(const image_taps& taps, std::int64_t t0, std::int64_t count, std::int64_t j0,
                     std::int64_t valid, std::int64_t width, float* HWY_RESTRICT panel) {
  if (taps.taps_are_rows) {
    image_taps::tap tap = taps.tap_at(t0);
    const image_taps::place place = taps.place_at(j0);
    for (std::int64_t t = 0; t < count; ++t, tap = taps.next(tap)) {
      taps.read(tap, place, valid, panel + t * width, 1);
    }
  } else {
    image_taps::tap tap = taps.tap_at(j0);
    const image_taps::place place = taps.place_at(t0);
    for (std::int64_t j = 0; j < valid; ++j, tap = taps.next(tap)) {
      taps.read(tap, place, count, panel + j, width);
    }
  }
  RepeatLastColumn(count, valid, width, panel);
}

using quad = hn::Vec<hn::FixedTag<float, 4>>;

/// Four elements from each of four places on, transposed: put(k, element k of each) for k < 4.
template <class Put>
HWY_INLINE void TransposeFour(const float* p0, const float* p1, const float* p2, const float* p3,
                              const Put& put) {
  const hn::FixedTag<float, 4> d4;
  const hn::RepartitionToWide<decltype(d4)> d2;
  const quad r0 = hn::LoadU(d4, p0);
  const quad r1 = hn::LoadU(d4, p1);
  const quad r2 = hn::LoadU(d4, p2);
  const quad r3 = hn::LoadU(d4, p3);
  const auto low01 = hn::BitCast(d2, hn::InterleaveLower(d4, r0, r1));
  const auto low23 = hn::BitCast(d2, hn::InterleaveLower(d4, r2, r3));
  const auto high01 = hn::BitCast(d2, hn::InterleaveUpper(d4, r0, r1));
  const auto high23 = hn::BitCast(d2, hn::InterleaveUpper(d4, r2, r3));
  put(0, hn::BitCast(d4, hn::InterleaveLower(d2, low01, low23)));
  put(1, hn::BitCast(d4, hn::InterleaveUpper(d2, low01, low23)));
  put(2, hn::BitCast(d4, hn::InterleaveLower(d2, high01, high23)));
  put(3, hn::BitCast(d4, hn::InterleaveUpper(d2, high01, high23)));
}

/// Copies terms t0.. (count) and columns j0.. (valid) of `right` to panel[t][vectors * kLanes],
/// unchanged. Columns past `valid` repeat the last one, so that they neither change a range nor
/// make a slow or special term.
inline void CopyPanel(const strided& right, std::int64_t t0, std::int64_t count, std::int64_t j0,
                      std::int64_t valid, int vectors, float* HWY_RESTRICT panel) {
  const floats d;
  const std::int64_t width = vectors * kLanes;
  if (right.taps != nullptr) {
    CopyTaps(*right.taps, t0, count, j0, valid, width, panel);
    return;
  }
  if (right.narrow != nullptr && right.row == 1) {
    // Columns are widened where they are contiguous, and transposed as others are.
    alignas(64) float columns[kPanelColumns * kChunkTerms];
    for (std::int64_t t = 0; t < count; t += kChunkTerms) {
      const std::int64_t terms = count - t < kChunkTerms ? count - t : kChunkTerms;
      for (std::int64_t j = 0; j < valid; ++j) {
        WidenRow(right.transposed(), j0 + j, t0 + t, terms, columns + j * kChunkTerms);
      }
      const strided widened = {.data = columns, .row = 1, .column = kChunkTerms};
      CopyPanel(widened, 0, terms, 0, valid, vectors, panel + t * width);
    }
    return;
  }
  if (right.narrow != nullptr) {
    for (std::int64_t t = 0; t < count; ++t) {
      WidenRow(right, t0 + t, j0, valid, panel + t * width);
    }
    RepeatLastColumn(count, valid, width, panel);
    return;
  }
  if (right.column == 1) {
    const std::int64_t last = valid - (vectors - 1) * kLanes;
    for (std::int64_t t = 0; t < count; ++t) {
      const float* source = right.at(t0 + t, j0);
      float* target = panel + t * width;
      for (int v = 0; v < vectors - 1; ++v) {
        hn::Store(hn::LoadU(d, source + v * kLanes), d, target + v * kLanes);
      }
      const std::int64_t v = vectors - 1;
      hn::Store(LoadFirst(source + v * kLanes, last), d, target + v * kLanes);
    }
    return;
  }
  const auto column = [&](std::int64_t j) {
    return right.at(t0, j0 + (j < valid ? j : valid - 1));
  };
  // 4 x 4 transpositions where columns are contiguous.
  const std::int64_t transposed = right.row == 1 ? count / 4 * 4 : 0;
  const hn::FixedTag<float, 4> d4;
  for (std::int64_t j = 0; j < width; j += 4) {
    const float* const column0 = column(j);
    const float* const column1 = column(j + 1);
    const float* const column2 = column(j + 2);
    const float* const column3 = column(j + 3);
    float* target = panel + j;
    for (std::int64_t t = 0; t < transposed; t += 4, target += 4 * width) {
      TransposeFour(column0 + t, column1 + t, column2 + t, column3 + t,
                    [&](std::int64_t k, quad row)
                        HWY_ATTR { hn::Store(row, d4, target + k * width); });
    }
  }
  for (std::int64_t t = transposed; t < count; ++t) {
    for (std::int64_t j = 0; j < width; ++j) panel[t * width + j] = column(j)[t * right.row];
  }
}

/// Prepares one vector of a panel: rounded where that is wanted, included in the range, bias
/// subtracted.
HWY_INLINE float_vector Prepared(const packing_rules& p, integer_vector bias, float_vector given,
                                 range_lanes& range) {
  integer_vector x = AsIntegers(given);
  if (p.round_right) x = RoundToPower(x);
  range.Include(x);
  return AsFloats(hn::Sub(x, bias));
}

/// CopyPanel and the preparation of what was copied, which `range` then includes. Of rows in memory
/// what lies `ahead` elements on is asked for.
inline void PackPanel(const packing_rules& given, const strided& right, std::int64_t t0,
                      std::int64_t count, std::int64_t j0, std::int64_t valid, int vectors,
                      std::int64_t ahead, float* HWY_RESTRICT panel, range_lanes& range) {
  const floats d;
  const packing_rules p = given;
  range_lanes lanes = range;
  const integer_vector bias = Integers(p.right_bias);
  const std::int64_t width = vectors * kLanes;
  if (right.has_float_rows()) {
    const std::int64_t last = valid - (vectors - 1) * kLanes;
    const int whole = last == kLanes ? vectors : vectors - 1;
    for (std::int64_t t = 0; t < count; ++t) {
      const float* source = right.at(t0 + t, j0);
      float* target = panel + t * width;
      for (int v = 0; v < whole; ++v, source += kLanes, target += kLanes) {
        hwy::Prefetch(source + ahead);
        hn::Store(Prepared(p, bias, hn::LoadU(d, source), lanes), d, target);
      }
      if (whole != vectors) {
        hn::Store(Prepared(p, bias, LoadFirst(source, last), lanes), d, target);
      }
    }
  } else {
    CopyPanel(right, t0, count, j0, valid, vectors, panel);
    for (std::int64_t i = 0; i < count * width; i += kLanes) {
      hn::Store(Prepared(p, bias, hn::Load(d, panel + i), lanes), d, panel + i);
    }
  }
  range = lanes;
}

/// The range of a packed panel of `size` elements. Where that has zeros a second pass makes +0 of
/// whatever the policy reads as one (terms of zeros are left out of a sum whatever their sign).
inline magnitude_range FinishPanel(const packing_rules& p, const range_lanes& lanes,
                                   std::int64_t size, float* panel) {
  const magnitude_range range = lanes.Range(p.zero_limit);
  if (!range.has_zero) return range;
  const floats d;
  const integer_vector bias = Integers(p.right_bias);
  const integer_vector zero_limit = Integers(p.zero_limit);
  least_nonzero_lanes least(p.zero_limit);
  for (std::int64_t i = 0; i < size; i += kLanes) {
    const integer_vector x = hn::Add(AsIntegers(hn::Load(d, panel + i)), bias);
    const integer_vector m = MagnitudeOf(x);
    least.Include(m);
    const integer_vector y = hn::IfThenZeroElse(hn::Lt(m, zero_limit), x);
    hn::Store(AsFloats(hn::Sub(y, bias)), d, panel + i);
  }
  return least.Completed(range);
}

/// The rows of a left block as the tiles read them.
struct left_block {
  const float* data = nullptr;
  std::int64_t row = 0;
  std::int64_t term = 0;
  std::int64_t tile = 0;  ///< distance between tiles of kTileRows rows
  std::int64_t size = 0;  ///< of a packed block
  bool packed = false;
  magnitude_range range;
};

/// Calls include(encodings) for `lines` runs of `length` elements, `stride` apart; some elements
/// may come twice.
template <class Include>
HWY_INLINE void ForLines(const float* data, std::int64_t stride, std::int64_t lines,
                         std::int64_t length, const Include& include) {
  const floats d;
  for (std::int64_t i = 0; i < lines; ++i) {
    const float* source = data + i * stride;
    std::int64_t t = 0;
    for (; t + kLanes <= length; t += kLanes) include(AsIntegers(hn::LoadU(d, source + t)));
    if (t == length) continue;
    // What is left over, with elements that were seen before where there are some.
    include(AsIntegers(length < kLanes ? LoadFirst(source, length)
                                       : hn::LoadU(d, source + length - kLanes)));
  }
}

/// Range of these elements.
inline magnitude_range RangeOfLines(const packing_rules& p, const float* data, std::int64_t stride,
                                    std::int64_t lines, std::int64_t length) {
  range_lanes lanes = range_lanes::Empty();
  ForLines(data, stride, lines, length, [&](integer_vector x) HWY_ATTR { lanes.Include(x); });
  const magnitude_range range = lanes.Range(p.zero_limit);
  if (!range.has_zero) return range;
  least_nonzero_lanes least(p.zero_limit);
  ForLines(data, stride, lines, length,
           [&](integer_vector x) HWY_ATTR { least.Include(MagnitudeOf(x)); });
  return least.Completed(range);
}

/// Writes the terms of kTileRows rows to panel[t][row], four terms at a time; gives how many.
inline std::int64_t InterleaveRows(const strided& left, std::int64_t first, std::int64_t terms,
                                   float* panel) {
  static_assert(kTileRows == 6);
  const hn::FixedTag<float, 4> d4;
  const hn::FixedTag<float, 2> two;
  const auto row = [&](std::int64_t i) { return left.at(first + i, 0); };
  const float* const row0 = row(0);
  const float* const row1 = row(1);
  const float* const row2 = row(2);
  const float* const row3 = row(3);
  const float* const row4 = row(4);
  const float* const row5 = row(5);
  std::int64_t t = 0;
  for (; t + 4 <= terms; t += 4, panel += 4 * kTileRows) {
    TransposeFour(row0 + t, row1 + t, row2 + t, row3 + t,
                  [&](std::int64_t k, quad rows0123)
                      HWY_ATTR { hn::StoreU(rows0123, d4, panel + k * kTileRows); });
    const quad r4 = hn::LoadU(d4, row4 + t);
    const quad r5 = hn::LoadU(d4, row5 + t);
    const quad low45 = hn::InterleaveLower(d4, r4, r5);
    const quad high45 = hn::InterleaveUpper(d4, r4, r5);
    hn::StoreU(hn::LowerHalf(two, low45), two, panel + 4);
    hn::StoreU(hn::UpperHalf(two, low45), two, panel + kTileRows + 4);
    hn::StoreU(hn::LowerHalf(two, high45), two, panel + 2 * kTileRows + 4);
    hn::StoreU(hn::UpperHalf(two, high45), two, panel + 3 * kTileRows + 4);
  }
  return t;
}

/// Copies a block so that its layout suits the tiles. Rows past `rows` repeat the last one.
inline left_block CopyLeft(const strided& left, std::int64_t rows, std::int64_t terms,
                           aligned_buffer& buffer) {
  left_block b;
  b.packed = true;
  // A whole number of vectors after the last element, so that passes over the block need no
  // remainder.
  const std::int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  const std::int64_t used = tiles * kTileRows * terms;
  b.size = (used + kLanes - 1) / kLanes * kLanes;
  float* target = buffer.reserve(b.size);
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    const std::int64_t first = tile * kTileRows;
    float* panel = target + tile * kTileRows * terms;
    if (rows - first >= kTileRows && left.row == 1) {
      const hn::FixedTag<float, 4> d4;
      const hn::FixedTag<float, 2> d2;
      static_assert(kTileRows == 6);
      for (std::int64_t t = 0; t < terms; ++t) {
        const float* source = left.at(first, t);
        hn::StoreU(hn::LoadU(d4, source), d4, panel + t * kTileRows);
        hn::StoreU(hn::LoadU(d2, source + 4), d2, panel + t * kTileRows + 4);
      }
    } else if (rows - first >= kTileRows) {
      std::int64_t t = left.column == 1 ? InterleaveRows(left, first, terms, panel) : 0;
      for (; t < terms; ++t) {
        const float* source = left.at(first, t);
        PAMKIT_UNROLL
        for (std::int64_t i = 0; i < kTileRows; ++i)
          panel[t * kTileRows + i] = source[i * left.row];
      }
    } else {
      const std::int64_t count = rows - first;
      for (std::int64_t t = 0; t < terms; ++t) {
        const float* source = left.at(first, t);
        for (std::int64_t i = 0; i < kTileRows; ++i) {
          panel[t * kTileRows + i] = source[(i < count ? i : count - 1) * left.row];
        }
      }
    }
  }
  for (std::int64_t i = used; i < b.size; ++i) target[i] = target[used - 1];
  b.data = target;
  b.row = 1;
  b.term = kTileRows;
  b.tile = kTileRows * terms;
  return b;
}

/// A left block ready for tiles that read it `columns` / kPanelColumns times, and its range.
inline left_block PrepareLeft(const packing_rules& p, const strided& left, std::int64_t rows,
                              std::int64_t terms, std::int64_t columns, aligned_buffer& buffer) {
  if (left.column == 1 && !p.round_left && columns < kPackedColumns) {
    left_block b;
    b.data = left.data;
    b.row = left.row;
    b.term = 1;
    b.tile = kTileRows * left.row;
    if (p.gather) b.range = RangeOfLines(p, b.data, b.row, rows, terms);
    return b;
  }
  if (left.row == 1 && !p.round_left && rows * terms <= kUnpackedElements) {
    left_block b;
    b.data = left.data;
    b.row = 1;
    b.term = left.column;
    b.tile = kTileRows;
    if (p.gather) b.range = RangeOfLines(p, b.data, b.term, terms, rows);
    return b;
  }
  left_block b = CopyLeft(left, rows, terms, buffer);
  if (p.round_left) {
    const floats d;
    float* data = buffer.reserve(b.size);
    for (std::int64_t i = 0; i < b.size; i += kLanes) {
      hn::Store(AsFloats(RoundToPower(AsIntegers(hn::Load(d, data + i)))), d, data + i);
    }
  }
  if (p.gather) b.range = RangeOfLines(p, b.data, 0, 1, b.size);
  return b;
}

/// A family of steps:
///   packing_rules rules
///   kHasOwn
///   Class(left range, right range) -> class_type
///   ReadsRaw(class): the step reads encodings as they are in memory
///   Sides(class) -> side_list, kSideKinds, Side(index, left encoding) -> integers
///   Run(class, tile arguments, rows, vectors)
template <class Family>
HWY_NOINLINE void ContractArranged(const Family& family, const arrangement& c, workspace& buffers) {
  const floats d;
  const packing_rules& rules = family.rules;
  const std::int64_t term_blocks = (c.terms + kTermBlock - 1) / kTermBlock;
  const std::int64_t term_block = (c.terms + term_blocks - 1) / term_blocks;

  for (std::int64_t j0 = 0; j0 < c.columns; j0 += kColumnBlock) {
    const std::int64_t columns = c.columns - j0 < kColumnBlock ? c.columns - j0 : kColumnBlock;
    for (std::int64_t t0 = 0; t0 < c.terms; t0 += term_block) {
      const std::int64_t terms = c.terms - t0 < term_block ? c.terms - t0 : term_block;
      float* packed =
          buffers.right.reserve(term_block * (columns + kPanelColumns) + kMaxPanels * kPanelGap);
      std::vector<right_panel>& panels = buffers.panels;
      panels.clear();
      std::array<range_lanes, kMaxPanels> ranges;
      for (std::int64_t j = 0; j < columns;) {
        const std::int64_t vectors = (columns - j + kLanes - 1) / kLanes;
        right_panel p;
        p.vectors = vectors >= kMaxVectors ? kMaxVectors : vectors >= 2 ? 2 : 1;
        p.column = j;
        p.valid = columns - j < p.vectors * kLanes ? columns - j : p.vectors * kLanes;
        p.data = packed;
        packed += terms * p.vectors * kLanes + kPanelGap;
        j += p.vectors * kLanes;
        ranges[panels.size()] = range_lanes::Empty();
        panels.push_back(p);
      }
      // Where rows are contiguous, a few terms of all panels at a time read memory in order. Runs
      // of a row far from the next one are asked for a chunk ahead: no prefetcher follows them.
      const bool in_order = c.right.taps == nullptr && c.right.column == 1 && panels.size() > 1;
      const std::int64_t chunk = in_order ? kPackedTerms : kChunkTerms;
      for (std::int64_t t = 0; t < terms; t += chunk) {
        const std::int64_t count = terms - t < chunk ? terms - t : chunk;
        const std::int64_t ahead = terms - t > 2 * chunk ? chunk * c.right.row : 0;
        for (std::size_t q = 0; q < panels.size(); ++q) {
          const right_panel& p = panels[q];
          float* const data = p.data + t * p.vectors * kLanes;
          if (rules.gather) {
            PackPanel(rules, c.right, t0 + t, count, j0 + p.column, p.valid, p.vectors, ahead, data,
                      ranges[q]);
          } else {
            CopyPanel(c.right, t0 + t, count, j0 + p.column, p.valid, p.vectors, data);
          }
        }
      }
      if (rules.gather) {
        for (std::size_t q = 0; q < panels.size(); ++q) {
          right_panel& p = panels[q];
          p.range = FinishPanel(rules, ranges[q], terms * p.vectors * kLanes, p.data);
        }
      }
      for (std::int64_t i0 = 0; i0 < c.rows; i0 += kRowBlock) {
        const std::int64_t rows = c.rows - i0 < kRowBlock ? c.rows - i0 : kRowBlock;
        // Its encodings unchanged, element (0, 0) first.
        const strided source =
            c.left.narrow != nullptr
                ? WidenedBlock(c.left, i0, rows, t0, terms, buffers.left_raw)
                : strided{.data = c.left.at(i0, t0), .row = c.left.row, .column = c.left.column};
        const left_block left = PrepareLeft(rules, source, rows, terms, columns, buffers.left);
        left_block packed_left;  // what sides are made of: always packed
        std::array<const float*, Family::kSideKinds> sides{};
        for (const right_panel& p : panels) {
          const auto kind = family.Class(left.range, p.range);
          if (buffers.classified != nullptr) buffers.classified->emplace_back(left.range, p.range);
          const std::int64_t width = p.vectors * kLanes;
          const bool partial = p.valid < width;

          tile_arguments t;
          t.terms = terms;
          t.right = p.data;
          t.right_term = width;
          t.first = t0 == 0 && !c.continues;
          const left_block* block = &left;
          std::array<const float*, kSides> side_data{};
          if (family.ReadsRaw(kind)) {
            float* raw = buffers.right_raw.reserve(kTermBlock * kPanelColumns);
            CopyPanel(c.right, t0, terms, j0 + p.column, p.valid, p.vectors, raw);
            t.right = raw;
          } else if (const side_list wanted = family.Sides(kind); wanted.count > 0) {
            if (!packed_left.packed) {
              packed_left = left.packed ? left : CopyLeft(source, rows, terms, buffers.left);
            }
            block = &packed_left;
            float* const targets = buffers.left_sides.reserve(Family::kSideKinds * block->size);
            for (int s = 0; s < wanted.count; ++s) {
              const int side = wanted.index[s];
              if (sides[side] == nullptr) {
                float* const target = targets + side * block->size;
                for (std::int64_t i = 0; i < block->size; i += kLanes) {
                  const integer_vector x = AsIntegers(hn::Load(d, block->data + i));
                  hn::Store(AsFloats(family.Side(side, x)), d, target + i);
                }
                sides[side] = target;
              }
              side_data[s] = sides[side];
            }
          }
          if (family.ReadsRaw(kind)) {
            t.left = source.data;
            t.left_tile = kTileRows * source.row;
            t.left_row = source.row;
            t.left_term = source.column;
          } else {
            t.left = block->data;
            t.left_tile = block->tile;
            t.left_row = block->row;
            t.left_term = block->term;
            t.side = side_data;
          }
          const std::int64_t column = j0 + p.column;
          if constexpr (Family::kHasOwn) {
            if (c.own.has_float_rows() && !partial) {
              t.own = c.own.at(i0, column);
              t.own_row = c.own.row;
            } else {
              float* const own = buffers.own.reserve(kRowBlock * kPanelColumns);
              for (std::int64_t r = 0; r < rows; ++r) {
                float* const target = own + r * width;
                if (c.own.narrow != nullptr) {
                  WidenRow(c.own, i0 + r, column, p.valid, target);
                  std::fill(target + p.valid, target + width, target[p.valid - 1]);
                  continue;
                }
                for (std::int64_t j = 0; j < width; ++j) {
                  target[j] = *c.own.at(i0 + r, column + (j < p.valid ? j : p.valid - 1));
                }
              }
              t.own = own;
              t.own_row = width;
            }
          }
          float* const out = c.out + i0 * c.out_row + column * c.out_column;
          const bool direct = c.out_column == 1 && (!partial || PAMKIT_SIMD_MASK_REGISTERS != 0);
          if (direct) {
            t.out = out;
            t.out_row = c.out_row;
            t.last_lanes = p.valid - (p.vectors - 1) * kLanes;
            family.Run(kind, t, rows, p.vectors);
            continue;
          }
          float* const sums = buffers.out.reserve(kRowBlock * kPanelColumns);
          t.out = sums;
          t.out_row = width;
          t.last_lanes = kLanes;
          if (!t.first) {
            for (std::int64_t r = 0; r < rows; ++r) {
              for (std::int64_t j = 0; j < width; ++j) {
                sums[r * width + j] =
                    out[r * c.out_row + (j < p.valid ? j : p.valid - 1) * c.out_column];
              }
            }
          }
          family.Run(kind, t, rows, p.vectors);
          for (std::int64_t r = 0; r < rows; ++r) {
            for (std::int64_t j = 0; j < p.valid; ++j) {
              out[r * c.out_row + j * c.out_column] = sums[r * width + j];
            }
          }
        }
      }
    }
  }
}

/// Runs a whole problem: make_family(arrangement) gives the family of one batch element.
template <class MakeFamily>
void Contract(contraction_kind kind, const contraction_problem& c, MakeFamily make_family) {
  const detail::default_float_environment environment;
  workspace& buffers = thread_workspace();
  for (std::int64_t index = 0; index < c.batch; ++index) {
    const arrangement a = arrange(kind, c, index);
    if (a.terms == 0) {
      for (std::int64_t i = 0; i < a.rows; ++i) {
        for (std::int64_t j = 0; j < a.columns; ++j) a.out[i * a.out_row + j * a.out_column] = 0;
      }
      continue;
    }
    ContractArranged(make_family(a), a, buffers);
  }
}

}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // PAMKIT_SIMD_HAS_KERNELS

#endif
