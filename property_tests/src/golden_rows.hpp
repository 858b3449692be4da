#pragma once

#include "suite_context.hpp"

namespace pamkit::properties {

/// P1 of one elementwise operation under one setting, a row for every backend. The arithmetic may be
/// one under a profile; a backend that has no such operation says so.
rows run_golden(suite_context& context, const setting& s, const operation_info& operation);

}  // namespace pamkit::properties
