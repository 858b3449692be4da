#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <functional>

#include "pamkit/operators/operators.hpp"
#include "tensors.hpp"

namespace pamkit::operators::test {
namespace {

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
  return "no error";
}

TEST(Autograd, GradientsAreTheDirectVjps) {
  for (const char* const gradient : {"approx", "exact"}) {
    at::Tensor x = drawn(elements::ordinary, 20, {2, 3, 5}).requires_grad_(true);
    at::Tensor y = drawn(elements::ordinary, 21, {5, 4}).requires_grad_(true);
    const at::Tensor d = drawn(elements::ordinary, 22, {2, 3, 4});
    operators::matmul(x, y, "pam", gradient).backward(d);
    const at::Tensor rows = x.detach().view({6, 5});
    EXPECT_EQ(bits_of(x.grad()),
              bits_of(product_vjp_a(rows, y.detach(), d.view({6, 4}), "pam", gradient)));
    EXPECT_EQ(bits_of(y.grad()),
              bits_of(product_vjp_b(rows, y.detach(), d.view({6, 4}), "pam", gradient)));

    at::Tensor a = drawn(elements::ordinary, 23, {2, 3, 5}).requires_grad_(true);
    at::Tensor b = drawn(elements::ordinary, 24, {2, 4, 5}).requires_grad_(true);
    operators::bmm(a, b.transpose(1, 2), "pam", gradient).backward(d);
    EXPECT_EQ(bits_of(a.grad()), bits_of(product_vjp_a(a.detach(), b.detach().transpose(1, 2), d,
                                                       "pam", gradient)));
    EXPECT_EQ(bits_of(b.grad()), bits_of(product_vjp_b(a.detach(), b.detach().transpose(1, 2), d,
                                                       "pam", gradient)
                                             .transpose(1, 2)));
  }
}

TEST(Autograd, OnlyNeededGradientsAreMade) {
  const at::Tensor x = drawn(elements::ordinary, 25, {3, 5});
  at::Tensor weight = drawn(elements::ordinary, 26, {4, 5}).requires_grad_(true);
  operators::linear(x, weight, std::nullopt).backward(at::ones({3, 4}));
  EXPECT_FALSE(x.grad().defined());
  EXPECT_TRUE(weight.grad().defined());
  EXPECT_TRUE(weight.grad().is_contiguous()) << "a weight's gradient lies like the weight";
}

TEST(Autograd, ASecondBackwardPassRaises) {
  at::Tensor x = drawn(elements::ordinary, 27, {3, 5}).requires_grad_(true);
  at::Tensor y = drawn(elements::ordinary, 28, {5, 3}).requires_grad_(true);
  const at::Tensor loss = operators::matmul(x, y).sum();
  loss.backward({}, true, true);
  EXPECT_THROW(x.grad().sum().backward(), c10::Error);
}

TEST(Meta, ShapesAndTypesWithoutValues) {
  const auto meta = at::TensorOptions().device(at::kMeta).dtype(at::kBFloat16);
  const at::Tensor y = operators::linear(at::empty({2, 3, 5}, meta), at::empty({4, 5}, meta), std::nullopt);
  EXPECT_EQ(y.sizes(), at::IntArrayRef({2, 3, 4}));
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(y.is_meta());
  at::Tensor a = at::empty({2, 3, 5}, meta).requires_grad_(true);
  operators::bmm(a, at::empty({2, 5, 4}, meta)).sum().backward();
  EXPECT_EQ(a.grad().sizes(), a.sizes());
}

TEST(Errors, NameTheOperatorAndTheValues) {
  const at::Tensor x = at::ones({2, 3});
  EXPECT_EQ(message_of([&] { operators::matmul(x, x); }),
            "pamkit::matmul: a has shape [2, 3] and b has shape [2, 3]; a's last size must be b's first");
  EXPECT_EQ(message_of([&] { operators::linear(x, x, at::ones({3})); }),
            "pamkit::linear: bias has shape [3] and weight has shape [2, 3]; bias must have one "
            "element for each row of the weight");
  EXPECT_EQ(message_of([&] { operators::bmm(x, x); }), "pamkit::bmm: a has shape [2, 3]; it must have 3 axes");
  EXPECT_EQ(message_of([&] { operators::matmul(x, at::ones({3, 2}, at::kHalf)); }),
            "pamkit::matmul: a is Float and b is Half; they must be of one type");
  EXPECT_EQ(message_of([&] { operators::matmul(x.to(at::kDouble), at::ones({3, 2}, at::kDouble)); }),
            "pamkit::matmul: element type Double is not supported; give float32, bfloat16, "
            "float16, float8_e5m2 or float8_e4m3fn");
  EXPECT_NE(message_of([&] { operators::linear(x, x, std::nullopt, "pan"); })
                .find("pamkit::linear: arithmetic 'pan' is not known; give "),
            std::string::npos);
  EXPECT_EQ(message_of([&] { operators::linear(x, x, std::nullopt, "pam", "ex"); }),
            "pamkit::linear: derivative 'ex' is not known; give approx or exact");
  EXPECT_NE(message_of([&] { operators::matmul(x, at::empty({3, 2}, at::kMeta)); })
                .find("they must be on one device"),
            std::string::npos);
}

TEST(Errors, AMissingDerivativeIsSaidByTheForwardCall) {
  at::Tensor x = at::ones({2, 3}).requires_grad_(true);
  EXPECT_EQ(message_of([&] { operators::linear(x, at::ones({2, 3}), std::nullopt, "adder", "exact"); }),
            "pamkit::linear: arithmetic 'adder' has no exact derivative; give derivative='approx'");
}

}  // namespace
}  // namespace pamkit::operators::test
