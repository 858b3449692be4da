#include "pamkit/tensor/parallel.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <mutex>
#include <optional>

#include "pamkit/tensor/split.hpp"

namespace pamkit {
namespace {

// Fewer terms are not worth a second thread.
constexpr std::int64_t kTermsWorthAThread = 524288;
// Every cut packs operands once more, so that one tile a thread is best. Where that does not come
// out even a thread that has one more tile than another costs a quarter of what each has to do.
constexpr std::int64_t kTilesPerThread = 4;
// Whole register tiles of every kernel, and no more: tiles have to come out nearly even.
constexpr std::int64_t kRowUnit = 6;
constexpr std::int64_t kColumnUnit = 64;
// A tile that is not cut further: it has to pay for packing its operands.
constexpr std::int64_t kLeastRows = 48;

std::int64_t blocks_of(std::int64_t length, std::int64_t size) {
  return (length + size - 1) / size;
}

/// Half of a tile's side, rounded up to the unit.
std::int64_t halved(std::int64_t size, std::int64_t unit) {
  return blocks_of((size + 1) / 2, unit) * unit;
}

/// The output [batch, rows, columns] as a grid of tiles.
struct tile_grid {
  std::int64_t batch, rows, columns;
  std::int64_t tile_rows, tile_columns;

  std::int64_t row_blocks() const { return blocks_of(rows, tile_rows); }
  std::int64_t column_blocks() const { return blocks_of(columns, tile_columns); }
  std::int64_t size() const { return batch * row_blocks() * column_blocks(); }
};

tile_grid grid_for(contraction_kind kind, const contraction_problem& c, std::int64_t tiles) {
  const std::int64_t rows = output_rows(kind, c);
  const std::int64_t columns = output_columns(kind, c);
  tile_grid g{c.batch, rows, columns, rows, columns};
  while (g.size() < tiles && (g.tile_rows > kLeastRows || g.tile_columns > kColumnUnit)) {
    const bool by_rows = g.tile_columns <= kColumnUnit ||
                         (g.tile_rows > kLeastRows && g.tile_rows >= g.tile_columns);
    if (by_rows) {
      g.tile_rows = halved(g.tile_rows, kRowUnit);
    } else {
      g.tile_columns = halved(g.tile_columns, kColumnUnit);
    }
  }
  return g;
}

tile_grid grid_on(int threads, contraction_kind kind, const contraction_problem& c) {
  const tile_grid even = grid_for(kind, c, threads);
  return even.size() % threads == 0 ? even : grid_for(kind, c, kTilesPerThread * threads);
}

/// Lets oneTBB start so many threads: without, no arena gets more than the processors or the first
/// arena had, and a warning is printed for it.
void allow(int threads) {
  static std::mutex mutex;
  static int allowed = tbb::info::default_concurrency();
  static std::optional<tbb::global_control> control;
  const std::lock_guard lock(mutex);
  if (threads <= allowed) return;
  control.reset();  // of several the least one holds
  control.emplace(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
  allowed = threads;
}

/// The calling thread's arena: threads come to a new one only after some hundred microseconds.
tbb::task_arena& arena_of(int threads) {
  thread_local std::optional<tbb::task_arena> arena;
  if (!arena || arena->max_concurrency() != threads) {
    allow(threads);
    arena.emplace(threads);
  }
  return *arena;
}

}  // namespace

void contract_in_parallel(contraction_function compute, const policy<binary32>& rules,
                          contraction_kind kind, const contraction_problem& problem, int threads) {
  if (problem.batch == 0 || output_rows(kind, problem) == 0 || output_columns(kind, problem) == 0) {
    return;
  }
  const std::int64_t terms = problem.batch * problem.m * problem.n * problem.k;
  if (threads <= 1 || terms < kTermsWorthAThread) {
    compute(rules, problem);
    return;
  }
  const tile_grid grid = grid_on(threads, kind, problem);
  const auto compute_tile = [&](std::int64_t index) {
    const std::int64_t column = index % grid.column_blocks() * grid.tile_columns;
    const std::int64_t row = index / grid.column_blocks() % grid.row_blocks() * grid.tile_rows;
    const std::int64_t batch = index / grid.column_blocks() / grid.row_blocks();
    compute(rules, block(problem, kind, batch, 1, row, std::min(grid.tile_rows, grid.rows - row),
                         column, std::min(grid.tile_columns, grid.columns - column)));
  };
  arena_of(threads).execute([&] {
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, grid.size()),
                      [&](const tbb::blocked_range<std::int64_t>& range) {
                        for (std::int64_t i = range.begin(); i != range.end(); ++i) compute_tile(i);
                      });
  });
}

}  // namespace pamkit
