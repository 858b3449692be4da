#pragma once

#include "pamkit/arithmetic.hpp"
#include "pamkit/cuda/operand.cuh"
#include "pamkit/detail/sum.hpp"

namespace pamkit::cuda {

/// One launch of a two-dimensional convolution in groups, or of a derivative of it; the names are
/// those of layer::conv2d.
struct conv2d_parameters {
  policy<binary32> rules;
  derivative gradient = derivative::approx;
  std::int64_t stride = 1, padding = 0, dilation = 1;
  std::int64_t images = 0, channels = 0, height = 0, width = 0;
  std::int64_t outputs = 0, group_channels = 0, group_outputs = 0;
  std::int64_t kernel_height = 0, kernel_width = 0, out_height = 0, out_width = 0;
  const std::uint32_t* x = nullptr;     ///< [images, channels, height, width]
  const std::uint32_t* w = nullptr;     ///< [outputs, group_channels, kernel_height, kernel_width]
  const std::uint32_t* bias = nullptr;  ///< [outputs], or a null pointer
  const std::uint32_t* d = nullptr;     ///< [images, outputs, out_height, out_width]
  std::uint32_t* y = nullptr;           ///< the result: of the forward kernel, of x, or of w

  /// What a tap reads: +0 on the padding.
  PAMKIT_DEVICE word input(std::int64_t image, std::int64_t channel, std::int64_t row,
                           std::int64_t column) const {
    if (row < 0 || row >= height || column < 0 || column >= width) return {};
    return {x[((image * channels + channel) * height + row) * width + column]};
  }
  PAMKIT_DEVICE word weight(std::int64_t output, std::int64_t channel, std::int64_t kh,
                            std::int64_t kw) const {
    return {w[((output * group_channels + channel) * kernel_height + kh) * kernel_width + kw]};
  }
  PAMKIT_DEVICE word incoming(std::int64_t image, std::int64_t output, std::int64_t row,
                              std::int64_t column) const {
    return {d[((image * outputs + output) * out_height + row) * out_width + column]};
  }
};

/// The frame of these kernels: a thread has one element of the result, and Sum its terms in the
/// declared order.
template <class Sum>
struct conv2d_direct {
  using parameters = conv2d_parameters;
  static constexpr int threads = 128;
  struct shared_memory {};

