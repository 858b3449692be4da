#pragma once

#include <string>
#include <vector>

namespace pamkit::cli {

/// The names of the training recipes of this version, in alphabetical order.
std::vector<std::string> recipe_names();

}  // namespace pamkit::cli
