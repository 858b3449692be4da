#include "pamkit/training/step_operators.hpp"

#include <ATen/Parallel.h>

#include <memory>
#include <string>
#include <vector>

#include "joined_update.hpp"
#include "made_data.hpp"
#include "operator_record.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/operators/layers.hpp"
#include "pamkit/provenance/environment.hpp"
#include "pamkit/training/parameter_update.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/task.hpp"
#include "pamkit/training/workers.hpp"

namespace pamkit::training {
namespace {

using json = nlohmann::ordered_json;

// Each includes those before it, and `all` is the last.
std::vector<scope> scopes() {
  std::vector<scope> all;
  for (int i = 0; i <= static_cast<int>(scope::all); ++i) all.push_back(static_cast<scope>(i));
  return all;
}

// Sizes alone, but for what no recipe of the program turns on: clipping, and batches in parts.
std::vector<std::string> small_settings(const recipe& what) {
  switch (what.kind) {
    case recipe::task::translation:
      return {"model.encoder_layers=1", "model.decoder_layers=1", "model.width=16",
              "model.feed_forward=32",  "model.heads=2",          "data.vocabulary=48",
              "data.max_tokens=64",     "training.clip_norm=1"};
    case recipe::task::characters:
      return {"model.layers=1", "model.width=16", "model.feed_forward=32",
              "model.heads=2",  "data.context=8", "data.batch=2"};
    case recipe::task::images:
      break;
  }
  const std::string& kind = what.image_model.kind;
  // As deep as its kind can be at least, with one block of each sort.
  const char* const depth = kind == "preresnet" ? "8" : kind == "resnext" ? "11" : "2";
  // Five times halved in vgg.
  const char* const size = kind == "vgg" ? "32" : "8";
  return {std::string("model.depth=") + depth,
          std::string("data.size=") + size,
          "model.width=12",
          "model.heads=3",
          "model.feed_forward=24",
          "model.patch=4",
          "model.kernel=3",
          "model.cardinality=2",
          "data.batch=2",
          "training.parts=2"};
}

std::vector<arm> arms() {
  std::vector<arm> all;
  for (const arithmetic_info& info : arithmetics()) {
    const std::string label(info.name);
    if (!info.has_derivative(derivative::approx)) continue;
    all.emplace_back(label, derivative::approx);
    if (label == "exact" || !operators::defines_layer("softmax", label)) continue;
    for (const scope s : scopes()) {
      if (s != scope::matmul) all.emplace_back(label, derivative::approx, s);
    }
    if (info.has_derivative(derivative::exact)) {
      all.emplace_back(label, derivative::exact, scope::all);
    }
  }
  return all;
}

json why_it_multiplies(const arm& products) {
  if (products.is_adder()) {
    return "attention's values and classifiers stay exact, and AdderNet's derivatives are products "
           "with differences";
  }
  if (products.label() == "exact") return "its products are the ordinary ones";
  return nullptr;
}

json step_of(const recipe& what, const dataset& data, const arm& products) {
  workers alone(no_channel());
  const own_parts own = parts_of_worker(what.training.parts, alone);
  const std::unique_ptr<task> model = data.make_task(products, 1, 1, own);
  joined_update gradients(*model, products, own.count, alone);
  operator_record record;
  gradients.compute(0);
  record.begin_update();
  gradients.join();
  first_update(model->parameters(), what, products);
  return {{"arithmetic", products.label()},
          {"scope", name_of(products.covered())},
          {"derivative", products.gradient_name()},
          {"multiplies_by_definition", why_it_multiplies(products)},
          {"operators", record.rows()},
          {"not_counted", record.unknown()}};
}

}  // namespace

json operators_of_steps() {
  const made_data made;
  json document = provenance::file_header("pamkit.operators/1");
  for (const scope s : scopes()) document["scopes"].push_back(name_of(s));
  document["steps"] = json::array();
  for (const std::string& name : recipe_names()) {
    const std::vector<std::string> settings = small_settings(load_recipe(name, {}));
    const recipe what = load_recipe(name, settings);
    const std::unique_ptr<dataset> data =
        load_dataset(what, made.folder_for(what), {}, made.cache());
    for (const arm& products : arms()) {
      json step = {{"recipe", name}, {"settings", settings}};
      step.update(step_of(what, *data, products));
      document["steps"].push_back(std::move(step));
    }
  }
  return document;
}

}  // namespace pamkit::training
