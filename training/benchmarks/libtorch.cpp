// LibTorch's own kernels (MKL and oneDNN underneath), on one thread.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/GradMode.h>
#include <torch/version.h>

#include "baseline.hpp"

namespace pamkit::benchmarks {
namespace {

// No gradients, no tensors allocated for results where the library can write into ours.
template <class Function>
std::function<void()> without_gradients(Function function) {
  return [function]() mutable {
    const c10::NoGradGuard guard;
    function();
  };
}

at::Tensor over(const float* data, at::IntArrayRef sizes, at::IntArrayRef strides) {
  // LibTorch has no tensors over const memory; none of these is written.
  return at::from_blob(const_cast<float*>(data), sizes, strides, at::kFloat);
}

at::Tensor over(const float* data, at::IntArrayRef sizes) {
  return at::from_blob(const_cast<float*>(data), sizes, at::kFloat);
}

std::function<void()> matmul_of(const workload& w) {
  at::Tensor out = over(w.out, {w.batch, w.m, w.n});
  const at::Tensor a = over(w.a.data, {w.batch, w.m, w.k}, {w.a.batch, w.a.row, w.a.column});
  const at::Tensor b = over(w.b.data, {w.batch, w.k, w.n}, {w.b.batch, w.b.row, w.b.column});
  if (w.batch != 1) return without_gradients([=]() mutable { at::bmm_out(out, a, b); });
  return without_gradients([out = out[0], a = a[0], b = b[0]]() mutable { at::mm_out(out, a, b); });
}

std::function<void()> convolution_of(const convolution& c, const workload& w) {
  const at::Tensor images = at::rand({c.images, c.channels, c.edge, c.edge});
  const at::Tensor weights = at::rand({c.outputs, c.channels / c.groups, c.taps, c.taps});
  const at::Tensor bias = at::rand({c.outputs});
  float* const out = w.out;
  return without_gradients([=] {
    // Its result is made anew, as that of the measured layer is.
    const at::Tensor y = at::conv2d(images, weights, bias, {c.stride, c.stride},
                                    {c.padding, c.padding}, {1, 1}, c.groups);
    *out = *y.const_data_ptr<float>();
  });
}

std::function<void()> rows_of(const workload& w) {
  at::Tensor out = over(w.out, {w.m, w.n});
  const at::Tensor x = over(w.a.data, {w.m, w.n});
  if (w.operation == "softmax") {
    return without_gradients([=]() mutable { at::softmax_out(out, x, 1); });
  }
  if (w.operation == "log_softmax") {
    return without_gradients([=]() mutable { at::log_softmax_out(out, x, 1); });
  }
  float* const first = w.out;
  if (w.operation == "layer_norm") {
    const at::Tensor gain = over(w.b.data, {w.n});
    return without_gradients([=] {
      // Its results are made anew, as those of the measured layers are.
      const at::Tensor y = at::layer_norm(x, {x.size(1)}, gain);
      *first = *y.const_data_ptr<float>();
    });
  }
  if (w.operation == "cross_entropy") {
    const at::Tensor classes = at::randint(w.n, {w.m}, at::kLong);
    return without_gradients([=] {
      const at::Tensor loss = at::cross_entropy_loss(x, classes, {}, at::Reduction::Mean, -100, 0.1);
      *first = *loss.const_data_ptr<float>();
    });
  }
  at::Tensor row_results = over(w.out, {w.m});
  if (w.operation == "sum") {
    return without_gradients([=]() mutable { at::sum_out(row_results, x, 1); });
  }
  if (w.operation == "norm") {
    return without_gradients([=]() mutable { at::linalg_vector_norm_out(row_results, x, 2, 1); });
  }
  if (w.operation == "logsumexp") {
    return without_gradients([=]() mutable { at::logsumexp_out(row_results, x, 1); });
  }
  return {};
}

std::function<void()> map_of(const workload& w) {
  at::Tensor out = over(w.out, {w.n});
  const at::Tensor x = over(w.a.data, {w.n});
  const at::Tensor y = w.b.data == nullptr ? x : over(w.b.data, {w.n});
  if (w.operation == "mul") return without_gradients([=]() mutable { at::mul_out(out, x, y); });
  if (w.operation == "div") return without_gradients([=]() mutable { at::div_out(out, x, y); });
  if (w.operation == "pow") return without_gradients([=]() mutable { at::pow_out(out, x, y); });
  if (w.operation == "exp2") return without_gradients([=]() mutable { at::exp2_out(out, x); });
  if (w.operation == "exp") return without_gradients([=]() mutable { at::exp_out(out, x); });
  if (w.operation == "log2") return without_gradients([=]() mutable { at::log2_out(out, x); });
  if (w.operation == "log") return without_gradients([=]() mutable { at::log_out(out, x); });
  if (w.operation == "sqrt") return without_gradients([=]() mutable { at::sqrt_out(out, x); });
  return {};
}

contender prepare(const workload& w) {
  contender c{.name = "libtorch", .work = static_cast<double>(w.n), .run = {}};
  switch (w.what) {
    case task::matmul:
      c.work = static_cast<double>(w.batch * w.m * w.n * w.k);
      c.run = w.is_convolution ? convolution_of(*w.is_convolution, w) : matmul_of(w);
      break;
    case task::rows:
      c.work = static_cast<double>(w.m * w.n);
      c.run = rows_of(w);
      break;
    case task::map:
      c.run = map_of(w);
      break;
  }
  return c;
}

}  // namespace

extern "C" [[gnu::visibility("default")]] void pamkit_list_baselines(std::vector<baseline>& found) {
  at::set_num_threads(1);
  found.push_back({.name = "libtorch",
                   .description = "LibTorch " TORCH_VERSION ", processor capability " +
                                  at::get_cpu_capability(),
                   .absent = {},
                   .prepare = prepare});
}

}  // namespace pamkit::benchmarks
