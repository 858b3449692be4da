#include "pamkit/arguments/option_names.hpp"

#include <algorithm>

namespace pamkit {

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames())
      names.push_back(std::string("--").append(name));
  }
  return names;
}

const CLI::Option* option_with_empty_value(const CLI::App& app) {
  for (const CLI::Option* const option : app.get_options()) {
    // An option that may stand without a value, as a flag does, has an empty one then.
    if (option->count() == 0 || option->get_expected_min() == 0) continue;
    if (std::ranges::count(option->results(), std::string()) != 0) return option;
  }
  return nullptr;
}

}  // namespace pamkit
