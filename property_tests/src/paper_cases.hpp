#pragma once

#include <vector>

#include "pamkit/properties/generator.hpp"

/// Pairs for profile paper: where its comparisons with 1e-37 and 1e37 turn, where its sums wrap, and
/// where it reads subnormal operands as they are. binary32 alone.

namespace pamkit::properties {

column draw_paper_case(std::int64_t compensation, const format_description& format,
                       entropy& source);

/// Adds the pair to the counts of the classes below.
void count_paper_case(std::uint32_t a, std::uint32_t b, std::int64_t compensation,
                      class_counts& counts);

/// The classes that a sampled run has to reach, every one of them.
std::vector<case_class> paper_classes();

}  // namespace pamkit::properties
