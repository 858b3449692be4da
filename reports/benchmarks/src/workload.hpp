#pragma once

#include <cstdint>
#include <string>

/// What a rival is asked to do: the task of a measured kernel, without its arithmetic.

namespace pamkit::benchmarks {

/// A batch of binary32 matrices; element (i, j) at data[i * row + j * column], the next matrix
/// `batch` further.
struct matrix {
  const float* data = nullptr;
  std::int64_t row = 0;
  std::int64_t column = 1;
  std::int64_t batch = 0;
};

enum class task : std::uint8_t {
  matmul,   ///< out (m x n, row-major, dense) = a (m x k) b (k x n), `batch` times
  softmax,  ///< m rows of n elements from a.data, dense
  map       ///< out[i] = operation(a.data[i], b.data[i]), i < n
};

struct workload {
  task what = task::matmul;
  std::string operation;  ///< of a map: "mul", "exp2", ...
  std::int64_t batch = 1;
  std::int64_t m = 1;
  std::int64_t n = 0;
  std::int64_t k = 0;
  matrix a;
  matrix b;
  float* out = nullptr;
};

}  // namespace pamkit::benchmarks
