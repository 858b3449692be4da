#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "pamkit/operators/layers.hpp"
#include "pamkit/operators/operators.hpp"
#include "tensors.hpp"

/// Bits do not depend on what torch.set_flush_denormal(True) does to the calling thread.
namespace pamkit::operators::test {
namespace {

// LibTorch's own flushing of subnormal operands and results, in the scope.
class flushing {
 public:
  flushing() : is_possible_(at::globalContext().setFlushDenormal(true)) {}
  ~flushing() { at::globalContext().setFlushDenormal(false); }
  flushing(const flushing&) = delete;
  flushing& operator=(const flushing&) = delete;
  bool is_possible() const { return is_possible_; }

 private:
  bool is_possible_;
};

// Numbers of both signs around 2^-126, so that sums of two are subnormal.
at::Tensor near_the_least(std::uint32_t stream, std::vector<std::int64_t> sizes) {
  const at::Tensor t = drawn(elements::ordinary, stream, std::move(sizes));
  auto* const words = reinterpret_cast<std::uint32_t*>(t.mutable_data_ptr<float>());
  for (std::int64_t i = 0; i < t.numel(); ++i) words[i] = (words[i] & 0x807FFFFF) | 0x00800000;
  return t;
}

void expect_kept(const char* what, const std::function<at::Tensor()>& compute) {
  const auto expected = bits_of(compute());
  const flushing environment;
  if (!environment.is_possible()) GTEST_SKIP() << "this processor cannot flush";
  EXPECT_EQ(bits_of(compute()), expected) << what;
}

TEST(Environment, ProductsAndSumsKeepTheirBits) {
  const at::Tensor x = drawn(elements::ordinary, 1, {20, 8});
  const at::Tensor w = drawn(elements::ordinary, 2, {64, 8}).zero_();
  const at::Tensor small = near_the_least(3, {200, 64});
  const at::Tensor bias = near_the_least(4, {64});
  for (const char* const arithmetic : {"pam", "exact", "adder"}) {
    expect_kept("linear", [&] { return linear(x, w, bias, arithmetic); });
    expect_kept("matmul", [&] { return matmul(small, at::ones({64, 3}), arithmetic); });
  }
  expect_kept("sum_rows", [&] { return sum_rows(small); });
}

TEST(Environment, LayersKeepTheirBits) {
  const at::Tensor small = near_the_least(5, {200, 64}).requires_grad_();
  const at::Tensor gain = at::ones({64}).requires_grad_();
  const at::Tensor bias = near_the_least(6, {64}).requires_grad_();
  for (const char* const arithmetic : {"pam", "exact"}) {
    expect_kept("layer_norm", [&] { return layer_norm(small, gain, bias, 1e-5, arithmetic); });
    // The derivative towards the bias is a sum of rows over blocks.
    expect_kept("layer_norm's bias", [&] {
      bias.mutable_grad() = at::Tensor();
      layer_norm(small, gain, bias, 1e-5, arithmetic).backward(near_the_least(7, {200, 64}));
      return bias.grad();
    });
  }
}

}  // namespace
}  // namespace pamkit::operators::test
