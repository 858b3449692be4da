#include "pamkit/training/dropout.hpp"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <limits>
#include <vector>

#include "pamkit/operators/recorded.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/functions.hpp"

namespace pamkit::training {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kElementsPerTask = 4096;

Tensor select_scaled(const Tensor& x, const Tensor& keep, float scale) {
  const operators::recorded told("pamkit::ordered_dropout", x);
  const Tensor values = x.contiguous();
  Tensor result = at::empty_like(values);
  const float* const from = values.const_data_ptr<float>();
  const std::uint8_t* const kept = keep.const_data_ptr<std::uint8_t>();
  float* const to = result.mutable_data_ptr<float>();
  at::parallel_for(0, values.numel(), kElementsPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float scaled = from[i] * scale;
      to[i] = kept[i] != 0 ? scaled : 0.0F;
    }
  });
  return result;
}

class dropout_function : public torch::autograd::Function<dropout_function> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& keep,
                        double scale) {
    const at::AutoDispatchBelowADInplaceOrView below;
    context->save_for_backward({keep});
    context->saved_data["scale"] = scale;
    return select_scaled(x, keep, static_cast<float>(scale));
  }

  static variable_list backward(AutogradContext* context, const variable_list& outputs) {
    const auto scale = static_cast<float>(context->saved_data["scale"].toDouble());
    return {select_scaled(outputs[0], context->get_saved_variables()[0], scale), {}, {}};
  }
};

}  // namespace

at::Tensor ordered_dropout(const at::Tensor& x, const at::Tensor& keep, float scale) {
  return dropout_function::apply(x, keep, double{scale});
}

dropout_pass::dropout_pass(const arm& products, double probability, std::uint64_t seed,
                           std::uint32_t step, std::uint32_t micro_batch)
    : products_(&products),
      probability_(probability),
      seed_(seed),
      step_(step),
      micro_batch_(micro_batch) {}

at::Tensor dropout_pass::drop_rows(const at::Tensor& x, double probability) {
  if (products_ == nullptr || probability == 0) return x;
  const at::Tensor one_each = keep_mask({x.size(0)}, probability);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  return products_->dropout(x, one_each.view(shape).expand(x.sizes()).contiguous(), probability);
}

at::Tensor dropout_pass::keep_mask(at::IntArrayRef shape, double probability) {
  const std::uint32_t site = next_site_++;
  const auto threshold = static_cast<std::uint32_t>(std::ldexp(probability, 32));
  at::Tensor keep = at::empty(shape, at::kByte);
  TORCH_CHECK(keep.numel() <= std::int64_t{std::numeric_limits<std::uint32_t>::max()},
              "dropout: shape ", keep.sizes(), " has more than 2^32 elements");
  std::uint8_t* const mask = keep.mutable_data_ptr<std::uint8_t>();
  at::parallel_for(0, keep.numel(), kElementsPerTask, [&](std::int64_t begin, std::int64_t end) {
    draw_keep_mask(seed_, step_, micro_batch_, site, threshold, static_cast<std::uint32_t>(begin),
                   {mask + begin, static_cast<std::size_t>(end - begin)});
  });
  return to_training_device(keep);
}

at::Tensor dropout_pass::operator()(const at::Tensor& x) {
  if (products_ == nullptr || probability_ == 0) return x;
  return products_->dropout(x, keep_mask(x.sizes(), probability_), probability_);
}

}  // namespace pamkit::training
