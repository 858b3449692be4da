/// Kernels with a thread of the operating system for each CUDA thread, for ThreadSanitizer: it sees
/// a shared word that is written and read without a barrier between. Results are compared with the
/// definitions too.
///
///   cuda_race_program [drop-agreement | drop-barrier | drop-exchange]
///
/// With an argument the threads of a block do not wait where they should; ThreadSanitizer has to
/// say so. Exit codes: 0 results are right; 1 they are not; 2 usage; 66 ThreadSanitizer's.
#include <bit>
#include <cstdio>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

#include "pamkit/arith/pam.hpp"
#include "pamkit/cuda/host_kernel.hpp"
#include "pamkit/cuda/kernel/contraction_tiled.cuh"
#include "pamkit/cuda/kernel/rows.cuh"
#include "pamkit/layer/softmax.hpp"

namespace pamkit::cuda {
namespace {

enum class fault : std::uint8_t { none, agreement, barrier, exchange };
fault planted = fault::none;

/// A thread that may forget to wait.
struct forgetful_thread : thread_block::thread {
  explicit forgetful_thread(const thread_block::thread& t) : thread_block::thread(t) {}
  void barrier() const {
    if (planted != fault::barrier) thread_block::thread::barrier();
  }
  bool any_of_block(bool b) const {
    return planted == fault::agreement ? b : thread_block::thread::any_of_block(b);
  }
  word from_lane_xor(word w, int distance) const {
    return planted == fault::exchange ? w : thread_block::thread::from_lane_xor(w, distance);
  }
};

template <class Kernel>
void run(std::uint32_t blocks, const typename Kernel::parameters& p) {
  for (std::uint32_t block = 0; block < blocks; ++block) {
    const auto shared = std::make_unique_for_overwrite<typename Kernel::shared_memory>();
    poison(*shared);
    thread_block(Kernel::threads, block).run([&](const thread_block::thread& t) {
      Kernel::run(forgetful_thread(t), *shared, p);
    });
  }
}

std::mt19937 source(1);

std::vector<float> numbers(std::size_t count, std::uint32_t zeros) {
  std::vector<float> x(count);
  for (float& e : x) {
    const auto bits = static_cast<std::uint32_t>(source());
    e = std::bit_cast<float>(source() % 8 < zeros ? bits & 0x80000000U
                                                  : (bits & 0x807fffffU) | 0x3f000000U);
  }
  return x;
}

template <class Class, class Tile>
bool contraction_is_right(std::int64_t m, std::int64_t n, std::int64_t k, std::uint32_t zeros) {
  const auto a = numbers(static_cast<std::size_t>(m * k), zeros);
  const auto b = numbers(static_cast<std::size_t>(k * n), zeros);
  std::vector<float> out(static_cast<std::size_t>(m * n));
  contraction_parameters p;
  p.rows = m;
  p.columns = n;
  p.terms = k;
  p.row_tiles = static_cast<std::uint32_t>((m + Tile::rows - 1) / Tile::rows);
  p.column_tiles = static_cast<std::uint32_t>((n + Tile::columns - 1) / Tile::columns);
  p.x = {a.data(), k, 1, 0};
  p.y = {b.data(), n, 1, 0};
  p.out = {out.data(), n, 1, 0};
  run<contraction_tiled<Class, Tile>>(p.row_tiles * p.column_tiles, p);
  const contraction_definition<arith::pam> definition{};
  contraction_problem c{
      .m = m, .n = n, .k = k, .a = {a.data(), k}, .b = {b.data(), n}, .d = {}, .out = {}};
  bool is_right = true;
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      const auto e = definition.element(contraction_kind::product, c, 0, i, j);
      is_right = is_right &&
                 e.bits == std::bit_cast<std::uint32_t>(out[static_cast<std::size_t>(i * n + j)]);
    }
  }
  return is_right;
}

bool softmax_is_right(std::int64_t rows, std::int64_t length) {
  tensor x = tensor_of_shape({rows, length});
  const auto values = numbers(x.encodings.size(), 1);
  std::memcpy(x.encodings.data(), values.data(), x.encodings.size() * sizeof(std::uint32_t));
  tensor y = tensor_of_shape(x.shape);
  row_parameters p;
  p.rows = rows;
  p.length = length;
  p.x = x.encodings.data();
  p.y = y.encodings.data();
  run<row_kernel<softmax_step<arith::pam>>>(static_cast<std::uint32_t>((rows + 3) / 4), p);
  const layer_attributes none;
  const layer_call c{"softmax", {}, derivative::approx, std::span(&x, 1), &none, {}};
  return layer::softmax::forward<arith::pam>(c).front() == y;
}

bool all_are_right() {
  bool is_right = true;
  for (const std::uint32_t zeros : {0U, 1U}) {
    is_right &= contraction_is_right<hybrid_class<arith::pam>, small_tile>(33, 5, 19, zeros);
    is_right &= contraction_is_right<threshold_class, small_tile>(3, 35, 17, zeros);
    is_right &= contraction_is_right<full_class<arith::pam, contraction_kind::product>, small_tile>(
        34, 3, 18, zeros);
  }
  is_right &= contraction_is_right<fast_class, small_tile>(33, 5, 19, 0);
  is_right &= contraction_is_right<hybrid_class<arith::pam>, large_tile>(9, 129, 10, 1);
  is_right &= softmax_is_right(5, 70);
  return is_right;
}

}  // namespace
}  // namespace pamkit::cuda

int main(int argc, char** argv) {
  using namespace pamkit::cuda;
  constexpr std::pair<std::string_view, fault> faults[] = {{"drop-agreement", fault::agreement},
                                                           {"drop-barrier", fault::barrier},
                                                           {"drop-exchange", fault::exchange}};
  for (int i = 1; i < argc; ++i) {
    const auto* const found = std::find_if(std::begin(faults), std::end(faults),
                                           [&](const auto& f) { return f.first == argv[i]; });
    if (found == std::end(faults)) {
      std::fprintf(stderr,
                   "%s: no such fault; there are drop-agreement, drop-barrier and drop-exchange\n",
                   argv[i]);
      return 2;
    }
    planted = found->second;
  }
  const bool is_right = all_are_right();
  std::puts(is_right ? "every result is the definition's" : "results are wrong");
  return is_right ? 0 : 1;
}
