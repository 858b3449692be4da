#pragma once

#include "pamkit/cuda/operand.cuh"
#include "pamkit/cuda/terms.cuh"
#include "pamkit/tensor/contraction.hpp"

namespace pamkit::cuda {

/// One launch of a contraction, whatever its kind, as a product of x [rows, terms] and y [terms,
/// columns]:
///
///   out[i, j] = sum over t of term(x[i, t], y[t, j], own[i, j]), then bias[j] if there is one
///
/// | kind    | x     | y     | own   | term                       |
/// | product | a     | b     |       | mul(x, y)                  |
/// | vjp_a   | d     | b^T   | a     | mul_vjp_a(own, y, x)       |
/// | vjp_b   | a^T   | d     | b     | mul_vjp_b(x, own, y)       |
struct contraction_parameters {
  policy<binary32> rules;
  derivative gradient = derivative::approx;
  element_format format =
      element_format::binary32;  ///< of x, y and own; read by kernels of any format
  std::uint32_t row_tiles = 0;
  std::uint32_t column_tiles = 0;
  std::int64_t batch = 1;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t terms = 0;
  operand x;
  operand y;
  operand own;
  const float* bias = nullptr;
  matrix_output out;
};

/// Sizes of a tile: a block computes rows x columns outputs from slabs of `depth` terms, a thread
/// row_terms x column_terms of them.
template <int Rows, int Columns, int Depth, int ThreadRows, int ThreadColumns>
struct tile {
  static constexpr int rows = Rows;
  static constexpr int columns = Columns;
  static constexpr int depth = Depth;
  static constexpr int thread_rows = ThreadRows;
  static constexpr int thread_columns = ThreadColumns;
  static constexpr int threads = Rows / ThreadRows * (Columns / ThreadColumns);
  static_assert(thread_rows % 4 == 0 && thread_columns % 4 == 0, "tiles are read in fours");
  static_assert(Rows * Depth % threads == 0 && Columns * Depth % threads == 0);
  static_assert(threads % kWarp == 0);
};

using large_tile = tile<128, 128, 8, 8, 8>;
/// The largest for outputs that have an operand of their own in registers beside their sum.
using medium_tile = tile<128, 64, 8, 8, 4>;
using small_tile = tile<32, 32, 8, 4, 4>;

/// Contractions by tiles in shared memory. Every output has one accumulator that starts at +0 and
/// takes its terms in ascending order, so that the size of a tile shows in no bit. A tile beyond
/// the matrices is filled with ones, which are in the domain of every class; they contribute no
/// term.
///
/// Class (terms.cuh) says how a term is formed; x and y have format Format, or, with `void`, the
/// one that the parameters name.
template <class Class, class Tile, class Format = binary32>
struct contraction_tiled {
  using parameters = contraction_parameters;
  static constexpr int threads = Tile::threads;

  struct shared_memory {
    quad x[Tile::depth][Tile::rows / 4];
    quad y[Tile::depth][Tile::columns / 4];  ///< as Class prepares it
    quad limits[Class::has_limits ? Tile::depth : 1][Class::has_limits ? Tile::columns / 4 : 1];
  };

  /// Sums begin with term Begin, a multiple of the depth. Tests alone skip terms, to reach those
  /// that are too far to count up to.
  template <std::int64_t Begin = 0, class Thread>
  PAMKIT_DEVICE static void run(const Thread& thread, shared_memory& s, const parameters& p) {
    const position at(thread, p);
    outputs mine;
    mine.clear();
    std::uint32_t seen_own = 0;
    if constexpr (Class::has_own) seen_own = mine.load_own(at, p);
    [[maybe_unused]] slab next;
    if constexpr (kFetchesAhead) next.fetch(thread, p, at, Begin);
    for (std::int64_t first = Begin; first < p.terms; first += Tile::depth) {
      const std::int64_t left = p.terms - first;
      const int depth = left < Tile::depth ? static_cast<int>(left) : Tile::depth;
      std::uint32_t seen = seen_own;
      if constexpr (kFetchesAhead) {
        seen |= next.put(thread, s, p);
      } else {
        seen |= copy(thread, s, p, at, first);
      }
      const slab_class chosen = Class::agree(thread, p.rules, seen);
      // On their way while this slab's terms are formed; beyond the last slab nothing is read.
      if constexpr (kFetchesAhead) next.fetch(thread, p, at, first + Tile::depth);
      if (at.has_outputs(p)) mine.add_slab(s, p, at, chosen, depth);
      thread.barrier();  // the tile is read before the next one is written
    }
    mine.store(at, p);
  }

