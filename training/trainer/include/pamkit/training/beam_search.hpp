#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pamkit/training/recipe.hpp"
#include "pamkit/training/task.hpp"
#include "pamkit/training/transformer.hpp"

namespace pamkit::training {

/// Translates sentences (pieces without begin and end) by beam search, in the order given.
/// Hypotheses are ranked by the sum of log_softmax over their length, end included; ties go to the
/// lower beam, then the lower token. A hypothesis is finished by its end among the `beam` best
/// candidates of a step; at most length_factor n + length_constant pieces for n source pieces.
/// Sentences of like length go together; `keep_going` is asked before each group, with the share of
/// pieces that is translated; it may end the search by false: the rest stays empty.
std::vector<std::vector<std::int32_t>> translate(
    const transformer& model, const recipe::search_settings& settings,
    std::span<const std::vector<std::int32_t>> sources,
    const go_on& keep_going = [](double) { return true; });

}  // namespace pamkit::training
