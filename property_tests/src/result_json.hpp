#pragma once

#include <nlohmann/json.hpp>

#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {

/// A row of pamkit.verify/1.
nlohmann::ordered_json to_json(const result& r);

/// A row with all that joining it with others needs, and back.
nlohmann::ordered_json part_to_json(const result& r);
result part_from_json(const nlohmann::ordered_json& json);

}  // namespace pamkit::properties
