#include "pamkit/training/recipe.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <map>

#include "pamkit/arguments/suggestion.hpp"
#include "pamkit/training/input_error.hpp"
#include "parsed_json.hpp"

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

constexpr double kMany = 1e9;

// What the value of a key may be: a number in a range, or one of some words. A key with a default may be missing.
struct rule {
  bool integer = false;
  double least = 0;
  double most = kMany;
  json otherwise = {};
  std::vector<std::string> words = {};
};

using rule_table = std::map<std::string, rule>;

rule whole(double least, double most, json otherwise = {}) {
  return {true, least, most, std::move(otherwise), {}};
}
rule number(double least, double most, json otherwise = {}) {
  return {false, least, most, std::move(otherwise), {}};
}
rule word(std::vector<std::string> words, json otherwise = {}) {
  return {false, 0, 0, std::move(otherwise), std::move(words)};
}

const rule_table& common_rules() {
  static const rule_table all = {
      {"training.epochs", whole(1, 1000000)},
      {"training.steps", whole(0, kMany)},
      {"training.parts", whole(1, 4096, 1)},
      {"training.label_smoothing", number(0, 0.999)},
      {"training.peak_rate", number(0, 1000)},
      {"training.warmup", whole(0, kMany)},
      {"training.warmup_epochs", number(0, 1000000, 0.0)},
      {"training.optimizer", word({"adamw", "sgd"}, "adamw")},
      {"training.momentum", number(0, 0.999999, 0.9)},
      {"training.beta1", number(0, 0.999999, 0.9)},
      {"training.beta2", number(0, 0.999999, 0.999)},
      {"training.epsilon", number(0, 1, 1e-8)},
      {"training.moment_decay", word({"plain", "corrected"}, "plain")},
      {"training.loss_gradient", word({"plain", "centred"}, "plain")},
      {"training.weight_decay", number(0, 1000)},
      {"training.decayed", word({"all", "matrices"}, "all")},
      {"training.clip_norm", number(0, kMany)},
      {"model.dropout", number(0, 0.999)},
      {"adder.weight_deviation", number(1e-9, 1000)},
      {"adder.rate_scale", number(0, 1e6)},
      {"adder.eta", number(0, 1000, 0.0)},
      {"checkpoint.steps", whole(1, kMany)},
      {"checkpoint.seconds", number(0, kMany)},
  };
  return all;
}

const rule_table& translation_rules() {
  static const rule_table all = {
      {"model.encoder_layers", whole(1, 1000)},
      {"model.decoder_layers", whole(1, 1000)},
      {"model.width", whole(2, 65536)},
      {"model.feed_forward", whole(1, 1048576)},
      {"model.heads", whole(1, 1024)},
      {"model.norm", word({"before", "after"}, "before")},
      {"model.embeddings", word({"joint", "separate"}, "joint")},
      {"data.vocabulary", whole(8, 1000000)},
      {"data.max_tokens", whole(2, kMany)},
      {"data.max_sentence_tokens", whole(2, kMany)},
      {"search.beam", whole(1, 1000)},
      {"search.length_factor", number(0, 100)},
      {"search.length_constant", whole(0, 100000)},
      {"search.sentences", whole(1, 100000)},
  };
  return all;
}

const rule_table& image_rules() {
  static const rule_table all = {
      {"model.kind", word({"cnn", "vit", "vgg", "preresnet", "resnext", "convmixer"})},
      {"model.width", whole(1, 65536, 64)},
      {"model.depth", whole(1, 10000, 1)},
      {"model.heads", whole(1, 1024, 1)},
      {"model.feed_forward", whole(1, 1048576, 64)},
      {"model.patch", whole(1, 1024, 4)},
      {"model.kernel", whole(1, 1024, 5)},
      {"model.cardinality", whole(1, 65536, 1)},
      {"model.drop_path", number(0, 0.999, 0.0)},
      {"data.size", whole(1, 1024)},
      {"data.batch", whole(1, 1000000)},
      {"data.mean.0", number(0, 1)},
      {"data.mean.1", number(0, 1)},
      {"data.mean.2", number(0, 1)},
      {"data.deviation.0", number(1e-6, 1)},
      {"data.deviation.1", number(1e-6, 1)},
      {"data.deviation.2", number(1e-6, 1)},
      {"augment.crop_padding", whole(0, 4096, 0)},
      {"augment.least_area", number(0.01, 1, 1.0)},
      {"augment.flip", number(0, 1, 0.0)},
      {"augment.rand_augment", number(0, 10, 0.0)},
      {"augment.rand_augment_spread", number(0, 10, 0.0)},
      {"augment.mixup", number(0, 100, 0.0)},
      {"augment.cutmix", number(0, 100, 0.0)},
      {"augment.erasing", number(0, 1, 0.0)},
      {"adder.first_layer", word({"adder", "exact"}, "adder")},
      {"adder.values", word({"exact", "adder"}, "exact")},
  };
  return all;
}

