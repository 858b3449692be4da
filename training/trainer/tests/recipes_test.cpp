#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "copy_task.hpp"
#include "pamkit/training/corpus.hpp"
#include "pamkit/training/image_models.hpp"
#include "pamkit/training/recipe.hpp"
#include "pamkit/training/transformer.hpp"

namespace pamkit::training::test {
namespace {

namespace fs = std::filesystem;

std::int64_t image_parameters(const std::string& name, std::int64_t classes) {
  image_model_settings s = load_recipe(name, {}).image_model;
  s.classes = classes;
  return make_image_model(s, arm("exact", derivative::approx), 1)->parameters().count();
}

// Three stages of blocks of 3 x 3 convolutions as the paper lists them, counted by hand.
std::int64_t preresnet_parameters(std::int64_t depth) {
  const std::int64_t blocks = (depth - 2) / 6;
  std::int64_t sum = 3 * 16 * 9;
  std::int64_t in = 16;
  for (std::int64_t out = 16; out <= 64; out *= 2) {
    for (std::int64_t i = 0; i < blocks; ++i) {
      sum += 2 * in + in * out * 9 + 2 * out + out * out * 9 + (in != out ? in * out : 0);
      in = out;
    }
  }
  return sum + 2 * 64 + 64 * 10 + 10;
}

TEST(Recipes, HaveTheParametersOfTheirOriginals) {
  EXPECT_EQ(image_parameters("deit-tiny-imagenet", 1000), 5717416);  // deit_tiny_patch16_224
  EXPECT_EQ(image_parameters("deit-tiny-cifar10", 10), 5717416 - 990 * 193);
  EXPECT_EQ(image_parameters("convmixer-cifar10", 10), 594186);  // ConvMixer-256/8, 5 x 5, patch 2
  // VGG's configuration B: 3 x 3 kernels and biases; 512 features to 10 classes.
  std::int64_t vgg = 512 * 10 + 10;
  std::int64_t in = 3;
  for (const std::int64_t out : {64, 64, 128, 128, 256, 256, 512, 512, 512, 512}) {
    vgg += in * out * 9 + out;
    in = out;
  }
  EXPECT_EQ(image_parameters("vgg13-cifar10", 10), vgg);
  EXPECT_EQ(image_parameters("preresnet20-cifar10", 10), preresnet_parameters(20));
  EXPECT_EQ(image_parameters("preresnet110-cifar10", 10), preresnet_parameters(110));
  // Blocks 1 x 1, 3 x 3 in 4 groups, 1 x 1; two in each stage, the first with a shortcut.
  std::int64_t resnext = 3 * 64 * 9 + 2 * 64 + 1024 * 10 + 10;
  in = 64;
  for (std::int64_t stage = 0; stage < 3; ++stage) {
    const std::int64_t inner = 64 << stage;
    const std::int64_t out = 256 << stage;
    for (int i = 0; i < 2; ++i) {
      resnext += in * inner + inner * (inner / 4) * 9 + inner * out + 2 * (2 * inner + out);
      if (in != out) resnext += in * out + 2 * out;
      in = out;
    }
  }
  EXPECT_EQ(image_parameters("resnext20-cifar10", 10), resnext);
  EXPECT_EQ(image_parameters("cnn-small-cifar10", 10), 288746);

  // transformer_iwslt_de_en with the dictionaries of its preparation, 8848 German and 6632 English
  // entries.
  transformer_settings s = load_recipe("translation-iwslt14", {}).model;
  s.source_vocabulary = 8848;
  s.vocabulary = 6632;
  EXPECT_EQ(transformer(s, arm("exact", derivative::approx), 1).parameters().count(), 39469056);
}

// Folders of tiny data beside a copy task's.
class tiny_data {
 public:
  explicit tiny_data(const copy_task& task) : root_(task.folder() / "tiny") {
    fs::create_directories(images());
    fs::create_directories(bytes());
    fs::create_directories(prepared());
    write_records(images() / "data_batch_1.bin", 7);
    write_records(images() / "test_batch.bin", 3);
    std::ofstream text(bytes() / "input.txt");
    for (int i = 0; i < 100; ++i) text << "the quick brown fox jumps over the lazy dog; ";
    for (const char* const language : {"de", "en"}) {
      std::ofstream dictionary(prepared() / (std::string("dict.") + language + ".txt"));
      dictionary << "ha@@ 9\nus 8\nder 5\n&apos;s 4\n. 3\n";
      for (const char* const split : {"train", "valid", "test"}) {
        std::ofstream file(prepared() / (std::string(split) + "." + language));
        for (int i = 0; i < 6; ++i) file << "der ha@@ us &apos;s ha@@ us .\n";
      }
    }
  }

