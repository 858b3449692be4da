#pragma once

#include "pamkit/training/batches.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/transformer.hpp"

namespace pamkit::training {

/// Backward pass from a loss times RN(share).
void backward(const at::Tensor& loss, double share);

/// Takes the gradients away.
void clear_gradients(const parameter_list& parameters);

/// Forward and backward pass of one batch, part `part` of an update, with a share in its loss;
/// gradients are left in the parameters. Returns the loss.
float forward_backward(transformer& model, const recipe& what, const batch& of, std::uint64_t seed,
                       std::uint64_t step, std::int64_t part, double share);

/// Cross entropy per target token in nats, without smoothing and dropout, over all batches of a corpus; the
/// ordinary one in every scope, so that arms can be compared.
double validation_loss(const transformer& model, std::span<const id_pair> pairs,
                       std::size_t max_tokens);

}  // namespace pamkit::training