const rule_table& character_rules() {
  static const rule_table all = {
      {"model.layers", whole(1, 1000)},
      {"model.width", whole(2, 65536)},
      {"model.feed_forward", whole(1, 1048576)},
      {"model.heads", whole(1, 1024)},
      {"data.context", whole(1, 1000000)},
      {"data.batch", whole(1, 1000000)},
  };
  return all;
}

struct named_task {
  const char* name;
  recipe::task kind;
  const rule_table& (*rules)();
};
constexpr std::array kTasks = {
    named_task{"translation", recipe::task::translation, translation_rules},
    named_task{"images", recipe::task::images, image_rules},
    named_task{"characters", recipe::task::characters, character_rules}};

const named_task& task_of(const std::string& where, const json& settings) {
  const std::string name = settings.contains("task") && settings["task"].is_string()
                               ? settings["task"].get<std::string>()
                               : "";
  for (const named_task& t : kTasks) {
    if (name == t.name) return t;
  }
  throw input_error(where, "task is '" + name + "'",
                    "give \"translation\", \"images\" or \"characters\"");
}

rule_table rules_of(const named_task& t) {
  rule_table all = common_rules();
  all.insert(t.rules().begin(), t.rules().end());
  return all;
}

std::string listed(const std::vector<std::string>& words, const char* last) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? last : ", ";
    text += words[i];
  }
  return text;
}

std::vector<std::string> keys_of(const rule_table& rules) {
  std::vector<std::string> keys;
  for (const auto& [key, r] : rules) keys.push_back(key);
  return keys;
}

std::string all_keys(const rule_table& rules) { return listed(keys_of(rules), ", "); }

std::string valid_keys(const rule_table& rules, const std::string& key) {
  return "valid keys: " + all_keys(rules) + suggestion(key, keys_of(rules));
}

json::json_pointer pointer_of(std::string key) {
  std::ranges::replace(key, '.', '/');
  return json::json_pointer("/" + key);
}

// Of a value that need not be UTF-8.
std::string shown(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void check_value(const std::string& where, const std::string& key, const rule& r,
                 const json& value) {
  if (!r.words.empty()) {
    if (!value.is_string() || std::ranges::find(r.words, value.get<std::string>()) == r.words.end()) {
      throw input_error(where, key + " is " + shown(value), "give " + listed(r.words, " or "));
    }
    return;
  }
  const bool right_type = r.integer ? value.is_number_integer() : value.is_number();
  const auto end = [&](double bound) {
    return r.integer ? std::to_string(static_cast<std::int64_t>(bound)) : json(bound).dump();
  };
  const std::string expected = std::string(r.integer ? "give a whole number" : "give a number") +
                               " from " + end(r.least) + " to " + end(r.most);
  if (!right_type || !(value.get<double>() >= r.least && value.get<double>() <= r.most)) {
    throw input_error(where, key + " is " + shown(value), expected);
  }
}

// What a key's dots go through: objects, and arrays where a number follows.
void check_groups(const std::string& where, const json& settings, const std::string& key) {
  for (std::size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1)) {
    const std::string group = key.substr(0, dot);
    if (!settings.contains(pointer_of(group))) return;
    const bool is_list = std::isdigit(static_cast<unsigned char>(key[dot + 1])) != 0;
    const json& value = settings.at(pointer_of(group));
    if (is_list ? value.is_array() : value.is_object()) continue;
    throw input_error(where, group + " is " + value.dump(),
                      is_list ? "give a list of numbers" : "give an object");
  }
}

