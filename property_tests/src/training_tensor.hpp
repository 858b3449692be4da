#pragma once

#include <span>

#include "pamkit/properties/generator.hpp"

/// Tensors with the statistics of real training.

namespace pamkit::properties {

/// What a tensor of a training step looks like, by these parameters:
///   weights      signs even, magnitudes log-normal: 2^(-5 + 1.2 z)
///   activations  behind a ReLU: half of them +0, the rest 2^(-1 + z)
///   gradients    signs even, tiny: 2^(c + 2 z), c = -14, or as low as the format's range allows
///   logits       scores z with one that stands out by 8 to 12, so that softmax is peaked
/// z is a sum of uniform numbers, nearly normal; 2^x is taken piecewise affine, so that equal seeds
/// give equal bits on every machine.
enum class training_kind : std::uint8_t { weights, activations, gradients, logits };

/// Encodings of the format, rounded once; a row of logits is what `row_length` spans.
column training_tensor(const any_format& format, training_kind kind, std::size_t count,
                       std::size_t row_length, entropy& source);

/// Whether the numbers look so: what counts as reaching the class, whoever made them.
bool has_statistics_of(training_kind kind, const any_format& format,
                       std::span<const std::uint32_t> encodings);

}  // namespace pamkit::properties
