#include "report_files.hpp"

#include <algorithm>
#include <utility>

#include "bounds_csv.hpp"
#include "error_page/error_page.hpp"
#include "error_page/report_view.hpp"
#include "error_page/sections.hpp"
#include "page.hpp"
#include "pamkit/provenance/environment.hpp"
#include "planted_faults.hpp"

namespace pamkit::reports {
namespace {

nlohmann::ordered_json read_attachment(const std::filesystem::path& file, std::string_view schema,
                                       const char* entries) {
  nlohmann::ordered_json json = read_json(file);
  if (!json.is_object() || json.value("schema", nlohmann::ordered_json()) != schema ||
      !json.contains(entries) || !json[entries].is_array() ||
      !std::ranges::all_of(json[entries], [](const auto& entry) { return entry.is_object(); })) {
    throw input_error(file.string() + ": no " + std::string(schema) +
                      "; name a file of that schema");
  }
  return json;
}

}  // namespace

nlohmann::ordered_json read_attachments(const error_report_options& options) {
  nlohmann::ordered_json attached = nlohmann::ordered_json::object();
  if (!options.mutants.empty()) {
    attached["mutants"] = read_attachment(options.mutants, "pamkit.mutants/1", "mutants");
    mark_changed_emulator(attached["mutants"]);
  }
  if (!options.proofs.empty()) {
    attached["proofs"] = read_attachment(options.proofs, "pamkit.prove/1", "statements");
  }
  return attached;
}

void add_committed_faults(nlohmann::ordered_json& report) {
  if (report.contains("mutants")) return;
  nlohmann::ordered_json results = committed_planted_faults();
  mark_changed_emulator(results);
  report["mutants"] = std::move(results);
}

void write_report_files(nlohmann::ordered_json json, const error_report_options& options,
                        error_report_result& result, std::string_view origin) {
  report_view report = view_report(std::move(json), origin);
  report.json["energy"] = energy_json(report);
  // All texts before the first file: what cannot be put together leaves no file behind.
  const std::string csv = bounds_csv(report);
  std::string page;
  try {
    page = render_error_page(report, read_plotly(options.plotly), options.command);
  } catch (const input_error& problem) {
    result.page_problem = problem.what();
  } catch (const nlohmann::ordered_json::exception& problem) {
    throw input_error(std::string(origin) + ": not as pamkit writes it: " + problem.what());
  }
  result.bounds = report.json["bounds"].size();
  result.json_file = options.out_dir / "report.json";
  write_output(
      result.json_file,
      report.json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
  result.csv_file = options.out_dir / "report.csv";
  write_output(result.csv_file, csv);
  if (page.empty()) return;
  result.page_file = options.out_dir / "index.html";
  write_output(result.page_file, page);
}

error_report_result render_report(const std::filesystem::path& file,
                                  const error_report_options& options) {
  const nlohmann::ordered_json attached = read_attachments(options);
  nlohmann::ordered_json json = view_report(read_json(file), file.string()).json;
  const nlohmann::ordered_json mine = provenance::file_header("pamkit.report/1");
  if (json.value("spec", nlohmann::ordered_json()) != mine["spec"]) {
    throw input_error(file.string() + ": is of another specification than " + mine["spec"].dump() +
                      "; measure again");
  }
  for (const auto& [name, content] : attached.items()) json[name] = content;
  add_committed_faults(json);
  error_report_result result;
  write_report_files(std::move(json), options, result, file.string());
  return result;
}

}  // namespace pamkit::reports
