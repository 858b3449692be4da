#include "run_fields.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "pamkit/reports/error_report.hpp"

namespace pamkit::reports {
namespace {

using nlohmann::ordered_json;

// As C, Python and JavaScript write what JSON has no number for.
bool is_word_for_no_number(const ordered_json& value) {
  constexpr std::string_view kWords[] = {"nan",  "NaN",      "-nan",     "inf",
                                         "-inf", "Infinity", "-Infinity"};
  return value.is_string() &&
         std::ranges::find(kWords, value.get_ref<const std::string&>()) != std::end(kWords);
}

}  // namespace

run_fields::run_fields(const ordered_json& object, std::string where)
    : run_fields(object, std::move(where), "") {
  if (!object.is_object()) throw input_error(where_ + ": not a JSON object");
}

run_fields::run_fields(const ordered_json& object, std::string where, std::string path)
    : object_(&object), where_(std::move(where)), path_(std::move(path)) {}

bool run_fields::is_not_a_number(const std::string& key) const {
  const ordered_json* const value = find(key);
  if (value == nullptr) return false;
  if (value->is_null() || is_word_for_no_number(*value)) return true;
  if (!value->is_number()) refuse(key, "is neither a number nor null");
  return !std::isfinite(value->get<double>());
}

std::optional<double> run_fields::number(const std::string& key) const {
  if (!has(key) || is_not_a_number(key)) return std::nullopt;
  return find(key)->get<double>();
}

std::optional<std::int64_t> run_fields::whole(const std::string& key) const {
  const ordered_json* const value = find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_number_integer()) refuse(key, "is no whole number");
  return value->get<std::int64_t>();
}

std::string run_fields::text(const std::string& key) const {
  const ordered_json* const value = find(key);
  if (value == nullptr || value->is_null()) return {};
  if (value->is_number()) return value->dump();
  if (!value->is_string()) refuse(key, "is no text");
  return value->get<std::string>();
}

run_fields run_fields::object(const std::string& key) const {
  static const ordered_json none = ordered_json::object();
  const ordered_json* const value = find(key);
  const bool is_there = value != nullptr && !value->is_null();
  if (is_there && !value->is_object()) refuse(key, "is no object");
  return {is_there ? *value : none, where_, path_ + key + "."};
}

const ordered_json& run_fields::list(const std::string& key) const {
  static const ordered_json none = ordered_json::array();
  const ordered_json* const value = find(key);
  if (value == nullptr || value->is_null()) return none;
  if (!value->is_array()) refuse(key, "is no list");
  return *value;
}

std::vector<run_fields> run_fields::objects(const std::string& key) const {
  std::vector<run_fields> all;
  for (const ordered_json& entry : list(key)) {
    const std::string path = key + "[" + std::to_string(all.size()) + "]";
    if (!entry.is_object()) refuse(path, "is no object");
    all.push_back({entry, where_, path_ + path + "."});
  }
  return all;
}

void run_fields::refuse(const std::string& key, const std::string& what) const {
  throw input_error(where_ + ": \"" + path_ + key + "\" " + what);
}

const ordered_json* run_fields::find(const std::string& key) const {
  const auto it = object_->find(key);
  return it == object_->end() ? nullptr : &*it;
}

}  // namespace pamkit::reports
