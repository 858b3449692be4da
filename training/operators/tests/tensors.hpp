#pragma once

#include <ATen/Functions.h>

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "pamkit/format/any_format.hpp"
#include "pamkit/reference/tensor.hpp"
#include "pamkit/training/philox.hpp"

/// Tensors with adversarial elements, as LibTorch and as the golden model take them.

namespace pamkit::operators::test {

/// What the elements of a tensor are like.
enum class elements : std::uint8_t {
  ordinary,  ///< exponents around 0, both signs
  edges,     ///< also zeros, subnormals, and exponents at which products leave the range
  anything   ///< random encodings: infinities and NaNs too
};

inline const char* name_of(elements kind) {
  return kind == elements::ordinary ? "ordinary" : kind == elements::edges ? "edges" : "anything";
}

/// Encoding number `index` of a stream of them, in binary32.
inline std::uint32_t draw(elements kind, std::uint32_t stream, std::uint32_t index) {
  const training::philox_counter bits = training::philox4x32_10({index, stream, 0, 0}, {7, 0});
  const std::uint32_t sign_and_fraction = bits[0] & 0x807FFFFF;
  const auto with_exponent = [&](std::uint32_t biased) { return sign_and_fraction | biased << 23; };
  if (kind == elements::anything) return bits[0];
  if (kind == elements::edges) {
    switch (bits[1] % 8) {
      case 0:
        return bits[0] & 0x80000000;
      case 1:
        return sign_and_fraction;  // zero or subnormal
      case 2:
        return with_exponent(1 + bits[2] % 130);
      case 3:
        return with_exponent(180 + bits[2] % 75);
      default:
        break;
    }
  }
  return with_exponent(120 + bits[2] % 16);
}

/// A float32 tensor of drawn elements.
inline at::Tensor drawn(elements kind, std::uint32_t stream, std::vector<std::int64_t> shape) {
  at::Tensor t = at::empty(shape, at::kFloat);
  float* const to = t.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    to[i] = std::bit_cast<float>(draw(kind, stream, static_cast<std::uint32_t>(i)));
  }
  return t;
}

/// Encodings of a tensor of any supported type in row-major order.
inline std::vector<std::uint32_t> bits_of(const at::Tensor& t) {
  const at::Tensor c = t.contiguous();
  std::vector<std::uint32_t> bits;
  for (std::int64_t i = 0; i < c.numel(); ++i) {
    switch (c.element_size()) {
      case 4:
        bits.push_back(static_cast<const std::uint32_t*>(c.const_data_ptr())[i]);
        break;
      case 2:
        bits.push_back(static_cast<const std::uint16_t*>(c.const_data_ptr())[i]);
        break;
      default:
        bits.push_back(static_cast<const std::uint8_t*>(c.const_data_ptr())[i]);
    }
  }
  return bits;
}

inline reference::dense dense_of(const at::Tensor& t) { return {t.sizes().vec(), bits_of(t)}; }

}  // namespace pamkit::operators::test
