#include "train_command.hpp"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <thread>

#include "data_command.hpp"
#include "failures.hpp"
#include "pamkit/arguments/whole_number.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/operators/contraction.hpp"
#include "pamkit/operators/gpu.hpp"
#include "pamkit/provenance/standard_output.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/interruption.hpp"
#include "pamkit/training/run.hpp"
#include "progress.hpp"
#include "usage.hpp"

namespace pamkit::training {
namespace {

using provenance::print_out;

constexpr std::uint64_t kMostEpochs = 1'000'000;  // as a recipe may have

struct options {
  std::string recipe_name;
  std::vector<std::string> arithmetics = {"exact", "pam", "adder"};
  std::vector<std::uint64_t> seeds = {1};
  std::string data;
  std::string out = "runs";
  std::string test;
  std::string derivative_name = "approx";
  std::string scope_name = "matmul";
  std::string format_name = "binary32";
  std::string backend_name = "simd";
  std::string device_name = "cpu";
  std::vector<std::string> settings;
  int epochs = 0;
  std::int64_t steps = 0;
  int threads = 0;
  bool force = false;
  bool quiet = false;
};

// Given, or the data set that the recipe takes by itself, which is fetched where it is not there yet.
std::string data_folder(const options& o, const recipe& what) {
  if (!o.data.empty()) return o.data;
  const char* const set = std::getenv("PAMKIT_DATA");
  if (set != nullptr && *set != '\0') return set;
  const char* const expected =
      "give --data DIR (or set PAMKIT_DATA): ./pamkit data list tells what there is";
  std::optional<std::string> by_default;
  try {
    by_default = default_data(what.name);
  } catch (const input_error& error) {
    throw input_error("train", std::string("no data, and ") + error.what(), expected);
  }
  if (!by_default) throw input_error("train", "no data", expected);
  return *by_default;
}

// An option that decides what these settings would.
void refuse_settings(const char* option, const options& o,
                     std::initializer_list<std::string_view> keys) {
  for (const std::string& setting : o.settings) {
    for (const std::string_view key : keys) {
      if (!setting.starts_with(key)) continue;
      throw input_error(option, "is given and so is --set " + setting, "give one of them");
    }
  }
}

recipe recipe_of(const options& o) {
  std::vector<std::string> overrides = o.settings;
  if (o.epochs > 0) {
    refuse_settings("--epochs", o, {"training.steps=", "training.epochs="});
    overrides.push_back(fmt::format("training.epochs={}", o.epochs));
    overrides.emplace_back("training.steps=0");  // where a recipe has steps, they decide
  }
  if (o.steps > 0) {
    refuse_settings("--steps", o, {"training.steps="});
    overrides.push_back(fmt::format("training.steps={}", o.steps));
  }
  return load_recipe(o.recipe_name, overrides);
}

// pam:1.5 and pam:1.50, for one.
bool is_same(const arm& a, const arm& b, const any_format& format) {
  const auto one = parse_arithmetic(a.label());
  const auto other = parse_arithmetic(b.label());
  if (!one || !other) return a.label() == b.label();  // native
  const auto products = [&](const arithmetic_choice& choice) {
    return choice.configure(format, subnormal_policy::gradual, overflow_policy::infinity)
        .compensation;
  };
  return one->info == other->info && products(*one) == products(*other);
}

std::vector<arm> arms_of(const options& o) {
  const derivative gradient =
      o.derivative_name == "exact" ? derivative::exact : derivative::approx;
  std::vector<arm> arms;
  const std::optional<any_format> format = parse_format(o.format_name);
  if (!format) {
    throw input_error("--format", "'" + o.format_name + "' is not known",
                      "give binary32 or binary32mN with N in 1..23");
  }
  for (const std::string& label : o.arithmetics) {
    const arm added(label, gradient, *parse_scope(o.scope_name), *format);
    for (const arm& other : arms) {
      if (!is_same(other, added, *format)) continue;
      throw input_error("--arithmetic", label + " is the same as " + other.label() + " before it",
                        "give each once");
    }
    arms.push_back(added);
  }
  return arms;
}

void refuse_repeated(std::vector<std::uint64_t> seeds) {
  std::ranges::sort(seeds);
  const auto twice = std::ranges::adjacent_find(seeds);
  if (twice == seeds.end()) return;
  throw input_error("--seeds", fmt::format("{} is there twice", *twice), "give each once");
}

void use_backend_named(const std::string& name) {
  for (const backend* b : emulator_backends()) {
    if (b->name == name) return operators::use_backend(*b);
  }
}

// Before LibTorch is asked for anything.
at::Device device_named(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  const operators::gpu_search found = operators::find_gpu();
  if (found.name.empty()) throw not_there("--device cuda: " + found.reason);
  operators::use_backend(operators::gpu_backend());
  return {at::kCUDA, 0};
}

void print_table(const std::vector<run_outcome>& outcomes) {
  print_out("{:<24} {:<11} {:>6} {:>10} {:>10} {:>7} {:>9}  {}\n", "run", "status", "steps",
             "valid loss", "metric", "value", "s/step", "parameters_sha256");
  const auto number = [](double x, int digits) {
    return std::isfinite(x) ? fmt::format("{:.{}f}", x, digits) : std::string("-");
  };
  for (const run_outcome& o : outcomes) {
    print_out("{:<24} {:<11} {:>6} {:>10} {:>10} {:>7} {:>9}  {}\n", o.folder.filename().string(),
               o.status, o.steps, number(o.valid_loss, 4), o.metric.empty() ? "-" : o.metric,
               o.status == "complete" ? number(o.value, 2) : "-", number(o.step_seconds, 4),
               o.parameters_sha256.substr(0, 16));
  }
}

// Worker 0 reads the data first: what it leaves in a cache the others then find.
std::unique_ptr<dataset> load_data(const options& o, const recipe& what, workers& job) {
  const auto load = [&] {
    return load_dataset(what, data_folder(o, what), o.test.empty() ? std::nullopt : std::optional(o.test),
                        o.out);
  };
  std::unique_ptr<dataset> data;
  if (job.is_first()) data = load();
  job.exchange("");
  if (!job.is_first()) data = load();
  return data;
}

// Workers of one machine share its cores.
void set_threads(const options& o, const workers& job) {
  if (o.threads > 0) return at::set_num_threads(o.threads);
  if (job.count() == 1) return;
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  at::set_num_threads(std::clamp(cores / job.on_this_machine(), 1, at::get_num_threads()));
}

int train(const options& o, workers& job) {
  const std::vector<arm> arms = arms_of(o);
  refuse_repeated(o.seeds);
  const recipe what = recipe_of(o);
  use_backend_named(o.backend_name);
  const training_on device(device_named(o.device_name));
  set_threads(o, job);
  const std::unique_ptr<dataset> data = load_data(o, what, job);
  catch_interruptions();
  if (job.is_first() && !o.quiet) {
    for (const std::string& text : data->notes()) fmt::print(stderr, "pamkit: {}\n", text);
  }

  progress_line line(o.quiet || !job.is_first());
  line.expect(total_updates(what, *data) * arms.size() * o.seeds.size());
  std::vector<run_outcome> outcomes;
  for (const std::uint64_t seed : o.seeds) {
    for (const arm& products : arms) {
      outcomes.push_back(run_training({.what = what,
                                       .data = *data,
                                       .products = products,
                                       .seed = seed,
                                       .out = o.out,
                                       .force = o.force,
                                       .progress = [&](const run_progress& at) { line.show(at); },
                                       .note =
                                           [&](const std::string& text) {
                                             if (!job.is_first()) return;
                                             line.clear();
                                             fmt::print(stderr, "pamkit: {}\n", text);
                                           },
                                       .job = job}));
      line.finish_run(total_updates(what, *data));
    }
  }
  line.clear();
  if (job.is_first()) print_table(outcomes);
  // Worker 0 wrote files after the others had done their part.
  job.exchange("");
  for (const run_outcome& outcome : outcomes) {
    if (outcome.status != "complete") return kFailed;
  }
  return 0;
}

// Where one worker fails all end, with one line and one exit code.
int train(const options& o) {
  workers job(open_channel());
  int code = 0;
  try {
    code = train(o, job);
  } catch (const job_failed& ended) {
    code = complain(ended.why());
  } catch (...) {
    code = complain(job.fail(current_failure()));
  }
  job.finish();
  return code;
}

// CLI11 itself takes -1 as 2^64 - 1 and cuts off what is larger. Empty where the text is a seed.
std::string is_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error == std::errc() && end == text.data() + text.size()) return "";
  return fmt::format("'{}' is no seed: give whole numbers from 0 to {}", text, UINT64_MAX);
}

}  // namespace

