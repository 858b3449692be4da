#pragma once

#include "pamkit/backend.hpp"

namespace pamkit::detail {

/// The scalar functions of the profiles, by the name of the profile's arithmetic_info.
elementwise_function profile_elementwise(std::string_view operation, std::string_view arithmetic);

}  // namespace pamkit::detail
