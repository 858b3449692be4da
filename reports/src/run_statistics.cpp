#include "run_statistics.hpp"

#include <nlohmann/json.hpp>

#include "page.hpp"
#include "run_fields.hpp"

namespace pamkit::reports {
namespace {

double count(const run_fields& object, const char* key) { return object.number(key).value_or(0); }

element_counts elements(const run_fields& counts) {
  return {.elements = count(counts, "elements"),
          .zeros = count(counts, "zeros"),
          .subnormals = count(counts, "subnormals"),
          .infinities = count(counts, "infinities"),
          .nans = count(counts, "nans")};
}

product_counts products(const run_fields& counts) {
  return {.sampled = count(counts, "sampled"),
          .overflows = count(counts, "overflows"),
          .underflows = count(counts, "underflows")};
}

}  // namespace

run_statistics read_statistics(const std::filesystem::path& file) {
  require_regular_file(file);
  const nlohmann::ordered_json json = read_json(file);
  const run_fields document(json, file.string());
  if (json.value("schema", nlohmann::ordered_json()) != "pamkit.statistics/1") {
    throw input_error(file.string() + ": schema is not pamkit.statistics/1");
  }
  run_statistics all;
  const run_fields sample = document.object("sample");
  const run_fields loss = document.object("loss");
  all.loss = {.value = sample.number("loss"),
              .exact = sample.number("exact_loss"),
              .logits_mean = loss.number("logits_mean"),
              .logits_deviation = loss.number("logits_deviation"),
              .leak = loss.number("leak"),
              .leak_size = loss.number("leak_size")};
  for (const run_fields& l : document.objects("layers")) {
    all.layers.push_back({.name = l.text("name"),
                          .arithmetic = l.text("arithmetic"),
                          .gain = l.number("gain"),
                          .norm_ratio = l.number("norm_ratio"),
                          .cosine = l.number("cosine"),
                          .output = elements(l.object("output")),
                          .forward = products(l.object("forward_products")),
                          .backward = products(l.object("backward_products"))});
  }
  for (const run_fields& g : document.objects("gradients")) {
    all.gradients.push_back({.name = g.text("name"),
                             .cosine = g.number("cosine"),
                             .norm_ratio = g.number("norm_ratio"),
                             .gradient = elements(g.object("gradient"))});
  }
  for (const run_fields& o : document.objects("operators")) {
    all.operators.push_back({.name = o.text("operator"),
                             .place = o.text("place"),
                             .arithmetic = o.text("arithmetic"),
                             .terms = count(o, "terms"),
                             .additions = count(o, "additions"),
                             .multiplications = count(o, "multiplications"),
                             .quotients = count(o, "quotients"),
                             .reason = o.text("reason")});
  }
  for (const auto& name : document.list("not_counted")) {
    if (!name.is_string()) document.refuse("not_counted", "holds what is no text");
    all.not_counted.push_back(name.get<std::string>());
  }
  for (const auto& width : document.list("norm_widths")) {
    if (!width.is_number()) document.refuse("norm_widths", "holds what is no number");
    all.norm_widths.push_back(width.get<double>());
  }
  all.running_averages = count(document, "running_averages");
  return all;
}

}  // namespace pamkit::reports
