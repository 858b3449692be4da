#pragma once

#include <span>

#include "pamkit/properties/generator.hpp"
#include "training_tensor.hpp"

/// Tensors from real training: pieces of rows, recorded in one step of a transformer
/// (recorded_tensors/training.txt, which names the command).

namespace pamkit::properties {

/// Encodings of the format, rounded once, from pieces of the kind that the source chooses. Every
/// `row_length` numbers (0: all) start with a piece of their own; one of logits has its greatest.
/// Gradients are scaled by a power of two for formats of a small range, as a loss is for their sake.
column recorded_tensor(const any_format& format, training_kind kind, std::size_t count,
                       std::size_t row_length, entropy& source);

/// Whether the first eight encodings lie so in a piece.
bool is_recorded(const any_format& format, std::span<const std::uint32_t> encodings);

}  // namespace pamkit::properties
