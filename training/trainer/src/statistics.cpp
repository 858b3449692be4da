#include "statistics.hpp"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "durable_file.hpp"
#include "json_number.hpp"
#include "layer_statistics.hpp"
#include "loss_statistics.hpp"
#include "operator_record.hpp"
#include "pamkit/operators/contraction.hpp"
#include "pamkit/provenance/environment.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/parameter_update.hpp"
#include "safetensors.hpp"

namespace pamkit::training {
namespace {

using json = nlohmann::ordered_json;

std::unique_ptr<task> trained_task(const run_request& r, const arm& products,
                                   const std::filesystem::path& folder) {
  // As many steps as the one that is taken: what is loaded ahead is of no use.
  std::unique_ptr<task> made = r.data.make_task(products, r.seed, 1, {});
  read_parameters_of_run(folder, made->parameters());
  return made;
}

// Each parameter's gradient against the one of the same name.
json gradients_json(const parameter_list& mine, const parameter_list& exact) {
  json all = json::array();
  for (std::size_t i = 0; i < mine.all().size(); ++i) {
    const parameter& p = mine.all()[i];
    const at::Tensor& gradient = p.value.grad();
    const at::Tensor& reference = exact.all()[i].value.grad();
    if (!gradient.defined() || !reference.defined()) continue;
    resemblance to_exact;
    to_exact.add(gradient, reference);
    element_tally tally;
    tally.add(gradient);
    json entry = {{"name", p.name}};
    entry.update(to_exact.json(false));
    entry["gradient"] = tally.json();
    all.push_back(std::move(entry));
  }
  return all;
}

// Statistics look at the memory of every operand: on the host, whatever has trained.
class on_the_host {
 public:
  on_the_host() {
    if (is_on_gpu_) operators::use_backend(simd_backend());
  }
  on_the_host(const on_the_host&) = delete;
  on_the_host& operator=(const on_the_host&) = delete;
  ~on_the_host() { operators::use_backend(before_); }

 private:
  bool is_on_gpu_ = !training_device().is_cpu();
  const backend& before_ = operators::used_backend();
  training_on host_{at::kCPU};
};

}  // namespace

void write_statistics(const run_request& r, const std::filesystem::path& folder) {
  const on_the_host here;
  const std::unique_ptr<task> mine = trained_task(r, r.products, folder);
  const std::unique_ptr<task> exact = trained_task(r, r.products.with_exact_products(), folder);
  json document = provenance::file_header("pamkit.statistics/1");
  document["recipe"] = r.what.name;
  document["arithmetic"] = r.products.label();
  document["scope"] = name_of(r.products.covered());
  document["derivative"] = r.products.gradient_name();
  document["format"] = describe(r.products.format()).name;
  document["seed"] = r.seed;
  document["parameters_sha256"] = mine->parameters().sha256();

  layer_statistics layers(mine->parameters());
  loss_statistics loss;
  operator_record operators([&](const operator_event& e) {
    layers.look_at(e);
    loss.look_at(e);
  });
  const part_result passed = mine->forward_backward(0, {});
  const part_result passed_exactly = [&] {
    const at::RecordFunctionGuard silent(false);
    return exact->forward_backward(0, {});
  }();
  document["sample"] = {{"batch", "of the first update"},
                        {r.data.items(), passed.items},
                        {"drawn_terms", layer_statistics::drawn_terms},
                        {"loss", number_or_null(passed.loss)},
                        {"exact_loss", number_or_null(passed_exactly.loss)}};
  document["loss"] = loss.json();
  document["layers"] = layers.json();
  document["gradients"] = gradients_json(mine->parameters(), exact->parameters());
  document["norm_widths"] = layers.norm_widths();
  document["running_averages"] = mine->parameters().buffers().size();
  operators.begin_update();
  first_update(mine->parameters(), r.what, r.products);
  document["operators"] = operators.rows();
  document["not_counted"] = operators.unknown();
  write_durably(folder / "statistics.json", document.dump(1) + "\n");
}

}  // namespace pamkit::training
