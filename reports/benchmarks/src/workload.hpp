#pragma once

#include <cstdint>
#include <optional>
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
  matmul,  ///< out (m x n, row-major, dense) = a (m x k) b (k x n), `batch` times
  rows,    ///< the layer `operation` on m rows of n elements from a.data, dense
  map      ///< out[i] = operation(a.data[i], b.data[i]), i < n
};

/// A convolution with square taps, batch x channels x rows x columns.
struct convolution {
  std::int64_t images = 1;
  std::int64_t channels = 0;
  std::int64_t outputs = 0;
  std::int64_t edge = 0;  ///< rows and columns of an image
  std::int64_t taps = 0;  ///< rows and columns of taps
  std::int64_t padding = 0;
  std::int64_t stride = 1;
  std::int64_t groups = 1;
};

struct workload {
  task what = task::matmul;
  std::string operation;  ///< of rows and maps: "softmax", "exp2", ...; empty: none has it
  std::int64_t batch = 1;
  std::int64_t m = 1;
  std::int64_t n = 0;
  std::int64_t k = 0;
  /// What the matrix product stands for, for rivals that have the thing itself.
  std::optional<convolution> is_convolution;
  matrix a;
  matrix b;
  float* out = nullptr;
};

}  // namespace pamkit::benchmarks
