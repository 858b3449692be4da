#include "error_page/sections.hpp"

namespace pamkit::reports {

std::string profile_html(const report_view& report) {
  return report.json.contains("profile")
             ? ""
             : "<p>Profile <code>paper</code> is not part of this version.</p>";
}

}  // namespace pamkit::reports
