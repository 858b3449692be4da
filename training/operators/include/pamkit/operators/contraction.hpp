#pragma once

#include <functional>
#include <vector>

#include "pamkit/backend.hpp"

/// How the operators compute: which backend, on which threads, and a look at every computed contraction.

namespace pamkit::operators {

/// One contraction as it was computed, with the memory it read and wrote, of tensors on a GPU copies
/// on the host. Valid during the call only.
struct contraction_call {
  contraction_kind kind;
  derivative gradient;
  const configuration& rules;  ///< format is that of the tensors; operands in memory are widened
  const contraction_problem& problem;
  const float* bias = nullptr;  ///< of a product, where it was added last: a word for each column
};

using contraction_observer = std::function<void(const contraction_call&)>;

/// Calls `observer` after every contraction, on the thread that asked for it; an empty one ends it. Not to be
/// called while an operator runs.
void observe_contractions(contraction_observer observer);

/// The backend whose kernels are used from now on; at first the vector kernels. Not to be called while an
/// operator runs.
void use_backend(const backend& chosen);
const backend& used_backend();

/// CPU seconds that each of LibTorch's threads has spent inside contraction kernels since the start of the
/// process; as many as threads took part so far.
std::vector<double> kernel_seconds();

/// Whether there is an observer, and its call: for whoever computes otherwise than by contract().
bool contractions_are_observed();
void tell_of_contraction(const contraction_call& call);

/// Computes one contraction, without bias, on LibTorch's threads. The outputs are split by batch, row or column, never the
/// summed axis, so that no bit depends on the number of threads. Throws std::invalid_argument where the
/// backend has no such contraction for rules.arithmetic.
void contract(const contraction_call& call);

}  // namespace pamkit::operators
