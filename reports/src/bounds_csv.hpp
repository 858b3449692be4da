#pragma once

#include <string>

#include "error_page/report_view.hpp"

namespace pamkit::reports {

/// Every entry of "bounds" as one line of comma-separated values (RFC 4180, lines ended by LF),
/// after a line of column names: the file's numbers and texts as the JSON has them, operands joined
/// by a space.
std::string bounds_csv(const report_view& report);

}  // namespace pamkit::reports
