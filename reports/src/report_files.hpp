#pragma once

#include <nlohmann/json.hpp>

#include "pamkit/reports/error_report.hpp"

namespace pamkit::reports {

/// The files that options.mutants and options.proofs name, as "mutants" and "proofs". Throws
/// input_error for one that is unreadable or of another schema.
nlohmann::ordered_json read_attachments(const error_report_options& options);

/// Gives a report without results of planted faults the committed ones.
void add_committed_faults(nlohmann::ordered_json& report);

/// Adds what follows from a report's numbers, and writes report.json, report.csv and index.html
/// into options.out_dir, each whole or not at all; fills in their names and the number of bounds.
/// Without plotly.js the page is not written, and the result says so. Throws input_error, naming
/// `origin`, for a report that is not as it should be, and where a file cannot be written.
void write_report_files(nlohmann::ordered_json json, const error_report_options& options,
                        error_report_result& result, std::string_view origin);

}  // namespace pamkit::reports
