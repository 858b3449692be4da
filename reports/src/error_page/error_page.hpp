#pragma once

#include <string>

#include "error_page/report_view.hpp"

namespace pamkit::reports {

/// The page of a report. `plotly` is the text of plotly.min.js, `command` the command that writes
/// the page: that of the report itself, unless the page is made again from its file.
std::string render_error_page(const report_view& report, const std::string& plotly,
                              const std::string& command);

}  // namespace pamkit::reports
