#include "error_page/error_page.hpp"

#include "error_page/sections.hpp"
#include "page.hpp"

namespace pamkit::reports {

std::string render_error_page(const report_view& report, const std::string& plotly,
                              const std::string& command) {
  std::string scripts;
  for (const char* name :
       {"page.js", "figures_operations.js", "figures_comparison.js", "error_report.js"}) {
    scripts += template_text(name);
  }
  return fill_template(
      "error_report.html",
      {{"style", std::string(template_text("page.css"))},
       {"environment", environment_html(report.json.at("environment"), report.command)},
       {"operation_links", operation_links_html(report)},
       {"headline_rows", headline_rows_html(report)},
       {"operations", operations_html(report)},
       {"compensation", compensation_html(report)},
       {"composed", composed_html(report)},
       {"ranges", ranges_figures_html(report)},
       {"all_rows", all_rows_html(report)},
       {"energy", energy_html(report)},
       {"profile", profile_html(report)},
       {"proofs", proofs_html(report)},
       {"mutants", mutants_html(report)},
       {"terms", terms_html(report)},
       {"gaps", gaps_html(report)},
       {"command", escape_html(command)},
       {"data", script_json(figure_data(report))},
       {"plotly", plotly},
       {"scripts", scripts}});
}

}  // namespace pamkit::reports
