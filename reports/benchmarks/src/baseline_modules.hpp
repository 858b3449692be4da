#pragma once

#include <string_view>
#include <vector>

#include "baseline.hpp"

namespace pamkit::benchmarks {

/// The baselines for an instruction set, from the module pamkit_baselines_TARGET.so beside the
/// program
/// (../lib/benchmarks). A module that is not there gives one entry that says so.
std::vector<baseline> load_baselines(std::string_view target);

}  // namespace pamkit::benchmarks
