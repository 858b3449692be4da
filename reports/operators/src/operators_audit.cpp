#include "pamkit/operators_audit/operators_audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace pamkit::operators_audit {
namespace {

using json = nlohmann::ordered_json;

// Scopes, the narrowest first.
class scope_list {
 public:
  explicit scope_list(const json& names) : names_(names.get<std::vector<std::string>>()) {
    if (names_.empty()) throw std::runtime_error("\"scopes\" is empty");
  }

  std::size_t place_of(const std::string& name) const {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end())
      throw std::runtime_error("scope '" + name + "' is not in \"scopes\"");
    return static_cast<std::size_t>(found - names_.begin());
  }
  bool is_narrowest(const std::string& name) const { return name == names_.front(); }
  bool is_widest(const std::string& name) const { return name == names_.back(); }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

double count_of(const json& row, const char* key) {
  const auto n = row.at(key).get<double>();
  if (!(n >= 0)) throw std::runtime_error(fmt::format("\"{}\" is {}", key, row.at(key).dump()));
  return n;
}

// The arm as run folders are called.
std::string arm_of(const json& step, const scope_list& scopes) {
  auto name = step.at("arithmetic").get<std::string>();
  const auto scope = step.at("scope").get<std::string>();
  scopes.place_of(scope);
  name.append("+").append(scope);
  const auto derivative = step.at("derivative").get<std::string>();
  if (derivative != "approx") name.append("+").append(derivative);
  return name;
}

class judgement {
 public:
  explicit judgement(const json& document) : scopes_(document.at("scopes")) {
    for (const json& step : document.at("steps")) judge_step(step);
    for (const std::string& scope : scopes_.names()) {
      if (seen_scopes_.count(scope) == 0) {
        throw std::runtime_error("holds no step in scope " + scope +
                                 " of an arithmetic that promises not to multiply");
      }
    }
    if (!sees_multiplications_) {
      throw std::runtime_error("holds no step of an arithmetic that multiplies by definition");
    }
  }

  verdict result() {
    for (json& entry : entries_) {
      if (!entry.contains("verdict")) entry["verdict"] = verdict_on(entry);
    }
    return {std::move(entries_), std::move(refused_)};
  }

 private:
  static std::string verdict_on(const json& entry) {
    if (!entry["why"].is_null()) return "multiplies by definition";
    return entry["left"].empty() ? "multiplies nothing" : "left to wider scopes";
  }

  json& entry_of(const json& step, const std::string& arm) {
    for (json& entry : entries_) {
      if (entry["arm"] == arm) return entry;
    }
    entries_.push_back({{"arm", arm},
                        {"arithmetic", step.at("arithmetic")},
                        {"scope", step.at("scope")},
                        {"derivative", step.at("derivative")},
                        {"recipes", json::array()},
                        {"multiplications", 0.0},
                        {"quotients", 0.0},
                        {"why", step.at("multiplies_by_definition")},
                        {"left", json::array()}});
    return entries_.back();
  }

  void refuse(json& entry, std::string sentence) {
    entry["verdict"] = "refused";
    refused_.push_back(std::move(sentence));
  }

  void judge_step(const json& step) {
    const std::string arm = arm_of(step, scopes_);
    const auto recipe = step.at("recipe").get<std::string>();
    const std::string where = recipe + ", " + arm;
    json& entry = entry_of(step, arm);
    entry["recipes"].push_back(recipe);
    for (const json& name : step.at("not_counted")) {
      refuse(entry, fmt::format("{}: {} runs, and what it multiplies is not known", where,
                                name.get<std::string>()));
    }
    double all = 0;
    for (const json& row : step.at("operators")) {
      const double multiplications = count_of(row, "multiplications");
      const double quotients = count_of(row, "quotients");
      const json& replaced_by = row.at("replaced_by");
      if (multiplications + quotients == 0) continue;
      all += multiplications + quotients;
      entry["multiplications"] = entry["multiplications"].get<double>() + multiplications;
      entry["quotients"] = entry["quotients"].get<double>() + quotients;
      add_to(entry["left"], row, recipe);
      if (breaks_promise(entry, replaced_by)) {
        refuse(
            entry,
            fmt::format("{}: {} ({}, {} times) has {:.0f} multiplications and {:.0f} quotients: {}",
                        where, row.at("operator").get<std::string>(),
                        row.at("place").get<std::string>(), row.at("calls").get<std::uint64_t>(),
                        multiplications, quotients, row.at("reason").get<std::string>()));
      }
    }
    if (entry["why"].is_null()) {
      seen_scopes_.insert(entry["scope"].get<std::string>());
      return;
    }
    sees_multiplications_ = true;
    if (all == 0) {
      refuse(entry, where + ": multiplies by definition, and no multiplication is found");
    }
  }

  bool breaks_promise(const json& entry, const json& replaced_by) const {
    const auto scope = entry["scope"].get<std::string>();
    const bool multiplies_by_definition = !entry["why"].is_null();
    if (replaced_by.is_null()) return !multiplies_by_definition;
    const auto by = replaced_by.get<std::string>();
    if (multiplies_by_definition && scopes_.is_narrowest(by)) return false;
    return scopes_.place_of(by) <= scopes_.place_of(scope) || scopes_.is_widest(scope);
  }

  // Rows of one operator at one place are joined over recipes.
  static void add_to(json& left, const json& row, const std::string& recipe) {
    for (json& there : left) {
      if (there["operator"] != row.at("operator") || there["place"] != row.at("place") ||
          there["reason"] != row.at("reason")) {
        continue;
      }
      for (const char* const key : {"multiplications", "quotients"}) {
        there[key] = there[key].get<double>() + row.at(key).get<double>();
      }
      there["calls"] = there["calls"].get<std::uint64_t>() + row.at("calls").get<std::uint64_t>();
      if (there["recipes"].back() != recipe) there["recipes"].push_back(recipe);
      return;
    }
    const auto reason = row.at("reason").get<std::string>();
    if (reason.empty()) {
      throw std::runtime_error(row.at("operator").dump() + " multiplies without a reason");
    }
    left.push_back({{"operator", row.at("operator")},
                    {"place", row.at("place")},
                    {"calls", row.at("calls")},
                    {"multiplications", row.at("multiplications")},
                    {"quotients", row.at("quotients")},
                    {"reason", reason},
                    {"recipes", {recipe}}});
  }

  scope_list scopes_;
  json entries_ = json::array();
  std::vector<std::string> refused_;
  std::set<std::string> seen_scopes_;
  bool sees_multiplications_ = false;
};

}  // namespace

verdict judge(const json& document) {
  try {
    if (document.at("schema") != "pamkit.operators/1") {
      throw std::runtime_error("schema is not pamkit.operators/1");
    }
    return judgement(document).result();
  } catch (const json::exception& error) {
    throw std::runtime_error(std::string("is not whole: ") + error.what());
  }
}

}  // namespace pamkit::operators_audit
