#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pamkit {

/// "; did you mean 'X'?" for the name nearest to a mistyped one, or an empty text where none is
/// near: more than two edits away, or more than half of its letters.
std::string suggestion(std::string_view mistyped, std::span<const std::string> names);

}  // namespace pamkit