// Every key is there and known, with a value that may be; defaults are filled in.
void check_recipe(const std::string& where, json& settings, const rule_table& rules) {
  for (const auto& [key, r] : rules) check_groups(where, settings, key);
  for (const auto& [key, r] : rules) {
    if (!settings.contains(pointer_of(key))) {
      if (r.otherwise.is_null()) {
        throw input_error(where, "key " + key + " is missing",
                          "a recipe of this task has the keys " + all_keys(rules));
      }
      settings[pointer_of(key)] = r.otherwise;
    }
    check_value(where, key, r, settings.at(pointer_of(key)));
  }
  const json flat = settings.flatten();
  for (const auto& [path, value] : flat.items()) {
    std::string key = path.substr(1);
    std::ranges::replace(key, '/', '.');
    if (key == "name" || key == "task" || key == "description") {
      if (!value.is_string()) throw input_error(where, key + " is " + shown(value), "give text");
      continue;
    }
    // What has a dot in the file itself only looks like a valid key.
    if (path.find('.') != std::string::npos) {
      throw input_error(where, "key " + key + " is not known with its dot in the name",
                        "give an object, as \"model\": {\"dropout\": 0.3}");
    }
    if (!rules.contains(key)) {
      throw input_error(where, "key " + key + " is not known", valid_keys(rules, key));
    }
  }
}

void check_heads(const std::string& where, const json& settings) {
  const json& m = settings["model"];
  if (!m.contains("heads")) return;
  const auto width = m["width"].get<std::int64_t>();
  const auto heads = m["heads"].get<std::int64_t>();
  const bool even = settings["task"] == "images" || width % 2 == 0;
  if (!even || width % heads != 0) {
    throw input_error(where,
                      "model.width is " + std::to_string(width) + " and model.heads is " +
                          std::to_string(heads),
                      "the width must be even and a multiple of the heads");
  }
}

void check_network(const std::string& where, const json& settings) {
  if (settings["task"] != "images") return;
  const json& m = settings["model"];
  const auto size = settings["data"]["size"].get<std::int64_t>();
  const auto depth = m["depth"].get<std::int64_t>();
  const std::string kind = m["kind"];
  // Each pooling halves what is left of an image.
  const std::int64_t least = kind == "cnn" ? 1 << 3 : kind == "vgg" ? 1 << 5 : 1;
  if (size < least) {
    throw input_error(where, "data.size is " + std::to_string(size),
                      kind + " takes images of " + std::to_string(least) + " or more");
  }
  if ((kind == "vit" || kind == "convmixer") && size % m["patch"].get<std::int64_t>() != 0) {
    throw input_error(where, "data.size is no multiple of model.patch", "give sizes that fit");
  }
  if ((kind == "preresnet" && depth % 6 != 2) || (kind == "resnext" && depth % 9 != 2)) {
    throw input_error(where, "model.depth is " + std::to_string(depth),
                      "preresnet has 6 n + 2 layers, resnext 9 n + 2");
  }
  if (kind == "convmixer" && m["kernel"].get<std::int64_t>() % 2 == 0) {
    throw input_error(where, "model.kernel is even", "give an odd one");
  }
}

void check_parts(const std::string& where, const json& settings) {
  if (settings["task"] == "translation") return;
  const auto parts = settings["training"]["parts"].get<std::int64_t>();
  const auto batch = settings["data"]["batch"].get<std::int64_t>();
  if (parts > batch) {
    throw input_error(
        where,
        "training.parts is " + std::to_string(parts) + " and data.batch " + std::to_string(batch),
        "give at most as many parts as a batch has " +
            std::string(settings["task"] == "images" ? "images" : "pieces"));
  }
}

void apply_override(json& settings, const std::string& text, const rule_table& rules) {
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  if (equals == std::string::npos) {
    throw input_error("--set " + text, "is not KEY=VALUE", "give one such as model.dropout=0.3");
  }
  const auto r = rules.find(key);
  if (r == rules.end()) {
    throw input_error("--set " + text, "there is no key " + key, valid_keys(rules, key));
  }
  const std::string given = text.substr(equals + 1);
  // Neither is a list or an object a number, however deep.
  const bool is_word = !r->second.words.empty();
  const bool is_nested = given.find_first_of("[{") != std::string::npos;
  const json value = is_word ? json(given) : is_nested ? json() : json::parse(given, nullptr, false);
  if (!is_word && (is_nested || value.is_discarded())) {
    throw input_error("--set " + text, key + " is '" + given + "'", "give a number");
  }
  check_value("--set " + text, key, r->second, value);
  settings[pointer_of(key)] = value;
}

// Names are parts of what others write: paths, tables.
bool is_name(const std::string& text) {
  constexpr const char* allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text[0] != '.' && text.find_first_not_of(allowed) == std::string::npos;
}