 private:
  static constexpr int kColumnGroups = Tile::columns / Tile::thread_columns;
  static constexpr int kRowGroups = Tile::rows / Tile::thread_rows;

  /// Where the outputs of a thread lie: of every kRowGroups quads of rows one is its own, columns
  /// alike.
  struct position {
    std::int64_t batch;
    std::int64_t first_row;  ///< of the tile
    std::int64_t first_column;
    int row_group;
    int column_group;

    template <class Thread>
    PAMKIT_DEVICE position(const Thread& thread, const parameters& p) {
      const std::uint32_t tiles = p.row_tiles * p.column_tiles;
      const std::uint32_t in_batch = thread.block() % tiles;
      batch = thread.block() / tiles;
      first_row = std::int64_t{in_batch / p.column_tiles} * Tile::rows;
      first_column = std::int64_t{in_batch % p.column_tiles} * Tile::columns;
      row_group = thread.index() / kColumnGroups;
      column_group = thread.index() % kColumnGroups;
    }

    PAMKIT_DEVICE std::int64_t row(int i) const {
      return first_row + (row_group + i / 4 * kRowGroups) * 4 + i % 4;
    }
    PAMKIT_DEVICE std::int64_t column(int j) const {
      return first_column + (column_group + j / 4 * kColumnGroups) * 4 + j % 4;
    }
    /// Its first output has the least row and column.
    PAMKIT_DEVICE bool has_outputs(const parameters& p) const {
      return row(0) < p.rows && column(0) < p.columns;
    }
  };

  PAMKIT_DEVICE static word load(const parameters& p, const operand& o, std::int64_t batch,
                                 std::int64_t row, std::int64_t column) {
    if constexpr (std::is_void_v<Format>) {
      return load_widened(p.format, o.data, o.offset(batch, row, column));
    } else {
      return load_widened<Format>(o.data, o.offset(batch, row, column));
    }
  }

  static constexpr int kLoadsOfX = Tile::rows * Tile::depth / threads;
  static constexpr int kLoadsOfY = Tile::columns * Tile::depth / threads;
  /// Kernels of any format are not: each load of theirs is a choice of five.
  static constexpr bool kFetchesAhead = !std::is_void_v<Format>;

  /// Element e of x that a thread loads: neighbouring threads load what lies closer together.
  struct place_in_x {
    int row;
    int term;
    template <class Thread>
    PAMKIT_DEVICE place_in_x(const Thread& thread, const parameters& p, int e) {
      const int i = thread.index() + e * threads;
      const bool along_terms = is_closer(p.x.column_stride, p.x.row_stride);
      row = along_terms ? i / Tile::depth : i % Tile::rows;
      term = along_terms ? i % Tile::depth : i / Tile::rows;
    }
    PAMKIT_DEVICE word read(const parameters& p, const position& at, std::int64_t first) const {
      const bool inside = at.first_row + row < p.rows && first + term < p.terms;
      return inside ? load(p, p.x, at.batch, at.first_row + row, first + term) : one();
    }
    /// Returns what was seen of it (Class::see).
    PAMKIT_DEVICE std::uint32_t write(shared_memory& s, word x) const {
      s.x[term][row / 4].words[row % 4] = x.bits;
      return Class::see(x);
    }
  };

  struct place_in_y {
    int column;
    int term;
    template <class Thread>
    PAMKIT_DEVICE place_in_y(const Thread& thread, const parameters& p, int e) {
      const int i = thread.index() + e * threads;
      const bool along_terms = is_closer(p.y.row_stride, p.y.column_stride);
      column = along_terms ? i / Tile::depth : i % Tile::columns;
      term = along_terms ? i % Tile::depth : i / Tile::columns;
    }
    PAMKIT_DEVICE word read(const parameters& p, const position& at, std::int64_t first) const {
      const bool inside = at.first_column + column < p.columns && first + term < p.terms;
      return inside ? load(p, p.y, at.batch, first + term, at.first_column + column) : one();
    }
    PAMKIT_DEVICE std::uint32_t write(shared_memory& s, const parameters& p, word y) const {
      s.y[term][column / 4].words[column % 4] = Class::prepared(p.rules, y);
      if constexpr (Class::has_limits) {
        s.limits[term][column / 4].words[column % 4] = Class::limit(p.rules, y);
      }
      return Class::see(y);
    }
  };

  /// What a thread loads of a slab, in registers.
  struct slab {
    word x[static_cast<std::size_t>(kLoadsOfX)];
    word y[static_cast<std::size_t>(kLoadsOfY)];

