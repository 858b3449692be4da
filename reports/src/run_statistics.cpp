#include "run_statistics.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "page.hpp"

namespace pamkit::reports {
namespace {

using json = nlohmann::ordered_json;

double number(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number() ? it->get<double>() : 0;
}

std::optional<double> maybe(const json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_number() || !std::isfinite(it->get<double>())) {
    return std::nullopt;
  }
  return it->get<double>();
}

std::string text(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

element_counts elements(const json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_object()) return {};
  return {.elements = number(*it, "elements"),
          .zeros = number(*it, "zeros"),
          .subnormals = number(*it, "subnormals"),
          .infinities = number(*it, "infinities"),
          .nans = number(*it, "nans")};
}

product_counts products(const json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_object()) return {};
  return {.sampled = number(*it, "sampled"),
          .overflows = number(*it, "overflows"),
          .underflows = number(*it, "underflows")};
}

// The object of this key, or an empty one.
json object(const json& document, const char* key) {
  const auto it = document.find(key);
  return it != document.end() && it->is_object() ? *it : json::object();
}

// The objects of an array, or none.
std::vector<json> objects(const json& document, const char* key) {
  std::vector<json> all;
  const auto it = document.find(key);
  if (it == document.end() || !it->is_array()) return all;
  for (const json& entry : *it) {
    if (entry.is_object()) all.push_back(entry);
  }
  return all;
}

}  // namespace

run_statistics read_statistics(const std::filesystem::path& file) {
  const json document = read_json(file);
  if (!document.is_object() || text(document, "schema") != "pamkit.statistics/1") {
    throw input_error(file.string() + ": schema is not pamkit.statistics/1");
  }
  run_statistics all;
  const json sample = object(document, "sample");
  const json loss = object(document, "loss");
  all.loss = {.value = maybe(sample, "loss"),
              .exact = maybe(sample, "exact_loss"),
              .logits_mean = maybe(loss, "logits_mean"),
              .logits_deviation = maybe(loss, "logits_deviation"),
              .leak = maybe(loss, "leak"),
              .leak_size = maybe(loss, "leak_size")};
  for (const json& l : objects(document, "layers")) {
    all.layers.push_back({.name = text(l, "name"),
                          .arithmetic = text(l, "arithmetic"),
                          .gain = maybe(l, "gain"),
                          .norm_ratio = maybe(l, "norm_ratio"),
                          .cosine = maybe(l, "cosine"),
                          .output = elements(l, "output"),
                          .forward = products(l, "forward_products"),
                          .backward = products(l, "backward_products")});
  }
  for (const json& g : objects(document, "gradients")) {
    all.gradients.push_back({.name = text(g, "name"),
                             .cosine = maybe(g, "cosine"),
                             .norm_ratio = maybe(g, "norm_ratio"),
                             .gradient = elements(g, "gradient")});
  }
  for (const json& o : objects(document, "operators")) {
    all.operators.push_back({.name = text(o, "operator"),
                             .place = text(o, "place"),
                             .arithmetic = text(o, "arithmetic"),
                             .terms = number(o, "terms"),
                             .additions = number(o, "additions"),
                             .multiplications = number(o, "multiplications"),
                             .quotients = number(o, "quotients"),
                             .reason = text(o, "reason")});
  }
  if (const auto it = document.find("not_counted"); it != document.end() && it->is_array()) {
    for (const json& name : *it) {
      if (name.is_string()) all.not_counted.push_back(name.get<std::string>());
    }
  }
  if (const auto it = document.find("norm_widths"); it != document.end() && it->is_array()) {
    for (const json& width : *it) {
      if (width.is_number()) all.norm_widths.push_back(width.get<double>());
    }
  }
  all.running_averages = number(document, "running_averages");
  return all;
}

}  // namespace pamkit::reports