  template <class Thread>
  PAMKIT_DEVICE static void run(const Thread& thread, shared_memory&, const parameters& p) {
    const std::int64_t at = std::int64_t{thread.block()} * threads + thread.index();
    if (at < Sum::count(p)) p.y[at] = Sum::at(p, at).bits;
  }
};

/// y: terms in the order input channel, kernel row, kernel column; taps on the padding take part,
/// the bias is last.
template <class A>
struct conv2d_output {
  PAMKIT_HD static std::int64_t count(const conv2d_parameters& p) {
    return p.images * p.outputs * p.out_height * p.out_width;
  }
  PAMKIT_DEVICE static word at(const conv2d_parameters& p, std::int64_t at) {
    const std::int64_t column = at % p.out_width * p.stride - p.padding;
    const std::int64_t row = at / p.out_width % p.out_height * p.stride - p.padding;
    const std::int64_t output = at / (p.out_width * p.out_height) % p.outputs;
    const std::int64_t image = at / (p.out_width * p.out_height * p.outputs);
    const std::int64_t first_channel = output / p.group_outputs * p.group_channels;
    word sum{};
    PAMKIT_ROLLED
    for (std::int64_t channel = 0; channel < p.group_channels; ++channel) {
      PAMKIT_ROLLED
      for (std::int64_t kh = 0; kh < p.kernel_height; ++kh) {
        PAMKIT_ROLLED
        for (std::int64_t kw = 0; kw < p.kernel_width; ++kw) {
          const word x = p.input(image, first_channel + channel, row + kh * p.dilation,
                                 column + kw * p.dilation);
          sum = detail::add(sum, A::mul(p.rules, x, p.weight(output, channel, kh, kw)));
        }
      }
    }
    return p.bias == nullptr ? sum : detail::add(sum, {p.bias[output]});
  }
};

/// dx: terms in the order output channel, kernel row, kernel column. Where no output has this tap
/// on the pixel there is no term; one of +0 would be NaN beside an infinite weight.
template <class A>
struct conv2d_input_vjp {
  PAMKIT_HD static std::int64_t count(const conv2d_parameters& p) {
    return p.images * p.channels * p.height * p.width;
  }
  PAMKIT_DEVICE static word at(const conv2d_parameters& p, std::int64_t at) {
    const std::int64_t column = at % p.width;
    const std::int64_t row = at / p.width % p.height;
    const std::int64_t channel = at / (p.width * p.height) % p.channels;
    const std::int64_t image = at / (p.width * p.height * p.channels);
    const std::int64_t first_output = channel / p.group_channels * p.group_outputs;
    const word x{p.x[at]};
    word sum{};
    PAMKIT_ROLLED
    for (std::int64_t output = first_output; output < first_output + p.group_outputs; ++output) {
      PAMKIT_ROLLED
      for (std::int64_t kh = 0; kh < p.kernel_height; ++kh) {
        const std::int64_t out_row = place(p, row, kh, p.out_height);
        PAMKIT_ROLLED
        for (std::int64_t kw = 0; out_row >= 0 && kw < p.kernel_width; ++kw) {
          const std::int64_t out_column = place(p, column, kw, p.out_width);
          if (out_column < 0) continue;
          const word w = p.weight(output, channel % p.group_channels, kh, kw);
          sum = detail::add(sum, A::mul_vjp_a(p.rules, p.gradient, x, w,
                                              p.incoming(image, output, out_row, out_column)));
        }
      }
    }
    return sum;
  }

 private:
  /// The output row (column) whose tap k lies on row (column) `at` of the image, or -1.
  PAMKIT_DEVICE static std::int64_t place(const conv2d_parameters& p, std::int64_t at,
                                          std::int64_t k, std::int64_t count) {
    const std::int64_t offset = at + p.padding - k * p.dilation;
    if (offset < 0 || offset % p.stride != 0 || offset / p.stride >= count) return -1;
    return offset / p.stride;
  }
};

/// dw: terms in the order image, output row, output column; taps on the padding take part.
template <class A>
struct conv2d_weight_vjp {
  PAMKIT_HD static std::int64_t count(const conv2d_parameters& p) {
    return p.outputs * p.group_channels * p.kernel_height * p.kernel_width;
  }
  PAMKIT_DEVICE static word at(const conv2d_parameters& p, std::int64_t at) {
    const std::int64_t kw = at % p.kernel_width;
    const std::int64_t kh = at / p.kernel_width % p.kernel_height;
    const std::int64_t channel = at / (p.kernel_width * p.kernel_height) % p.group_channels;
    const std::int64_t output = at / (p.kernel_width * p.kernel_height * p.group_channels);
    const std::int64_t first_channel = output / p.group_outputs * p.group_channels;
    const word w{p.w[at]};
    word sum{};
    PAMKIT_ROLLED
    for (std::int64_t image = 0; image < p.images; ++image) {
      PAMKIT_ROLLED
      for (std::int64_t row = 0; row < p.out_height; ++row) {
        PAMKIT_ROLLED
        for (std::int64_t column = 0; column < p.out_width; ++column) {
          const word x =
              p.input(image, first_channel + channel, row * p.stride + kh * p.dilation - p.padding,
                      column * p.stride + kw * p.dilation - p.padding);
          sum = detail::add(
              sum, A::mul_vjp_b(p.rules, p.gradient, x, w, p.incoming(image, output, row, column)));
        }
      }
    }
    return sum;
  }
};

}  // namespace pamkit::cuda
