#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {

std::vector<arithmetic_choice> default_arithmetics() {
  std::vector<arithmetic_choice> choices;
  for (const arithmetic_info& info : arithmetics()) {
    choices.push_back(*parse_arithmetic(info.name));
    if (auto compensated = parse_arithmetic(std::string(info.name) + ":1.0552")) {
      choices.push_back(std::move(*compensated));
    }
  }
  return choices;
}

}  // namespace pamkit::properties
