#include "simulated_gpu.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <functional>

#include "pamkit/operators/contraction.hpp"
#include "pamkit/operators/layers.hpp"
#include "pamkit/operators/operators.hpp"
#include "tensors.hpp"

/// torch.ops.pamkit.* on CUDA tensors, forward and backward: the CPU's bits, by launches on the
/// tensors' own device and LibTorch's current stream of it, with nothing copied to the host.

namespace pamkit::operators::test {
namespace {

using at::Tensor;
using tensors = std::vector<Tensor>;

struct operator_case {
  std::string name;
  std::vector<std::vector<std::int64_t>> shapes;  ///< of operands with derivatives
  tensors others;                                 ///< without
  std::function<tensors(const tensors&, const char* arithmetic, const char* derivative)> call;
  std::vector<std::string> kernels;  ///< that have to be among those that run, over pam
  bool has_derivatives = true;
};

tensors one(Tensor t) { return {std::move(t)}; }

std::vector<operator_case> cases() {
  at::Tensor classes = at::arange(70, at::kLong).remainder(19);
  classes[3] = -100;
  const Tensor keep = at::arange(7 * 60, at::kLong).remainder(3).ne(0).to(at::kByte).view({7, 60});
  return {
      {"matmul",
       {{3, 5}, {5, 4}},
       {},
       [](const tensors& t, auto a, auto d) { return one(matmul(t[0], t[1], a, d)); },
       {}},
      {"bmm",
       {{2, 3, 5}, {2, 5, 4}},
       {},
       [](const tensors& t, auto a, auto d) { return one(bmm(t[0], t[1], a, d)); },
       {}},
      {"linear",
       {{130, 5}, {4, 5}, {4}},
       {},
       [](const tensors& t, auto a, auto d) { return one(linear(t[0], t[1], t[2], a, d)); },
       {"pamkit_column_block_sums", "pamkit_column_totals"}},
      {"mul",
       {{7, 60}, {7, 60}},
       {},
       [](const tensors& t, auto a, auto d) { return one(operators::mul(t[0], t[1], a, d)); },
       {"pamkit_elementwise_pam_mul"}},
      {"div",
       {{7, 60}, {7, 60}},
       {},
       [](const tensors& t, auto a, auto d) { return one(operators::div(t[0], t[1], a, d)); },
       {"pamkit_elementwise_pam_div"}},
      {"softmax",
       {{7, 60}},
       {},
       [](const tensors& t, auto a, auto d) { return one(operators::softmax(t[0], a, d)); },
       {"pamkit_softmax_pam", "pamkit_softmax_vjp_pam"}},
      {"log_softmax",
       {{7, 60}},
       {},
       [](const tensors& t, auto a, auto d) { return one(operators::log_softmax(t[0], a, d)); },
       {"pamkit_log_softmax_pam", "pamkit_log_softmax_vjp_pam"}},
      {"layer_norm",
       {{131, 6}, {6}, {6}},
       {},
       [](const tensors& t, auto a, auto d) {
         return one(operators::layer_norm(t[0], t[1], t[2], 1e-5, a, d));
       },
       {"pamkit_layer_norm_pam", "pamkit_layer_norm_vjp_pam", "pamkit_column_totals"}},
      {"dropout",
       {{7, 60}},
       {keep},
       [](const tensors& t, auto a, auto d) {
         return one(operators::dropout(t[0], t[1], 0.3, a, d));
       },
       {"pamkit_scale_pam", "pamkit_scale_vjp_pam"}},
      {"cross_entropy",
       {{70, 19}},
       {classes},
       [](const tensors& t, auto a, auto d) {
         return one(cross_entropy(t[0], t[1], 0.1, true, -100, a, d));
       },
       {"pamkit_cross_entropy_pam", "pamkit_mean_pam", "pamkit_mean_vjp_pam",
        "pamkit_cross_entropy_vjp_pam"}},
      {"conv2d",
       {{2, 4, 6, 5}, {6, 2, 3, 3}, {6}},
       {},
       [](const tensors& t, auto a, auto d) {
         return one(operators::conv2d(t[0], t[1], t[2], 2, 1, 1, 2, a, d));
       },
       {"pamkit_conv2d_pam", "pamkit_conv2d_input_vjp_pam", "pamkit_conv2d_weight_vjp_pam",
        "pamkit_column_totals"}},
      {"conv2d without bias",
       {{2, 3, 6, 5}, {4, 3, 3, 3}},
       {},
       [](const tensors& t, auto a, auto d) {
         return one(operators::conv2d(t[0], t[1], std::nullopt, 1, 1, 1, 1, a, d));
       },
       {"pamkit_conv2d_pam"}},
      {"matmul of no terms",
       {{3, 0}, {0, 4}},
       {},
       [](const tensors& t, auto a, auto d) { return one(matmul(t[0], t[1], a, d)); },
       {}},
      {"linear of no rows",
       {{0, 5}, {4, 5}, {4}},
       {},
       [](const tensors& t, auto a, auto d) { return one(linear(t[0], t[1], t[2], a, d)); },
       {}},
      {"mul of no elements",
       {{0, 60}, {0, 60}},
       {},
       [](const tensors& t, auto a, auto d) { return one(operators::mul(t[0], t[1], a, d)); },
       {}},
      {"softmax of no rows",
       {{0, 60}},
       {},
       [](const tensors& t, auto a, auto d) { return one(operators::softmax(t[0], a, d)); },
       {}},
      {"layer_norm of no rows",
       {{0, 6}, {6}, {6}},
       {},
       [](const tensors& t, auto a, auto d) {
         return one(operators::layer_norm(t[0], t[1], t[2], 1e-5, a, d));
       },
       {}},
      {"dropout of no elements",
       {{0, 60}},
       {at::empty({0, 60}, at::kByte)},
       [](const tensors& t, auto a, auto d) {
         return one(operators::dropout(t[0], t[1], 0.3, a, d));
       },
       {}},
      {"cross_entropy of no rows",
       {{0, 19}},
       {at::empty({0}, at::kLong)},
       [](const tensors& t, auto a, auto d) {
         return one(cross_entropy(t[0], t[1], 0.1, true, -100, a, d));
       },
       {}},
      {"conv2d of no images",
       {{0, 4, 6, 5}, {6, 2, 3, 3}, {6}},
       {},
       [](const tensors& t, auto a, auto d) {
         return one(operators::conv2d(t[0], t[1], t[2], 2, 1, 1, 2, a, d));
       },
       {}},
      {"adamw_step",
       {},
       {drawn(elements::edges, 1, {7, 60}), drawn(elements::edges, 2, {7, 60}),
        drawn(elements::edges, 3, {7, 60}), drawn(elements::edges, 4, {7, 60}).abs()},
       [](const tensors& t, auto a, auto) {
         const auto [p, m, v] = adamw_step(t[0], t[1], t[2], t[3], {.step = 3}, a);
         return tensors{p, m, v};
       },
       {"pamkit_adamw_step_pam"},
       false},
      {"clip_grad_norm",
       {},
       {drawn(elements::ordinary, 5, {7, 5}), drawn(elements::ordinary, 6, {600}), at::empty({0})},
       [](const tensors& t, auto a, auto) { return clip_grad_norm(t, 0.5, a); },
       {"pamkit_square_sum_pam", "pamkit_clip_factor_pam", "pamkit_scale_pam"},
       false},
      {"clip_grad_norm without a limit",
       {},
       {drawn(elements::ordinary, 5, {7, 5})},
       [](const tensors& t, auto a, auto) { return clip_grad_norm(t, 0, a); },
       {},
       false},
      {"sum_rows",
       {},
       {drawn(elements::ordinary, 7, {300, 5})},
       [](const tensors& t, auto, auto) { return one(sum_rows(t[0])); },
       {"pamkit_column_block_sums"},
       false},
      {"sum_rows of no columns",
       {},
       {at::empty({300, 0})},
       [](const tensors& t, auto, auto) { return one(sum_rows(t[0])); },
       {},
       false}};
}

struct arm {
  const char* arithmetic;
  const char* derivative;
  at::ScalarType type;
};

// Results and gradients; `moved` puts a tensor on the device under test.
tensors results_of(const operator_case& c, const arm& a,
                   const std::function<Tensor(const Tensor&)>& moved) {
  tensors operands;
  std::uint32_t stream = 100;
  for (const std::vector<std::int64_t>& shape : c.shapes) {
    operands.push_back(
        moved(drawn(elements::ordinary, ++stream, shape).to(a.type)).requires_grad_(true));
  }
  for (const Tensor& t : c.others) operands.push_back(moved(t));
  tensors made = c.call(operands, a.arithmetic, a.derivative);
  if (c.has_derivatives) {
    // No scalar comes from outside: a loss is where a backward pass starts.
    const Tensor d = drawn(elements::ordinary, ++stream, made[0].sizes().vec()).to(a.type);
    made[0].backward(moved(d));
    for (std::size_t i = 0; i < c.shapes.size(); ++i) made.push_back(operands[i].grad());
  }
  return made;
}

TEST(SimulatedGpu, OperatorsHaveTheBitsOfTheCpuOnEveryDeviceAndStreamAndCopyNothing) {
  const c10::impl::DeviceGuardImplInterface* const guard = c10::impl::getDeviceGuardImpl(at::kCUDA);
  const std::array<c10::Stream, 2> others = {make_stream(0), make_stream(1)};
  for (const operator_case& c : cases()) {
    for (const arm& a : {arm{"pam", "approx", at::kFloat}, arm{"pam", "exact", at::kFloat},
                         arm{"pam:1.0552", "approx", at::kBFloat16},
                         arm{"pam/binary32m7", "approx", at::kFloat}}) {
      const tensors expected = results_of(c, a, [](const Tensor& t) { return t.clone(); });
      for (const int device : {0, 1}) {
        for (const bool is_default_stream : {true, false}) {
          const std::string what = c.name + " of " + a.arithmetic + " " + a.derivative +
                                   " on cuda:" + std::to_string(device) +
                                   (is_default_stream ? "" : ", another stream");
          const c10::Device place(at::kCUDA, static_cast<c10::DeviceIndex>(device));
          const c10::Stream stream = is_default_stream ? guard->getDefaultStream(place)
                                                       : others[static_cast<std::size_t>(device)];
          // The stream is the current one of its device; the current device is the first all the
          // time.
          const c10::Stream before = guard->exchangeStream(stream);
          take_launches();
          take_copies();
          const tensors got = results_of(c, a, [&](const Tensor& t) { return on_gpu(t, device); });
          guard->exchangeStream(before);
          EXPECT_EQ(guard->getDevice().index(), 0) << what;
          EXPECT_EQ(take_copies(), std::vector<std::string>()) << what;
          const std::vector<started_launch> launches = take_launches();
          for (const started_launch& l : launches) {
            EXPECT_EQ(l.device, device) << what << " " << l.kernel;
            EXPECT_EQ(l.stream, guard->getStreamNativeHandle(stream)) << what << " " << l.kernel;
          }
          for (const std::string& kernel : c.kernels) {
            if (a.arithmetic != std::string("pam") || a.derivative == std::string("exact"))
              continue;
            EXPECT_TRUE(std::ranges::any_of(
                launches, [&](const started_launch& l) { return l.kernel == kernel; }))
                << what << " without " << kernel;
          }
          ASSERT_EQ(got.size(), expected.size()) << what;
          for (std::size_t i = 0; i < got.size(); ++i) {
            EXPECT_EQ(got[i].device(), place) << what;
            EXPECT_EQ(got[i].scalar_type(), expected[i].scalar_type()) << what;
            EXPECT_EQ(got[i].sizes(), expected[i].sizes()) << what;
            EXPECT_EQ(bits_of(on_host(got[i])), bits_of(expected[i])) << what << ", result " << i;
          }
        }
      }
    }
  }
}

// What shows copies that nobody waited for shows one where there is one.
TEST(SimulatedGpu, ACopyThatIsNotWaitedForIsThereWhenItsStreamIsWaitedFor) {
  const Tensor x = drawn(elements::ordinary, 1, {7, 5});
  const Tensor there = on_gpu(x, 1);
  const Tensor copy = there.to(at::kCPU, /*non_blocking=*/true);
  EXPECT_NE(bits_of(copy), bits_of(x));
  const c10::impl::DeviceGuardImplInterface* const guard = c10::impl::getDeviceGuardImpl(at::kCUDA);
  guard->synchronizeStream(guard->getStream(there.device()));
  EXPECT_EQ(bits_of(copy), bits_of(x));
  EXPECT_EQ(bits_of(there.to(at::kCPU)), bits_of(x));
}

TEST(SimulatedGpu, AnObserverSeesContractionsThatWereLaunched) {
  const Tensor x = drawn(elements::ordinary, 1, {4, 7});
  const Tensor weight = drawn(elements::ordinary, 2, {5, 7});
  const Tensor bias = drawn(elements::ordinary, 3, {5});
  const auto words = [](const float* from, std::size_t count) {
    std::vector<std::uint32_t> bits(count);
    std::memcpy(bits.data(), from, count * sizeof(float));
    return bits;
  };
  std::vector<std::vector<std::uint32_t>> seen;
  observe_contractions([&](const contraction_call& call) {
    ASSERT_EQ(call.problem.m * call.problem.n, 20);
    seen = {words(call.problem.a.data, 28), words(call.problem.b.data, 35), words(call.bias, 5),
            words(call.problem.out.data, 20)};
  });
  const Tensor y = linear(on_gpu(x, 1), on_gpu(weight, 1), on_gpu(bias, 1), "pam");
  observe_contractions({});
  EXPECT_EQ(seen, (std::vector{bits_of(x), bits_of(weight), bits_of(bias), bits_of(on_host(y))}));
}

// What shows copies shows one where there is one.
TEST(SimulatedGpu, ExponentialsOfExactGoThroughTheHost) {
  const Tensor x = drawn(elements::ordinary, 1, {7, 5});
  take_copies();
  take_launches();
  const Tensor y = operators::exp2(on_gpu(x, 1), "exact");
  EXPECT_FALSE(take_copies().empty());
  EXPECT_TRUE(take_launches().empty());
  EXPECT_EQ(y.device(), c10::Device(at::kCUDA, 1));
  EXPECT_EQ(bits_of(on_host(y)), bits_of(operators::exp2(x, "exact")));
}

std::string complaint_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
  return "";
}

TEST(SimulatedGpu, OperandsOnTwoDevicesAreRefusedInOneLine) {
  const std::vector<std::function<Tensor(const Tensor&)>> elsewhere = {
      [](const Tensor& t) { return on_gpu(t, 1); }, [](const Tensor& t) { return t.clone(); }};
  int refused = 0;
  for (const operator_case& c : cases()) {
    tensors operands;
    for (const std::vector<std::int64_t>& shape : c.shapes) operands.push_back(at::ones(shape));
    operands.insert(operands.end(), c.others.begin(), c.others.end());
    if (operands.size() == 1) continue;
    for (const auto& place : elsewhere) {
      for (std::size_t other = 0; other < operands.size(); ++other) {
        tensors mixed;
        for (std::size_t i = 0; i < operands.size(); ++i) {
          mixed.push_back(i == other ? place(operands[i]) : on_gpu(operands[i], 0));
        }
        take_launches();
        const std::string complaint =
            complaint_of([&] { static_cast<void>(c.call(mixed, "pam", "approx")); });
        const std::string what = c.name + ", operand " + std::to_string(other);
        EXPECT_EQ(complaint.find("pamkit::" + c.name.substr(0, c.name.find(' '))), 0U)
            << what << ": " << complaint;
        EXPECT_NE(complaint.find("they must be on one device"), std::string::npos) << what;
        EXPECT_EQ(complaint.find('\n'), std::string::npos) << what << ": " << complaint;
        EXPECT_TRUE(take_launches().empty()) << what;
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 40);
}

TEST(SimulatedGpu, AClassThatIsNoneIsToldByTheDevice) {
  const Tensor x = on_gpu(at::ones({3, 4}), 1);
  for (const std::int64_t wrong :
       {std::int64_t{4}, std::int64_t{-1}, (std::int64_t{1} << 32) + 1}) {
    Tensor classes = at::zeros({3}, at::kLong);
    classes[1] = wrong;
    take_copies();
    const std::string complaint =
        complaint_of([&] { cross_entropy(x, on_gpu(classes, 1), 0, false, -100); });
    EXPECT_NE(complaint.find("pamkit::cross_entropy: a class is none of 4"), std::string::npos)
        << wrong << ": " << complaint;
    EXPECT_TRUE(take_copies().empty());
    // The ignored one may be any number.
    EXPECT_EQ(complaint_of([&] { cross_entropy(x, on_gpu(classes, 1), 0, false, wrong); }), "");
  }
}

TEST(SimulatedGpu, AnObserverSeesLayersThatWereLaunched) {
  std::vector<std::string> seen;
  observe_layers([&](const computed_layer& call) {
    seen.emplace_back(call.operation);
    for (const tensor& t : call.outputs) {
      EXPECT_FALSE(t.encodings.empty());
    }
    if (call.operation == "cross_entropy") {
      EXPECT_EQ(call.inputs[1].encodings, (std::vector<std::uint32_t>{0, 0xFFFFFFFF, 2}));
    }
  });
  const Tensor x = drawn(elements::ordinary, 1, {1, 2, 4, 4});
  const Tensor w = drawn(elements::ordinary, 2, {3, 2, 2, 2});
  const Tensor bias = drawn(elements::ordinary, 3, {3});
  operators::conv2d(on_gpu(x, 1), on_gpu(w, 1), on_gpu(bias, 1));
  Tensor classes = at::arange(3, at::kLong);
  classes[1] = -100;
  cross_entropy(on_gpu(drawn(elements::ordinary, 4, {3, 5}), 1), on_gpu(classes, 1));
  clip_grad_norm(std::array{on_gpu(bias, 1)}, 0.5);
  observe_layers({});
  EXPECT_EQ(seen, (std::vector<std::string>{"conv2d", "cross_entropy", "clip_grad_norm"}));
}

}  // namespace
}  // namespace pamkit::operators::test
