#include "training_step.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "pamkit/training/device.hpp"
#include "pamkit/training/subwords.hpp"

namespace pamkit::training {
namespace {

at::Tensor ids_of(const std::vector<std::int64_t>& ids, std::size_t rows, std::size_t length) {
  at::Tensor t =
      at::empty({static_cast<std::int64_t>(rows), static_cast<std::int64_t>(length)}, at::kLong);
  std::ranges::copy(ids, t.mutable_data_ptr<std::int64_t>());
  return to_training_device(t);
}

at::Tensor loss_of(const transformer& model, const batch& of,
                   const loss_settings& settings, dropout_pass& dropout,
                   bool ordinary) {
  const at::Tensor source = ids_of(of.source, of.rows, of.source_length);
  const at::Tensor input = ids_of(of.target_input, of.rows, of.target_length);
  const at::Tensor targets = ids_of(of.target_output, of.rows, of.target_length).view(-1);
  const at::Tensor logits = model(source, input, dropout);
  const at::Tensor rows = logits.view({targets.size(0), -1});
  return ordinary
             ? model.products().ordinary_cross_entropy(rows, targets, settings.smoothing,
                                                       subwords::pad_id)
             : model.products().cross_entropy(rows, targets, settings, subwords::pad_id);
}

}  // namespace

void backward(const at::Tensor& loss, double share) { loss.backward(at::full_like(loss, share)); }

void clear_gradients(const parameter_list& parameters) {
  for (const parameter& p : parameters.all()) p.value.mutable_grad() = at::Tensor();
}

float forward_backward(transformer& model, const recipe& what, const batch& of, std::uint64_t seed,
                       std::uint64_t step, std::int64_t part, double share) {
  clear_gradients(model.parameters());
  dropout_pass dropout(model.products(), what.dropout, seed, static_cast<std::uint32_t>(step),
                       static_cast<std::uint32_t>(part));
  const at::Tensor loss = loss_of(model, of, what.training.loss, dropout, false);
  backward(loss, share);
  return loss.item<float>();
}

double validation_loss(const transformer& model, std::span<const id_pair> pairs,
                       std::size_t max_tokens) {
  const at::NoGradGuard no_grad;
  double sum = 0;
  std::size_t tokens = 0;
  for (const std::vector<std::uint32_t>& rows : batch_planner(pairs, max_tokens).sorted_order()) {
    const batch b = make_batch(pairs, rows);
    dropout_pass none;
    sum += double{loss_of(model, b, {}, none, true).item<float>()} * static_cast<double>(b.target_tokens);
    tokens += b.target_tokens;
  }
  return sum / static_cast<double>(tokens);
}

}  // namespace pamkit::training