json read_settings(const std::string& name_or_path) {
  if (name_or_path.ends_with(".json")) {
    json parsed = parsed_json(name_or_path, "give a recipe file");
    if (!parsed.is_object()) {
      throw input_error(name_or_path, "is not a JSON object", "give a recipe file");
    }
    if (!parsed.contains("name") || !parsed["name"].is_string()) {
      throw input_error(name_or_path, "key name is missing", "a recipe has a name");
    }
    const std::string name = parsed["name"];
    if (!is_name(name)) {
      throw input_error(name_or_path, "name is '" + name + "'",
                        "give letters, digits, '.', '_' and '-', the first no '.'");
    }
    return parsed;
  }
  for (const carried_recipe& r : kCarried) {
    if (name_or_path == r.name) return json::parse(r.text);
  }
  const std::vector<std::string> known = recipe_names();
  throw input_error("recipe '" + name_or_path + "'", "is not known",
                    "give one of " + listed(known, ", ") + ", or the path of a .json file" +
                        suggestion(name_or_path, known));
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
  const named_task& task = task_of(name_or_path, s);
  const rule_table rules = rules_of(task);
  check_recipe(name_or_path, s, rules);
  for (const std::string& text : overrides) apply_override(s, text, rules);
  return make_recipe(std::move(s), name_or_path);
}

recipe make_recipe(json s, const std::string& where) {
  const named_task& task = task_of(where, s);
  check_recipe(where, s, rules_of(task));
  check_heads(where, s);
  check_network(where, s);
  check_parts(where, s);
  const json& m = s["model"];
  const json& d = s["data"];
  const json& t = s["training"];
  recipe r{};
  r.name = s["name"];
  r.kind = task.kind;
  r.dropout = m["dropout"];
  r.training = {.epochs = t["epochs"],
                .steps = t["steps"],
                .parts = t["parts"],
                .loss = {.smoothing = t["label_smoothing"],
                         .centred = t["loss_gradient"] == "centred"},
                .peak_rate = t["peak_rate"],
                .warmup = t["warmup"],
                .warmup_epochs = t["warmup_epochs"],
                .clip_norm = t["clip_norm"],
                .adder_eta = s["adder"]["eta"],
                .update = {.rule = t["optimizer"] == "sgd" ? optimizer_settings::method::sgd
                                                           : optimizer_settings::method::adamw,
                           .beta1 = t["beta1"],
                           .beta2 = t["beta2"],
                           .epsilon = t["epsilon"],
                           .momentum = t["momentum"],
                           .weight_decay = t["weight_decay"],
                           .corrected_decay = t["moment_decay"] == "corrected",
                           .decay_matrices_only = t["decayed"] == "matrices"}};
  r.checkpoint = {s["checkpoint"]["steps"], s["checkpoint"]["seconds"]};
  const json& adder = s["adder"];
  r.adder.deviation = adder["weight_deviation"];
  r.adder.rate_scale = adder["rate_scale"];
  if (task.kind == recipe::task::translation) {
    const json& b = s["search"];
    r.model = {.vocabulary = d["vocabulary"],
               .encoder_layers = m["encoder_layers"],
               .decoder_layers = m["decoder_layers"],
               .width = m["width"],
               .feed_forward = m["feed_forward"],
               .heads = m["heads"],
               .norm_after = m["norm"] == "after",
               .separate_source = m["embeddings"] == "separate",
               .adder = r.adder};
    r.data = {d["vocabulary"], d["max_tokens"], d["max_sentence_tokens"]};
    r.search = {b["beam"], b["length_factor"], b["length_constant"], b["sentences"]};
  } else if (task.kind == recipe::task::images) {
    const json& a = s["augment"];
    r.adder.first_layer = adder["first_layer"] == "adder";
    r.adder.values = adder["values"] == "adder";
    r.image_model = {.kind = m["kind"],
                     .size = d["size"],
                     .width = m["width"],
                     .depth = m["depth"],
                     .heads = m["heads"],
                     .feed_forward = m["feed_forward"],
                     .patch = m["patch"],
                     .kernel = m["kernel"],
                     .cardinality = m["cardinality"],
                     .drop_path = m["drop_path"],
                     .adder = r.adder};
    r.images = {.size = d["size"],
                .batch = d["batch"],
                .mean = d["mean"],
                .deviation = d["deviation"],
                .augment = {.crop_padding = a["crop_padding"],
                            .least_area = a["least_area"],
                            .flip = a["flip"],
                            .rand_augment = a["rand_augment"],
                            .rand_augment_spread = a["rand_augment_spread"]},
                .mixup = a["mixup"],
                .cutmix = a["cutmix"],
                .erasing = a["erasing"]};
  } else {
    r.characters = {m["layers"], m["width"], m["feed_forward"], m["heads"], d["context"], d["batch"]};
  }
  r.settings = s;
  return r;
}

}  // namespace pamkit::training
