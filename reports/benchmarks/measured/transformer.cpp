#include "contraction_case.hpp"

/// The products of one layer of a transformer: 32 sentences of 32 tokens, width 512, 8 heads of 64.
namespace pamkit::benchmarks::measured {

std::vector<measured_case> transformer(const settings& s) {
  const std::int64_t sentences = s.quick ? 1 : 32;
  const std::int64_t length = 32;
  const std::int64_t width = s.quick ? 64 : 512;
  const std::int64_t heads = width / 64;
  return {
      contraction_case({.name = "projection", .m = sentences * length, .n = width, .k = width}),
      contraction_case(
          {.name = "feed-forward", .m = sentences * length, .n = 4 * width, .k = width}),
      contraction_case({.name = "feed-forward back",
                        .data = "zeros",
                        .m = sentences * length,
                        .n = width,
                        .k = 4 * width}),
      contraction_case({.name = "attention QK",
                        .batch = sentences * heads,
                        .m = length,
                        .n = length,
                        .k = 64,
                        .is_b_transposed = true}),
      contraction_case(
          {.name = "attention AV", .batch = sentences * heads, .m = length, .n = 64, .k = length})};
}

}  // namespace pamkit::benchmarks::measured