    template <class Thread>
    PAMKIT_DEVICE void fetch(const Thread& thread, const parameters& p, const position& at,
                             std::int64_t first) {
      PAMKIT_UNROLL
      for (int e = 0; e < kLoadsOfX; ++e) x[e] = place_in_x(thread, p, e).read(p, at, first);
      PAMKIT_UNROLL
      for (int e = 0; e < kLoadsOfY; ++e) y[e] = place_in_y(thread, p, e).read(p, at, first);
    }
    template <class Thread>
    PAMKIT_DEVICE std::uint32_t put(const Thread& thread, shared_memory& s,
                                    const parameters& p) const {
      std::uint32_t seen = 0;
      PAMKIT_UNROLL
      for (int e = 0; e < kLoadsOfX; ++e) seen |= place_in_x(thread, p, e).write(s, x[e]);
      PAMKIT_UNROLL
      for (int e = 0; e < kLoadsOfY; ++e) seen |= place_in_y(thread, p, e).write(s, p, y[e]);
      return seen;
    }
  };

  /// The same at once, with the code of one element.
  template <class Thread>
  PAMKIT_DEVICE static std::uint32_t copy(const Thread& thread, shared_memory& s,
                                          const parameters& p, const position& at,
                                          std::int64_t first) {
    std::uint32_t seen = 0;
    PAMKIT_ROLLED
    for (int e = 0; e < kLoadsOfX; ++e) {
      const place_in_x place(thread, p, e);
      seen |= place.write(s, place.read(p, at, first));
    }
    PAMKIT_ROLLED
    for (int e = 0; e < kLoadsOfY; ++e) {
      const place_in_y place(thread, p, e);
      seen |= place.write(s, p, place.read(p, at, first));
    }
    return seen;
  }

  PAMKIT_DEVICE static bool is_closer(std::int64_t a, std::int64_t b) {
    return (a < 0 ? -a : a) <= (b < 0 ? -b : b);
  }
  PAMKIT_DEVICE static word one() { return {static_cast<std::uint32_t>(one_magnitude<binary32>)}; }

  /// The accumulators of a thread.
  struct outputs {
    word sums[Tile::thread_rows][Tile::thread_columns];
    word own[Class::has_own ? Tile::thread_rows : 1][Class::has_own ? Tile::thread_columns : 1];

    PAMKIT_DEVICE void clear() {
      PAMKIT_UNROLL
      for (int i = 0; i < Tile::thread_rows; ++i) {
        PAMKIT_UNROLL
        for (int j = 0; j < Tile::thread_columns; ++j) sums[i][j] = word{0};
      }
    }

    /// One row of code, as in add_terms_by_row. Returns what was seen of them (Class::see_own).
    PAMKIT_DEVICE std::uint32_t load_own(const position& at, const parameters& p) {
      std::uint32_t seen = 0;
      PAMKIT_ROLLED
      for (int i = 0; i < Tile::thread_rows; ++i) {
        PAMKIT_UNROLL
        for (int j = 0; j < Tile::thread_columns; ++j) {
          const bool inside = at.row(i) < p.rows && at.column(j) < p.columns;
          const word x = inside ? load(p, p.own, at.batch, at.row(i), at.column(j)) : one();
          seen |= Class::see_own(x);
          own[0][j] = word{Class::prepared_own(p.rules, x)};
          move_up(own, j);
        }
      }
      return seen;
    }

    PAMKIT_DEVICE void add_slab(const shared_memory& s, const parameters& p, const position& at,
                                slab_class chosen, int depth) {
      if (Class::is_fast(chosen) && depth == Tile::depth) {
        PAMKIT_UNROLL
        for (int t = 0; t < Tile::depth; ++t) add_terms<typename Class::fast>(s, at, t);
      } else if (Class::is_fast(chosen)) {
        add_rolled<typename Class::fast>(s, p, at, depth);
      } else if (Class::is_threshold(chosen)) {
        add_rolled<typename Class::threshold>(s, p, at, depth);
      } else {
        add_rolled<typename Class::full>(s, p, at, depth);
      }
    }

    template <class Term>
    PAMKIT_DEVICE void add_rolled(const shared_memory& s, const parameters& p, const position& at,
                                  int depth) {
      if constexpr (!std::is_void_v<Term>) {
        PAMKIT_ROLLED
        for (int t = 0; t < depth; ++t) {
          if constexpr (std::is_same_v<Term, typename Class::full>) {
            add_terms_by_row<Term>(s, p, at, t);
          } else {
            add_terms<Term>(s, at, t);
          }
        }
      }
    }

    /// What a thread reads of one term of the slab.
    template <bool ReadsLimits>
    struct factors {
      quad x[Tile::thread_rows / 4];
      quad y[Tile::thread_columns / 4];
      quad limits[ReadsLimits ? Tile::thread_columns / 4 : 1];

