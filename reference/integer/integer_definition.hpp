#pragma once

#include <span>
#include <string_view>

#include "pamkit/reference/integer_model.hpp"

namespace pamkit::reference::columns {

/// One operation of one arithmetic.
struct definition {
  std::string_view arithmetic;
  std::string_view operation;
  column_oracle columns = nullptr;
  bool has_choice = false;
};

std::span<const definition> pam_definitions();
std::span<const definition> ieee_definitions();
std::span<const definition> elementary_definitions();

}  // namespace pamkit::reference::columns
