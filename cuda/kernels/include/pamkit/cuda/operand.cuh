#pragma once

#include <type_traits>

#include "pamkit/convert.hpp"
#include "pamkit/cuda/kernel.cuh"
#include "pamkit/tensor/element.hpp"

/// Operands in memory, and their widening to binary32.

namespace pamkit::cuda {

/// A batch of matrices of one format. Strides count elements and may be anything, 0 and negative
/// included.
struct operand {
  const void* data = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 1;
  std::int64_t batch_stride = 0;

  PAMKIT_HD std::int64_t offset(std::int64_t batch, std::int64_t row, std::int64_t column) const {
    return batch * batch_stride + row * row_stride + column * column_stride;
  }
};

/// The type of memory that holds format F: binary32 lies there as floats, the others as integers.
template <class F>
using element_of = std::conditional_t<std::is_same_v<F, binary32>, float, typename F::storage>;

/// Element `at` of an array of format F, widened exactly.
template <class F>
PAMKIT_DEVICE word load_widened(const void* data, std::int64_t at) {
  const element_of<F> x = static_cast<const element_of<F>*>(data)[at];
  if constexpr (std::is_same_v<F, binary32>) {
    return {std::bit_cast<std::uint32_t>(x)};
  } else {
    return widen(encoding<F>{x});
  }
}

/// The same where the format is known at run time only; it is the same for all threads.
PAMKIT_DEVICE word load_widened(element_format format, const void* data, std::int64_t at) {
  switch (format) {
    case element_format::bfloat16:
      return load_widened<bfloat16>(data, at);
    case element_format::binary16:
      return load_widened<binary16>(data, at);
    case element_format::e5m2:
      return load_widened<e5m2>(data, at);
    case element_format::e4m3:
      return load_widened<e4m3>(data, at);
    default:
      return load_widened<binary32>(data, at);
  }
}

/// Four neighbours of a tile: one load.
struct alignas(16) quad {
  std::uint32_t words[4];
};

}  // namespace pamkit::cuda