void add_train_command(CLI::App& app, std::function<int()>& run) {
  const auto o = std::make_shared<options>();
  CLI::App* const command = app.add_subcommand(
      "train", "Train a recipe with each of a list of arithmetics; one folder for each run");
  command->add_option("recipe", o->recipe_name, "Name of a recipe, or a recipe file (.json)")
      ->required();
  command->add_option("--arithmetic", o->arithmetics,
                      "exact, pam, pam:ALPHA, l_mul, power_of_two, adder; native for LibTorch's kernels")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--data", o->data,
                      "Folder of the data (default: PAMKIT_DATA; translation-small without either takes data/lohelp, "
                      "which it makes where it is not there). Text: train, val and test* in .de and .en, "
                      "plain, .gz or .xz; images: CIFAR-10 records or train/CLASS/*.JPEG and val/CLASS/*.JPEG; "
                      "bytes: input.txt");
  command->add_option("--test", o->test, "Test split, as test_2016_flickr (default: the first)");
  command->add_option("--out", o->out, "Folder for the run folders")->capture_default_str();
  command->add_option("--seeds", o->seeds, "One run of each arithmetic for each seed")
      ->delimiter(',')
      ->check(is_seed)
      ->capture_default_str();
  CLI::Option* const epochs =
      command->add_option("--epochs", o->epochs, "Epochs instead of the recipe's epochs or steps")
          ->check(whole_number(1, kMostEpochs));
  command
      ->add_option("--steps", o->steps,
                   "Updates instead of the recipe's epochs or steps; the schedule ends there. Not "
                   "with --epochs")
      ->check(whole_number(1))
      ->excludes(epochs);
  command
      ->add_option(
          "--threads", o->threads,
          "Threads of each worker (default: the machine's cores, shared by its workers); bits do "
          "not depend on them, those of native excepted")
      ->check(whole_number(1, 256));
  command->add_option("--derivative", o->derivative_name, "Derivative of the products")
      ->check(CLI::IsMember({"approx", "exact"}))
      ->capture_default_str();
  command->add_option("--scope", o->scope_name,
                      "What the arithmetic replaces, each with those before: matmul, softmax, norm, loss, "
                      "optimizer, all")
      ->check(CLI::IsMember({"matmul", "softmax", "norm", "loss", "optimizer", "all"}))
      ->capture_default_str();
  command->add_option("--format", o->format_name,
                      "What operands of products are cut to: binary32, or binary32mN with N fraction bits")
      ->capture_default_str();
  command->add_option("--backend", o->backend_name, "Kernels of the products; bits do not depend on them")
      ->check(CLI::IsMember({"simd", "scalar"}))
      ->capture_default_str();
  command
      ->add_option("--device", o->device_name,
                   "Where models are trained: cuda is the first GPU, whose products have the same bits; everything "
                   "else is LibTorch's own there")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  command
      ->add_option(
          "--set", o->settings,
          "Override a key of the recipe: model.dropout=0.3. Of two for one key the last counts")
      ->take_all()
      ->allow_extra_args(false);
  command->add_flag("--force", o->force, "Redo runs that are there");
  command->add_flag("--quiet", o->quiet, "No progress on the terminal");
  command->footer(help_footer(
      "  pamkit train charlm --arithmetic exact,pam --data DIR\n"
      "  pamkit train translation-small --arithmetic pam --scope all --seeds 1,2,3 --out runs\n"
      "  pamkit train cnn-small-cifar10 --data DIR --epochs 2 --set model.dropout=0.1\n",
      "an arm diverged, or a kernel differs from the golden model",
      "an asked device is not there"));
  command->callback([o, &run] { run = [o] { return train(*o); }; });
}

}  // namespace pamkit::training
