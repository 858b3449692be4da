#pragma once

#include <array>
#include <string_view>

/// Published energies of single operations. Nothing here was measured by this project; every number
/// is as printed in its source.

namespace pamkit::reports {

struct energy_constants {
  std::string_view node;
  std::string_view source;
  // Picojoules; 0: the source has none.
  double integer_add_8 = 0;
  double integer_add_32 = 0;
  double float_add_binary16 = 0;
  double float_add_bfloat16 = 0;
  double float_add_binary32 = 0;
  double float_multiply_binary16 = 0;
  double float_multiply_bfloat16 = 0;
  double float_multiply_binary32 = 0;
};

inline constexpr std::array kEnergyConstants = {
    energy_constants{
        .node = "45 nm, 0.9 V",
        .source =
            "M. Horowitz, Computing's Energy Problem (and what we can do about it), ISSCC 2014, "
            "Figure 1.1.9",
        .integer_add_8 = 0.03,
        .integer_add_32 = 0.1,
        .float_add_binary16 = 0.4,
        .float_add_binary32 = 0.9,
        .float_multiply_binary16 = 1.1,
        .float_multiply_binary32 = 3.7},
    energy_constants{
        .node = "7 nm",
        .source =
            "N. P. Jouppi et al., Ten Lessons From Three Generations Shaped Google's TPUv4i, ISCA "
            "2021, Table 2",
        .integer_add_8 = 0.007,
        .integer_add_32 = 0.03,
        .float_add_binary16 = 0.16,
        .float_add_bfloat16 = 0.11,
        .float_add_binary32 = 0.38,
        .float_multiply_binary16 = 0.34,
        .float_multiply_bfloat16 = 0.21,
        .float_multiply_binary32 = 1.31},
};

}  // namespace pamkit::reports
