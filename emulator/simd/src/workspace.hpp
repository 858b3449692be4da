#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "pamkit/simd/pam_classes.hpp"

namespace pamkit::simd {

/// A float buffer aligned to cache lines that only ever grows.
class aligned_buffer {
 public:
  /// Space for `count` floats; what it held before is lost if it has to grow.
  float* reserve(std::int64_t count) {
    if (count > capacity_) {
      data_.reset(new (std::align_val_t{kAlignment}) float[static_cast<std::size_t>(count)]);
      capacity_ = count;
    }
    return data_.get();
  }

 private:
  static constexpr std::size_t kAlignment = 64;
  struct release {
    void operator()(float* p) const { ::operator delete[](p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<float[], release> data_;
  std::int64_t capacity_ = 0;
};

/// Columns of the right operand that are packed together.
struct right_panel {
  std::int64_t column = 0;  ///< first column, in the block
  std::int64_t valid = 0;   ///< columns that exist
  int vectors = 0;
  float* data = nullptr;
  magnitude_range range;
};

/// Packing buffers of one thread.
struct workspace {
  std::vector<right_panel> panels;  ///< of the block at hand
  aligned_buffer right;             ///< packed panels of the right operand
  aligned_buffer right_raw;         ///< one panel of it with its encodings unchanged
  aligned_buffer left;              ///< packed rows of the left operand
  aligned_buffer left_raw;          ///< rows of a narrow one, widened
  aligned_buffer out;               ///< sums of a panel that cannot lie in the output
  aligned_buffer own;               ///< the output's own operands of a panel
  aligned_buffer left_sides;        ///< what else a class of terms needs of each left element
  /// Where a test wants to see them: the ranges by which each pair of a left block and a panel was
  /// classified.
  std::vector<std::pair<magnitude_range, magnitude_range>>* classified = nullptr;
};

/// The calling thread's buffers.
workspace& thread_workspace();

}  // namespace pamkit::simd
