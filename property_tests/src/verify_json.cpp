#include "pamkit/properties/verify_json.hpp"

#include <nlohmann/json.hpp>

#include "pamkit/provenance/environment.hpp"
#include "result_json.hpp"

namespace pamkit::properties {
namespace {

using json = nlohmann::ordered_json;

json to_json(const class_coverage& coverage) {
  json formats = json::object();
  for (const auto& [format, counts] : coverage.by_format()) {
    json classes = json::object();
    for (std::size_t i = 0; i < case_class_count; ++i) {
      classes[std::string(name_of(static_cast<case_class>(i)))] = counts[i];
    }
    formats[format] = std::move(classes);
  }
  return formats;
}

}  // namespace

nlohmann::ordered_json to_verify_json(const suite_results& results) {
  json document = provenance::file_header("pamkit.verify/1");
  document["case_classes"] = to_json(results.coverage);
  document["results"] = json::array();
  for (const result& r : results.rows) document["results"].push_back(to_json(r));
  return document;
}

std::string write_verify_json(const suite_results& results) {
  // Everything but the rows, cut open before its last brace.
  json document = provenance::file_header("pamkit.verify/1");
  document["case_classes"] = to_json(results.coverage);
  std::string text = document.dump(1);
  text.resize(text.rfind('\n'));
  text += ",\n \"results\": [";
  for (const result& r : results.rows) {
    text += (&r == results.rows.data() ? "\n  " : ",\n  ") + to_json(r).dump();
  }
  return text + "\n ]\n}\n";
}

}  // namespace pamkit::properties
