// Whole training steps of a recipe - forward, backward, update - beside the same step through
// LibTorch's own operators.
#include <ATen/Parallel.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "measurement.hpp"
#include "pamkit/simd.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/parameter_update.hpp"
#include "pamkit/training/philox.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/task.hpp"
#include "pamkit/training/verification.hpp"

namespace pamkit::benchmarks {
namespace {

namespace fs = std::filesystem;
using training::arm;
using training::scope;

constexpr std::uint64_t kSeed = 1;

// --- Made text: what its sentences mean does not matter, how long they are does -----------------

std::uint32_t drawn(std::uint32_t kind, std::uint32_t row, std::uint32_t element,
                    std::uint32_t end) {
  return training::random_bits(kSeed, kind, 0, row, element) % end;
}

// One of 20000 words, of four syllables that its number decides.
std::string word(std::uint32_t number) {
  std::string text;
  for (int syllable = 0; syllable < 4; ++syllable) {
    text += "bdfghklmnprstvwz"[number % 16];
    text += "aeiou"[number / 16 % 5];
    number = number * 31 + 7;
  }
  return text;
}

void write_lines(const fs::path& file, std::uint32_t kind, std::uint32_t count) {
  std::ofstream out(file);
  for (std::uint32_t line = 0; line < count; ++line) {
    const std::uint32_t words = 6 + drawn(kind, line, 0, 13);  // as captions of images have
    for (std::uint32_t i = 0; i < words; ++i) {
      out << (i == 0 ? "" : " ") << word(drawn(kind, line, i + 1, 20000));
    }
    out << '\n';
  }
  if (!out.flush()) throw std::runtime_error(file.string() + ": cannot be written");
}

class made_text {
 public:
  made_text() {
    std::error_code error;
    const fs::path temporary = fs::temp_directory_path(error);
    std::string pattern = (temporary / "pamkit-bench-XXXXXX").string();
    if (error || ::mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error(
          "no temporary folder can be made; set TMPDIR to one that can be written to");
    }
    folder = pattern;
    std::uint32_t kind = 0;
    for (const std::string language : {".de", ".en"}) {
      write_lines(folder / ("train" + language), kind++, 2000);
      write_lines(folder / ("val" + language), kind++, 8);
      write_lines(folder / ("test_made" + language), kind++, 8);
    }
  }
  made_text(const made_text&) = delete;
  made_text& operator=(const made_text&) = delete;
  ~made_text() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  fs::path folder;
};

// --- Steps --------------------------------------------------------------------------------------

// A model that makes the first update again and again, on the same batch.
class stepper {
 public:
  stepper(const training::recipe& what, const training::dataset& data, arm products)
      : what_(what),
        products_(std::move(products)),
        task_(data.make_task(products_, kSeed, 1, {})),
        optimizer_(task_->parameters(), what.training.update, products_) {}

  void step() {
    task_->forward_backward(0, {});
    update_parameters(task_->parameters(), what_, products_, optimizer_, what_.training.peak_rate,
                      1);
  }

  // Of the kernels and shapes of a step, as before every training.
  void check() {
    const training::verification_result result = training::verify_kernels([this] {
      task_->sample_passes();
      optimizer_.rehearse(task_->parameters(), what_.training.clip_norm);
    });
    if (!result.passed) throw mismatch(result.first_mismatch);
  }

 private:
  const training::recipe& what_;
  arm products_;
  std::unique_ptr<training::task> task_;
  training::optimizer optimizer_;
};

// What the arms of a case share.
struct prepared_recipe {
  training::recipe what;
  std::unique_ptr<training::dataset> data;

  prepared_recipe(const std::string& name, const std::vector<std::string>& overrides)
      : what(training::load_recipe(name, overrides)) {
    const made_text text;
    data = training::load_dataset(what, text.folder, {}, text.folder);
  }
};

struct memory {
  std::shared_ptr<prepared_recipe> recipe;
  stepper measured;
  stepper native;
};

// The recipe is made when the first case is prepared.
using recipe_source = std::function<std::shared_ptr<prepared_recipe>()>;

prepared_case prepare(const recipe_source& of, const arm& products) {
  at::set_num_threads(1);
  const std::shared_ptr<prepared_recipe> recipe = of();
  const auto m = std::make_shared<memory>(
      memory{recipe, stepper(recipe->what, *recipe->data, products),
             stepper(recipe->what, *recipe->data, arm("native", derivative::approx))});
  prepared_case p;
  p.memory = m;
  p.kernel = {.name = "simd", .work = 1, .run = [m] { m->measured.step(); }};
  p.others = {{.name = "native", .work = 1, .run = [m] { m->native.step(); }}};
  p.check = [m](int) { m->measured.check(); };
  return p;
}

}  // namespace

extern "C" [[gnu::visibility("default")]] void pamkit_list_measured(
    const settings& s, std::vector<measured_case>& found) {
  use_simd_target(s.target);
  const std::string name = "translation-small";
  std::vector<std::string> overrides;
  if (s.quick) {
    overrides = {"model.encoder_layers=1", "model.decoder_layers=1", "model.width=16",
                 "model.feed_forward=32",  "model.heads=2",          "data.vocabulary=200",
                 "data.max_tokens=256"};
  }
  const auto shared = std::make_shared<std::shared_ptr<prepared_recipe>>();
  const recipe_source recipe = [=] {
    if (!*shared) *shared = std::make_shared<prepared_recipe>(name, overrides);
    return *shared;
  };
  const auto add = [&](const arm& products) {
    measured_case c;
    c.name = "training step";
    c.arithmetic = products.label();
    c.data = name_of(products.covered());
    if (products.gradient() == derivative::exact) c.data += ", exact derivatives";
    c.shape = name;
    c.unit = "steps";
    c.prepare = [=] { return prepare(recipe, products); };
    found.push_back(std::move(c));
  };
  for (const std::string label : {"exact", "pam", "l_mul", "power_of_two", "adder"}) {
    add(arm(label, derivative::approx));
  }
  for (int part = static_cast<int>(scope::softmax); part <= static_cast<int>(scope::all); ++part) {
    add(arm("pam", derivative::approx, static_cast<scope>(part)));
  }
  add(arm("pam", derivative::exact, scope::all));
}

}  // namespace pamkit::benchmarks
