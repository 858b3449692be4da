#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {

/// The document of schema pamkit.verify/1, environment included, and two fields more:
/// "case_classes", counts by format and class, and in rows of properties that have several sentences
/// "statement", which of them ("P45.padding").
nlohmann::ordered_json to_verify_json(const suite_results& results);

/// The same as text, one line a result.
std::string write_verify_json(const suite_results& results);

/// The same content for tools that read JUnit: a suite per property, a case per row; "not promised"
/// and "not run" are skipped cases with their reason.
std::string write_junit_xml(const suite_results& results);

}  // namespace pamkit::properties
