#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pamkit/properties/suite.hpp"

/// What `verify` prints of its rows.
namespace pamkit::cli {

/// A table: for every property and operation, its rows over formats, arithmetics, policies and
/// backends counted by outcome, the cases and the mode.
std::string tallies_text(const std::vector<properties::result>& rows);

/// What was not promised and what was not run, each with its reason.
std::string reasons_text(const std::vector<properties::result>& rows);

/// Every failure, up to `limit` in full: the sentence, the configuration, the counterexample, the
/// replay command.
std::string failures_text(const std::vector<properties::result>& rows, std::uint64_t limit);

}  // namespace pamkit::cli
