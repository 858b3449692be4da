#include "pamkit/training/recipe.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>

#include "pamkit/training/corpus.hpp"
#include "pamkit/training/input_error.hpp"

namespace pamkit::training {
namespace {

using json = nlohmann::ordered_json;

struct carried_recipe {
  const char* name;
  const char* text;
};

constexpr carried_recipe kCarried[] = {
#include "recipe_table.inc"
};

// What each number may be. A recipe has exactly these keys.
struct number_rule {
  bool integer;
  double least;
  double most;
};

const std::map<std::string, number_rule>& rules() {
  constexpr double many = 1e9;
  static const std::map<std::string, number_rule> all = {
      {"model.encoder_layers", {true, 1, 1000}},
      {"model.decoder_layers", {true, 1, 1000}},
      {"model.width", {true, 2, 65536}},
      {"model.feed_forward", {true, 1, 1048576}},
      {"model.heads", {true, 1, 1024}},
      {"model.dropout", {false, 0, 0.999}},
      {"data.vocabulary", {true, 8, 1000000}},
      {"data.max_tokens", {true, 2, many}},
      {"data.max_sentence_tokens", {true, 2, many}},
      {"training.epochs", {true, 1, 1000000}},
      {"training.steps", {true, 0, many}},
      {"training.label_smoothing", {false, 0, 0.999}},
      {"training.peak_rate", {false, 0, 1000}},
      {"training.warmup", {true, 0, many}},
      {"training.beta1", {false, 0, 0.999999}},
      {"training.beta2", {false, 0, 0.999999}},
      {"training.epsilon", {false, 0, 1}},
      {"training.weight_decay", {false, 0, 1000}},
      {"training.clip_norm", {false, 0, many}},
      {"search.beam", {true, 1, 1000}},
      {"search.length_factor", {false, 0, 100}},
      {"search.length_constant", {true, 0, 100000}},
      {"search.sentences", {true, 1, 100000}},
      {"adder.weight_deviation", {false, 1e-9, 1000}},
      {"adder.rate_scale", {false, 0, 1e6}},
      {"checkpoint.steps", {true, 1, many}},
      {"checkpoint.seconds", {false, 0, many}},
  };
  return all;
}

std::string all_keys() {
  std::string text;
  for (const auto& [key, rule] : rules()) text += (text.empty() ? "" : ", ") + key;
  return text;
}

json::json_pointer pointer_of(std::string key) {
  std::ranges::replace(key, '.', '/');
  return json::json_pointer("/" + key);
}

void check_value(const std::string& where, const std::string& key, const json& value) {
  const number_rule& rule = rules().at(key);
  const bool right_type = rule.integer ? value.is_number_integer() : value.is_number();
  const std::string range = json(rule.least).dump() + " to " + json(rule.most).dump();
  const std::string expected =
      std::string(rule.integer ? "give a whole number from " : "give a number from ") + range;
  if (!right_type || !(value.get<double>() >= rule.least && value.get<double>() <= rule.most)) {
    throw input_error(where, key + " is " + value.dump(), expected);
  }
}

void check_recipe(const std::string& where, const json& settings) {
  for (const auto& [key, rule] : rules()) {
    if (!settings.contains(pointer_of(key))) {
      throw input_error(where, "key " + key + " is missing", "a recipe has the keys " + all_keys());
    }
    check_value(where, key, settings.at(pointer_of(key)));
  }
  const json flat = settings.flatten();
  for (const auto& [path, value] : flat.items()) {
    std::string key = path.substr(1);
    std::ranges::replace(key, '/', '.');
    const bool text = key == "name" || key == "task" || key == "description";
    if (text ? !value.is_string() : !rules().contains(key)) {
      throw input_error(where, "key " + key + " is not known", "valid keys: " + all_keys());
    }
  }
  if (settings.value("task", "") != "translation") {
    throw input_error(where, "task is not known", "give \"translation\"");
  }
  const auto width = settings["model"]["width"].get<std::int64_t>();
  const auto heads = settings["model"]["heads"].get<std::int64_t>();
  if (width % 2 != 0 || width % heads != 0) {
    throw input_error(where,
                      "model.width is " + std::to_string(width) + " and model.heads is " +
                          std::to_string(heads),
                      "the width must be even and a multiple of the heads");
  }
}

void apply_override(json& settings, const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  if (equals == std::string::npos) {
    throw input_error("--set " + text, "is not KEY=VALUE", "give one such as model.dropout=0.3");
  }
  if (!rules().contains(key)) {
    throw input_error("--set " + text, "there is no key " + key, "valid keys: " + all_keys());
  }
  const json value = json::parse(text.substr(equals + 1), nullptr, false);
  if (value.is_discarded()) {
    throw input_error("--set " + text, key + " is '" + text.substr(equals + 1) + "'",
                      "give a number");
  }
  check_value("--set " + text, key, value);
  settings[pointer_of(key)] = value;
}

json read_settings(const std::string& name_or_path) {
  if (name_or_path.ends_with(".json")) {
    json parsed = json::parse(read_file(name_or_path), nullptr, false);
    if (!parsed.is_object()) {
      throw input_error(name_or_path, "is not a JSON object", "give a recipe file");
    }
    if (!parsed.contains("name") || !parsed["name"].is_string()) {
      throw input_error(name_or_path, "key name is missing", "a recipe has a name");
    }
    return parsed;
  }
  for (const carried_recipe& r : kCarried) {
    if (name_or_path == r.name) return json::parse(r.text);
  }
  std::string known;
  for (const std::string& name : recipe_names()) known += (known.empty() ? "" : ", ") + name;
  throw input_error("recipe '" + name_or_path + "'", "is not known",
                    "give one of " + known + ", or the path of a .json file");
}

}  // namespace

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const carried_recipe& r : kCarried) names.emplace_back(r.name);
  std::ranges::sort(names);
  return names;
}

recipe load_recipe(const std::string& name_or_path, const std::vector<std::string>& overrides) {
  json s = read_settings(name_or_path);
  check_recipe(name_or_path, s);
  for (const std::string& text : overrides) apply_override(s, text);
  check_recipe(name_or_path, s);
  const json& m = s["model"];
  const json& d = s["data"];
  const json& t = s["training"];
  const json& b = s["search"];
  recipe r{};
  r.name = s["name"];
  r.model = {.vocabulary = d["vocabulary"],
             .encoder_layers = m["encoder_layers"],
             .decoder_layers = m["decoder_layers"],
             .width = m["width"],
             .feed_forward = m["feed_forward"],
             .heads = m["heads"],
             .adder_deviation = s["adder"]["weight_deviation"],
             .adder_rate_scale = s["adder"]["rate_scale"]};
  r.dropout = m["dropout"];
  r.data = {d["vocabulary"], d["max_tokens"], d["max_sentence_tokens"]};
  r.training = {t["epochs"], t["steps"],   t["label_smoothing"], t["peak_rate"],    t["warmup"],
                t["beta1"],  t["beta2"],   t["epsilon"],         t["weight_decay"], t["clip_norm"]};
  r.search = {b["beam"], b["length_factor"], b["length_constant"], b["sentences"]};
  r.checkpoint = {s["checkpoint"]["steps"], s["checkpoint"]["seconds"]};
  r.settings = s;
  return r;
}

}  // namespace pamkit::training
