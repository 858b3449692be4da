#pragma once

#include <string>

#include "error_page/report_view.hpp"

/// The sections of the error page, one function each. Each gives HTML that is complete without
/// scripts but for the figures, or an empty string where the report has nothing for it.

namespace pamkit::reports {

/// An empty box that a script fills, with what it shows and the command that made its numbers.
/// `kind` names the drawing function, `subject` is its argument.
struct figure {
  std::string kind;
  std::string subject;
  std::string title;    ///< HTML
  std::string caption;  ///< HTML
  bool square = false;
};
std::string figure_html(const figure& f, const std::string& command);

/// Bounds of the first arithmetic and its compensated forms, for every operation as proved,
/// exhausted and sampled.
std::string headline_rows_html(const report_view& report);

/// One section for each elementwise operation: extremes with their operands, metrics, figures.
std::string operations_html(const report_view& report);

/// Anchors of these sections.
std::string operation_links_html(const report_view& report);

/// The compensation sweep.
std::string compensation_html(const report_view& report);

/// Identities, dot products and whole layers.
std::string composed_html(const report_view& report);

/// Rows of the table of every format and arithmetic.
std::string all_rows_html(const report_view& report);
std::string ranges_figures_html(const report_view& report);

/// Energy per term of a sum of products.
std::string energy_html(const report_view& report);
nlohmann::ordered_json energy_json(const report_view& report);

/// Where profile `paper` differs from the default.
std::string profile_html(const report_view& report);

/// What the suite rejects and what was proved, from the files of those commands.
std::string mutants_html(const report_view& report);
std::string proofs_html(const report_view& report);

std::string terms_html(const report_view& report);
std::string gaps_html(const report_view& report);

/// What the scripts draw from.
nlohmann::ordered_json figure_data(const report_view& report);

}  // namespace pamkit::reports
