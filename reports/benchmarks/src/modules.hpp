#pragma once

#include <string_view>
#include <vector>

#include "baseline.hpp"
#include "measurement.hpp"

/// Shared libraries that are loaded at run time, from the folder ../lib/benchmarks beside the program
/// or from that of the build with LibTorch.

namespace pamkit::benchmarks {

/// The baselines for an instruction set, of pamkit_baselines_TARGET.so and
/// pamkit_baselines_libtorch.so. A module that is not there gives one entry that says so.
std::vector<baseline> load_baselines(std::string_view target);

/// The cases of pamkit_measured_training.so, which need LibTorch: none where it is not there, which
/// `absent` then says.
std::vector<measured_case> load_measured(const settings& s, std::vector<absence>& absent);

}  // namespace pamkit::benchmarks