  fs::path images() const { return root_ / "images"; }
  fs::path bytes() const { return root_ / "bytes"; }
  fs::path prepared() const { return root_ / "prepared"; }

 private:
  static void write_records(const fs::path& path, int count) {
    std::ofstream file(path, std::ios::binary);
    for (int i = 0; i < count; ++i) {
      file.put(static_cast<char>(i % 10));
      for (int k = 0; k < 3072; ++k) file.put(static_cast<char>(k * (i + 3)));
    }
  }

  fs::path root_;
};

struct recipe_case {
  const char* name;
  std::vector<std::string> settings;
};

void two_steps(const recipe_case& c, const char* arithmetic, std::vector<std::string> more = {}) {
  const copy_task task;
  const tiny_data data(task);
  const recipe what = load_recipe(c.name, {});
  const fs::path folder = what.kind == recipe::task::images       ? data.images()
                          : what.kind == recipe::task::characters ? data.bytes()
                                                                  : data.prepared();
  std::vector<std::string> arguments = {"train",        c.name,
                                        "--arithmetic", arithmetic,
                                        "--data",       folder.string(),
                                        "--out",        (task.folder() / "runs").string(),
                                        "--steps",      "2",
                                        "--threads",    "2"};
  if (what.kind == recipe::task::images) more.push_back("data.batch=2");
  more.insert(more.end(), c.settings.begin(), c.settings.end());
  for (const std::string& s : more) {
    if (s.starts_with("--")) {
      arguments.push_back(s.substr(0, s.find('=')));
      arguments.push_back(s.substr(s.find('=') + 1));
    } else {
      arguments.insert(arguments.end(), {"--set", s});
    }
  }
  const program_result result = run_program(task, arguments);
  ASSERT_EQ(result.exit_code, 0) << c.name << ": " << result.standard_error;
  std::ptrdiff_t runs = 0;
  for (const auto& run : fs::directory_iterator(task.folder() / "runs")) {
    if (!run.is_directory()) continue;
    const auto summary = summary_of(run.path());
    EXPECT_EQ(summary.at("status"), "complete");
    EXPECT_EQ(summary.at("steps"), 2);
    EXPECT_EQ(summary.at("verification").at("status"), "pass") << c.name;
    EXPECT_TRUE(fs::exists(run.path() / "parameters.safetensors"));
    if (what.kind == recipe::task::images) {
      EXPECT_EQ(summary.at("examples"),
                nlohmann::json({{"unit", "images"}, {"train", 7}, {"validation", 3}, {"test", 3}}));
    }
    ++runs;
  }
  EXPECT_EQ(runs, 1 + std::ranges::count(std::string(arithmetic), ',')) << c.name;
}

class Recipe : public testing::TestWithParam<recipe_case> {};
INSTANTIATE_TEST_SUITE_P(
    All, Recipe,
    testing::Values(recipe_case{"cnn-small-cifar10", {}}, recipe_case{"vit-small-cifar10", {}},
                    recipe_case{"charlm", {"data.batch=2"}}, recipe_case{"translation-iwslt14", {}},
                    recipe_case{"deit-tiny-cifar10", {}}, recipe_case{"deit-tiny-imagenet", {}},
                    recipe_case{"vgg13-cifar10", {}}, recipe_case{"preresnet20-cifar10", {}},
                    recipe_case{"preresnet110-cifar10", {}}, recipe_case{"resnext20-cifar10", {}},
                    recipe_case{"convmixer-cifar10", {}}),
    [](const auto& of) {
      std::string name = of.param.name;
      std::ranges::replace(name, '-', '_');
      return name;
    });

TEST_P(Recipe, RunsTwoStepsOnTinyData) { two_steps(GetParam(), "pam,adder"); }

TEST(Recipes, TheSmallOnesRunInEveryArmAndScope) {
  for (const char* const name : {"cnn-small-cifar10", "vit-small-cifar10", "charlm"}) {
    const recipe_case c{name, name == std::string("charlm")
                                  ? std::vector<std::string>{"data.batch=2"}
                                  : std::vector<std::string>{}};
    two_steps(c, "exact,adder,l_mul,power_of_two,pam:1.0552");
    for (const char* const scope : {"softmax", "norm", "loss", "optimizer", "all"}) {
      two_steps(c, "pam", {std::string("--scope=") + scope});
    }
    two_steps(c, "pam", {"--scope=all", "--derivative=exact", "training.moment_decay=corrected",
                         "training.loss_gradient=centred"});
    two_steps(c, "pam", {"--format=binary32m4"});
  }
  two_steps({"cnn-small-cifar10", {}}, "adder", {"adder.first_layer=exact"});
  two_steps({"vit-small-cifar10", {}}, "adder", {"adder.first_layer=exact", "adder.values=adder"});
}

}  // namespace
}  // namespace pamkit::training::test
