#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <span>
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
  for (float& x : std::span(t.mutable_data_ptr<float>(), static_cast<std::size_t>(t.numel()))) {
    x = std::bit_cast<float>((std::bit_cast<std::uint32_t>(x) & 0x807FFFFF) | 0x00800000);
  }
  return t;
}

void expect_kept(const char* what, const std::function<at::Tensor()>& compute) {
  const auto expected = bits_of(compute());
  const flushing environment;
  ASSERT_TRUE(environment.is_possible()) << "this processor cannot flush";
  EXPECT_EQ(bits_of(compute()), expected) << what;
}

TEST(Environment, ProductsAndSumsKeepTheirBits) {
  const at::Tensor x = near_the_least(1, {20, 64});
  const at::Tensor same = at::eye(64);  // so that x itself meets the bias
  const at::Tensor small = near_the_least(3, {200, 64});
  const at::Tensor bias = near_the_least(4, {64});
  for (const char* const arithmetic : {"pam", "exact"}) {
    expect_kept("linear", [&] { return linear(x, same, bias, arithmetic); });
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
