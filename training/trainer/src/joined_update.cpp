#include "joined_update.hpp"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "pamkit/operators/layers.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/input_error.hpp"

namespace pamkit::training {
namespace {

void append(part_sum::values& all, const at::Tensor& t) {
  const at::Tensor values = on_host(t);
  const float* const from = values.const_data_ptr<float>();
  all.insert(all.end(), from, from + values.numel());
}

at::Tensor tensor_from(const part_sum::values& all, std::size_t& at, const at::Tensor& like) {
  at::Tensor values = at::empty(like.sizes(), at::kFloat);
  std::memcpy(values.mutable_data_ptr<float>(), all.data() + at,
              static_cast<std::size_t>(values.numel()) * sizeof(float));
  at += static_cast<std::size_t>(values.numel());
  return values.to(like.device());
}

}  // namespace

own_parts parts_of_worker(std::int64_t parts, const workers& job) {
  const std::int64_t workers_count = job.count();
  if (parts % workers_count != 0) {
    std::string fitting;
    for (std::int64_t n = 1; n <= parts; ++n) {
      if (parts % n == 0)
        fitting += (fitting.empty() ? "" : n == parts ? " or " : ", ") + std::to_string(n);
    }
    throw input_error(
        "train",
        fmt::format("{} workers cannot have equal shares of training.parts = {}", workers_count,
                    parts),
        fmt::format(
            "give --set training.parts={} (its bits differ from those of {}), or start {} worker{}",
            (parts / workers_count + 1) * workers_count, parts, fitting, parts == 1 ? "" : "s"));
  }
  const std::int64_t each = parts / workers_count;
  return {each * job.rank(), each * (job.rank() + 1), parts};
}

joined_update::joined_update(task& model, const arm& products, std::int64_t parts, workers& job)
    : task_(model), products_(products), parts_(parts), sum_(parts, job.values()) {}

std::vector<part_result> joined_update::compute(std::uint64_t step) {
  if (parts_ == 1) return {task_.forward_backward(step, {})};
  std::vector<at::Tensor> before;
  for (const buffer& b : task_.parameters().buffers()) before.push_back(b.value.clone());
  std::vector<part_result> results;
  sum_.compute([&](std::int64_t part) {
    std::size_t next = 0;
    for (const buffer& b : task_.parameters().buffers()) b.value.copy_(before[next++]);
    results.push_back(task_.forward_backward(step, {part, parts_}));
    return values_of_part();
  });
  return results;
}

part_sum::values joined_update::values_of_part() const {
  part_sum::values all;
  for (const parameter& p : task_.parameters().all()) {
    const at::Tensor& gradient = p.value.grad();
    if (gradient.defined()) {
      append(all, gradient);
    } else {
      all.resize(all.size() + static_cast<std::size_t>(p.value.numel()), 0.0F);
    }
  }
  for (const buffer& b : task_.parameters().buffers()) append(all, b.value);
  return all;
}

void joined_update::join() {
  if (parts_ > 1) take(sum_.join());
}

void joined_update::take(const part_sum::values& sum) {
  const at::NoGradGuard no_grad;
  std::size_t at = 0;
  for (const parameter& p : task_.parameters().all()) {
    p.value.mutable_grad() = tensor_from(sum, at, p.value);
  }
  for (const buffer& b : task_.parameters().buffers()) {
    b.value.copy_(mean_of(tensor_from(sum, at, b.value)));
  }
}

at::Tensor joined_update::mean_of(const at::Tensor& sum) const {
  const auto share = static_cast<double>(static_cast<float>(1 / static_cast<double>(parts_)));
  if (!products_.covers(scope::norm)) return sum * share;
  return operators::mul(sum, at::full_like(sum, share), products_.plain_label());
}

part_result whole_update(const std::vector<part_result>& parts) {
  part_result whole{0, 0, parts.front().all_items};
  for (const part_result& part : parts) {
    if (part.items > 0) whole.loss += part.loss * part.share();
    whole.items += part.items;
  }
  return whole;
}

}  // namespace pamkit::training