      PAMKIT_DEVICE factors(const shared_memory& s, const position& at, int t) {
        PAMKIT_UNROLL
        for (int i = 0; i < Tile::thread_rows / 4; ++i) {
          x[i] = s.x[t][at.row_group + i * kRowGroups];
        }
        PAMKIT_UNROLL
        for (int j = 0; j < Tile::thread_columns / 4; ++j) {
          y[j] = s.y[t][at.column_group + j * kColumnGroups];
          if constexpr (ReadsLimits) limits[j] = s.limits[t][at.column_group + j * kColumnGroups];
        }
      }
      PAMKIT_DEVICE word row(int i) const { return {x[i / 4].words[i % 4]}; }
      PAMKIT_DEVICE word column(int j) const { return {y[j / 4].words[j % 4]}; }
      PAMKIT_DEVICE std::uint32_t limit(int j) const { return limits[j / 4].words[j % 4]; }
    };

    /// Term t of the slab, for every output.
    template <class Term>
    PAMKIT_DEVICE void add_terms(const shared_memory& s, const position& at, int t) {
      if constexpr (!std::is_void_v<Term>) {
        const factors<Term::reads_limits> f(s, at, t);
        PAMKIT_UNROLL
        for (int i = 0; i < Tile::thread_rows; ++i) {
          PAMKIT_UNROLL
          for (int j = 0; j < Tile::thread_columns; ++j) {
            if constexpr (Term::reads_limits && Term::reads_own) {
              Term::add(sums[i][j], f.row(i), f.column(j), f.limit(j), own[i][j]);
            } else if constexpr (Term::reads_limits) {
              Term::add(sums[i][j], f.row(i), f.column(j), f.limit(j));
            } else if constexpr (Term::reads_own) {
              Term::add(sums[i][j], f.row(i), f.column(j), own[i][j]);
            } else {
              Term::add(sums[i][j], f.row(i), f.column(j));
            }
          }
        }
      }
    }

    /// The same with the code of one row: after each row the rows move up by one, so that all
    /// indices stay constants and all accumulators in registers.
    template <class Term>
    PAMKIT_DEVICE void add_terms_by_row(const shared_memory& s, const parameters& p,
                                        const position& at, int t) {
      const factors<false> f(s, at, t);
      word x[Tile::thread_rows];
      PAMKIT_UNROLL
      for (int i = 0; i < Tile::thread_rows; ++i) x[i] = f.row(i);
      PAMKIT_ROLLED
      for (int i = 0; i < Tile::thread_rows; ++i) {
        PAMKIT_UNROLL
        for (int j = 0; j < Tile::thread_columns; ++j) {
          if constexpr (Class::has_own) {
            Term::add(p.rules, p.gradient, sums[0][j], x[0], f.column(j), own[0][j]);
          } else {
            Term::add(p.rules, p.gradient, sums[0][j], x[0], f.column(j), word{});
          }
        }
        PAMKIT_UNROLL
        for (int j = 0; j < Tile::thread_columns; ++j) {
          move_up(sums, j);
          if constexpr (Class::has_own) move_up(own, j);
        }
        const word first = x[0];
        PAMKIT_UNROLL
        for (int k = 0; k + 1 < Tile::thread_rows; ++k) x[k] = x[k + 1];
        x[Tile::thread_rows - 1] = first;
      }
    }

    template <class Rows>
    PAMKIT_DEVICE static void move_up(Rows& rows, int j) {
      const word first = rows[0][j];
      PAMKIT_UNROLL
      for (int i = 0; i + 1 < Tile::thread_rows; ++i) rows[i][j] = rows[i + 1][j];
      rows[Tile::thread_rows - 1][j] = first;
    }

    PAMKIT_DEVICE void store(const position& at, const parameters& p) const {
      float* const out = p.out.data + at.batch * p.out.batch_stride;
      PAMKIT_UNROLL
      for (int i = 0; i < Tile::thread_rows; ++i) {
        PAMKIT_UNROLL
        for (int j = 0; j < Tile::thread_columns; ++j) {
          if (at.row(i) >= p.rows || at.column(j) >= p.columns) continue;
          word sum = canonical_word(sums[i][j]);
          if (p.bias != nullptr) {
            sum = detail::add(sum, {std::bit_cast<std::uint32_t>(p.bias[at.column(j)])});
          }
          out[at.row(i) * p.out.row_stride + at.column(j) * p.out.column_stride] =
              std::bit_cast<float>(sum.bits);
        }
      }
    }
  };
};

}  // namespace pamkit::cuda
