#include "pamkit/properties/backends.hpp"
#include "pamkit/properties/record_json.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "result_json.hpp"
#include "result_text.hpp"

namespace pamkit::properties {
namespace {

using json = nlohmann::ordered_json;

template <class Value, class Name>
json names_of(const std::vector<Value>& values, const Name& name) {
  json list = json::array();
  for (const Value& v : values) list.push_back(std::string(name(v)));
  return list;
}

template <class Value, class Read>
std::vector<Value> read_names(const json& list, const Read& read) {
  std::vector<Value> values;
  for (const json& name : list) {
    auto value = read(name.get<std::string>());
    if (!value) throw std::invalid_argument("unknown name " + name.dump());
    values.push_back(*value);
  }
  return values;
}

template <class Enum>
auto reader_of(Enum first, Enum second) {
  return [=](const std::string& text) -> std::optional<Enum> {
    if (text == name_of(first)) return first;
    if (text == name_of(second)) return second;
    return std::nullopt;
  };
}

const backend* find_backend(const std::string& name) {
  for (const backend* b : all_backends()) {
    if (b->name == name) return b;
  }
  return nullptr;
}

json to_json(const used_cases& c) {
  return {{"format", describe(c.shape.format).name},
          {"arity", c.shape.arity},
          {"profile", name_of(c.shape.profile)},
          {"is_layer", c.is_layer},
          {"compensation", c.shape.compensation},
          {"what", c.what},
          {"cases", c.cases},
          {"reached", c.reached}};
}

used_cases used_cases_from_json(const json& j) {
  const auto format = parse_format(j.at("format").get<std::string>());
  if (!format) throw std::invalid_argument("unknown format");
  const auto profiles = read_names<profile>(
      json::array({j.at("profile")}), reader_of(profile::standard, profile::paper));
  return {.shape = {*format, j.at("arity"), j.at("compensation"), profiles.front()},
          .what = j.at("what"),
          .reached = j.at("reached").get<class_counts>(),
          .cases = j.at("cases"),
          .is_layer = j.at("is_layer")};
}

}  // namespace

json options_to_json(const suite_options& o) {
  const auto same = [](const std::string& text) { return text; };
  json j = {{"level", name_of(o.level)}, {"seed", o.seed}, {"count", o.count}};
  j["backends"] = names_of(o.backends, [](const backend* b) { return b->name; });
  j["arithmetics"] =
      names_of(o.arithmetics, [](const arithmetic_choice& a) { return a.label; });
  j["formats"] = names_of(o.formats, [](const any_format& f) { return describe(f).name; });
  j["policies"] = names_of(o.policies, [](subnormal_policy p) { return name_of(p); });
  j["overflows"] = names_of(o.overflows, [](overflow_policy p) { return name_of(p); });
  j["profiles"] = names_of(o.profiles, [](profile p) { return name_of(p); });
  j["operations"] = names_of(o.operations, same);
  j["properties"] = names_of(o.properties, same);
  return j;
}

suite_options options_from_json(const json& j) {
  const auto same = [](const std::string& text) { return std::optional(text); };
  suite_options o;
  o.backends = read_names<const backend*>(
      j.at("backends"), [](const std::string& name) -> std::optional<const backend*> {
        const backend* found = find_backend(name);
        return found == nullptr ? std::nullopt : std::optional(found);
      });
  o.arithmetics = read_names<arithmetic_choice>(
      j.at("arithmetics"), [](const std::string& text) { return parse_arithmetic(text); });
  o.formats = read_names<any_format>(j.at("formats"),
                                     [](const std::string& text) { return parse_format(text); });
  using enum subnormal_policy;
  o.policies = read_names<subnormal_policy>(j.at("policies"), reader_of(flush, gradual));
  o.overflows = read_names<overflow_policy>(
      j.at("overflows"), reader_of(overflow_policy::infinity, overflow_policy::saturate));
  o.profiles =
      read_names<profile>(j.at("profiles"), reader_of(profile::standard, profile::paper));
  o.operations = read_names<std::string>(j.at("operations"), same);
  o.properties = read_names<std::string>(j.at("properties"), same);
  const auto level = parse_level(j.at("level").get<std::string>());
  if (!level) throw std::invalid_argument("unknown level");
  o.level = *level;
  o.seed = j.at("seed");
  o.count = j.at("count");
  return o;
}

json task_to_json(std::uint64_t task, const std::vector<result>& found,
                  const std::vector<used_cases>& made) {
  json j = {{"task", task}, {"rows", json::array()}, {"cases", json::array()}};
  for (const result& r : found) j["rows"].push_back(part_to_json(r));
  for (const used_cases& c : made) j["cases"].push_back(to_json(c));
  return j;
}

json rows_to_json(const std::vector<result>& found) {
  json list = json::array();
  for (const result& r : found) list.push_back(to_json(r));
  return list;
}

void add_task(const json& j, suite_record& record) {
  std::vector<result> found;
  for (const json& row : j.at("rows")) found.push_back(part_from_json(row));
  for (const json& c : j.at("cases")) record.cases.push_back(used_cases_from_json(c));
  record.done[j.at("task").get<std::uint64_t>()] = std::move(found);
}

}  // namespace pamkit::properties
