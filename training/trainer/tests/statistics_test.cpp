#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <tuple>

#include "copy_task.hpp"
#include "layer_statistics.hpp"
#include "loss_statistics.hpp"
#include "operator_record.hpp"
#include "pamkit/operators/operators.hpp"
#include "pamkit/training/corpus.hpp"

namespace pamkit::training::test {
namespace {

using json = nlohmann::ordered_json;

// One linear layer "l" of 5 outputs and 4 inputs on 3 rows, all operands alike, forward and
// backward.
struct observed_layer {
  json layers;
  json operators;
  std::vector<std::string> unknown;

  observed_layer(const std::string& arithmetic, float x_value, float w_value,
                 const std::string& derivative_name = "approx") {
    parameter_list parameters(1);
    const at::Tensor w = parameters.add_constant("l.weight", {5, 4}, w_value);
    const at::Tensor b = parameters.add_constant("l.bias", {5}, 0.5F);
    const at::Tensor x = at::full({3, 4}, x_value).requires_grad_();
    layer_statistics statistics(parameters);
    operator_record record([&](const operator_event& e) { statistics.look_at(e); });
    const at::Tensor y = arithmetic == "native"
                             ? at::linear(x, w, b)
                             : operators::linear(x, w, b, arithmetic, derivative_name);
    y.backward(at::ones_like(y));
    layers = statistics.json();
    operators = record.rows();
    unknown = record.unknown();
  }

  double sum_of(const char* key, const char* place) const {
    double sum = 0;
    for (const json& row : operators) {
      if (row["place"] == place) sum += row[key].get<double>();
    }
    return sum;
  }
};

TEST(Statistics, TheGainOfExactProductsAndOfProductsWithPowersOfTwoIsOne) {
  for (const char* const arithmetic : {"exact", "native", "pam", "power_of_two"}) {
    const observed_layer seen(arithmetic, 1.5F, 0.25F);
    ASSERT_EQ(seen.layers.size(), 1U) << arithmetic;
    EXPECT_EQ(seen.layers[0]["name"], "l");
    EXPECT_EQ(seen.layers[0]["arithmetic"], arithmetic);
    EXPECT_EQ(seen.layers[0]["gain"], 1.0) << arithmetic;
    EXPECT_EQ(seen.layers[0]["norm_ratio"], 1.0) << arithmetic;
  }
}

TEST(Statistics, TheGainOfAKnownScalingIsThatScaling) {
  // pam(1.5, 1.5) is 2 and not 2.25, in every term alike.
  const observed_layer seen("pam", 1.5F, 1.5F);
  EXPECT_DOUBLE_EQ(seen.layers[0]["gain"].get<double>(), 8.0 / 9);
  EXPECT_DOUBLE_EQ(seen.layers[0]["norm_ratio"].get<double>(), 8.0 / 9);
  EXPECT_DOUBLE_EQ(seen.layers[0]["cosine"].get<double>(), 1);
  // Of opposite sign the coefficient is negative, and the ratio of norms is not.
  const observed_layer adder("adder", 1.5F, 1.0F);
  EXPECT_DOUBLE_EQ(adder.layers[0]["gain"].get<double>(), -0.5 / 1.5);
  EXPECT_DOUBLE_EQ(adder.layers[0]["cosine"].get<double>(), -1);
}

TEST(Statistics, TermsAreCountedAndMultiplicationsByWhoComputesThem) {
  for (const auto& [arithmetic, forward, backward] :
       {std::tuple("exact", 60.0, 120.0), std::tuple("native", 60.0, 120.0),
        std::tuple("pam", 0.0, 0.0), std::tuple("l_mul", 0.0, 0.0),
        std::tuple("adder", 0.0, 120.0)}) {
    const observed_layer seen(arithmetic, 1.5F, 1.5F);
    EXPECT_EQ(seen.sum_of("terms", "forward"), 60) << arithmetic;
    EXPECT_EQ(seen.sum_of("terms", "backward"), 120) << arithmetic;
    EXPECT_EQ(seen.sum_of("additions", "forward"), 60) << arithmetic;
    EXPECT_EQ(seen.sum_of("multiplications", "forward"), forward) << arithmetic;
    EXPECT_EQ(seen.sum_of("multiplications", "backward"), backward) << arithmetic;
    EXPECT_TRUE(seen.unknown.empty()) << arithmetic << " " << seen.unknown.front();
  }
}

TEST(Statistics, ProductsThatLeaveTheRangeAreCounted) {
  const observed_layer large("pam", 0x1p100F, 0x1p100F);
  EXPECT_EQ(large.layers[0]["forward_products"]["overflows"], layer_statistics::drawn_terms);
  EXPECT_EQ(large.layers[0]["forward_products"]["underflows"], 0);
  EXPECT_EQ(large.layers[0]["output"]["infinities"], 15);
  EXPECT_TRUE(large.layers[0]["gain"].is_null());
  const observed_layer small("pam", 0x1p-100F, 0x1p-100F);
  EXPECT_EQ(small.layers[0]["forward_products"]["underflows"], layer_statistics::drawn_terms);
  EXPECT_EQ(small.layers[0]["forward_products"]["overflows"], 0);
  // Backward the incoming derivative is 1: for both operands nothing leaves the range.
  EXPECT_EQ(small.layers[0]["backward_products"]["sampled"], 2 * layer_statistics::drawn_terms);
  EXPECT_EQ(small.layers[0]["backward_products"]["underflows"], 0);
  // Slopes are powers of two of the other operand's size.
  const observed_layer slopes("pam", 0x1p100F, 0x1.8p27F, "exact");
  EXPECT_EQ(slopes.layers[0]["forward_products"]["overflows"], 0);
  EXPECT_EQ(slopes.layers[0]["backward_products"]["overflows"], 0);
  EXPECT_TRUE(observed_layer("adder", 1, 1).layers[0]["forward_products"].is_null());
}

TEST(Statistics, ElementsAreTold) {
  element_tally tally;
  tally.add(at::tensor({0.0F, -0.0F, 0x1p-130F, 1.0F, -HUGE_VALF, std::nanf("")}));
  const json counts = tally.json();
  EXPECT_EQ(counts["elements"], 6);
  EXPECT_EQ(counts["zeros"], 2);
  EXPECT_EQ(counts["subnormals"], 1);
  EXPECT_EQ(counts["infinities"], 1);
  EXPECT_EQ(counts["nans"], 1);
}

TEST(Statistics, AnOperatorThatIsNotKnownIsNamed) {
  const at::Tensor x = at::full({4}, 0.5);
  operator_record record;
  at::erfinv(x);
  at::neg(x);
  EXPECT_EQ(record.unknown(), std::vector<std::string>{"aten::erfinv"});
  EXPECT_TRUE(record.rows().empty());
}

// What rows that sum to 0 but for roundings may leak: a softmax's elements have about four roundings, of at most 2^-26
// each where they are at most 1 / 2, over the least mass of a row that these tests have.
double rounding_leak(double classes) {
  constexpr double kLeastMass = 0.1;
  return classes * 0x1p-24 / kLeastMass;
}

// Far above that of any vocabulary here: no rounding, but what a piecewise affine gradient leaks.
constexpr double kRealLeak = 0.001;

// --- Of the loss
// --------------------------------------------------------------------------------------

// Rows 0 1 2 3 and 5 5 5 9, and one that is ignored.
json loss_statistics_of(const arm& products, at::Tensor* gradient = nullptr) {
  at::Tensor logits =
      at::tensor({0.0F, 1.0F, 2.0F, 3.0F, 5.0F, 5.0F, 5.0F, 9.0F, 7.0F, 7.0F, 7.0F, 7.0F})
          .view({3, 4})
          .requires_grad_();
  loss_statistics loss;
  const operator_record record([&](const operator_event& e) { loss.look_at(e); });
  products.cross_entropy(logits, at::tensor({1, 3, 0}, at::kLong), {}, 0).backward();
  if (gradient != nullptr) *gradient = logits.grad();
  return loss.json();
}

TEST(Statistics, OfALossAreMeanAndDeviationOfItsLogitsAndWhatItsGradientLeaks) {
  for (const arm& products : {arm("exact", derivative::approx), arm("native", derivative::approx),
                              arm("pam", derivative::approx, scope::loss)}) {
    const json loss = loss_statistics_of(products);
    EXPECT_EQ(loss["rows"], 2) << products.folder_label();
    EXPECT_DOUBLE_EQ(loss["logits_mean"].get<double>(), (1.5 + 6) / 2);
    EXPECT_DOUBLE_EQ(loss["logits_deviation"].get<double>(), std::sqrt((1.25 + 3) / 2));
  }
  EXPECT_LT(loss_statistics_of(arm("exact", derivative::approx))["leak_size"], rounding_leak(4));
  at::Tensor gradient;
  const json pam = loss_statistics_of(arm("pam", derivative::approx, scope::loss), &gradient);
  const at::Tensor rows = gradient.to(at::kDouble).narrow(0, 0, 2);
  const at::Tensor mass = rows.abs().sum() / 2;
  EXPECT_DOUBLE_EQ(pam["leak"].get<double>(), (rows.sum() / mass).item<double>());
  EXPECT_DOUBLE_EQ(pam["leak_size"].get<double>(),
                   (rows.sum(1).abs().sum() / mass).item<double>());
  EXPECT_GT(pam["leak_size"], kRealLeak);
}

// --- Of whole runs
// --------------------------------------------------------------------------------------

std::vector<std::string> with(std::vector<std::string> arguments,
                              std::initializer_list<const char*> more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

json statistics_of(const std::filesystem::path& run) {
  return json::parse(read_file(run / "statistics.json"));
}

double multiplications(const json& statistics, const char* place) {
  double sum = 0;
  for (const json& row : statistics["operators"]) {
    if (row["place"] == place) sum += row["multiplications"].get<double>();
  }
  return sum;
}

TEST(Statistics, EveryArmsRunHasThem) {
  const copy_task task;
  const auto result =
      run_program(task, with(task.train_arguments("runs", "native,exact,pam,adder,l_mul"),
                             {"--steps", "6", "--threads", "1", "--set", "training.clip_norm=1"}));
  ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  const auto of = [&](const char* name) { return statistics_of(task.folder() / "runs" / name); };
  const json exact = of("exact-1");
  EXPECT_EQ(exact["schema"], "pamkit.statistics/1");
  for (const json& layer : exact["layers"]) {
    EXPECT_EQ(layer["gain"], 1.0) << layer["name"];
  }
  for (const json& g : exact["gradients"]) {
    EXPECT_DOUBLE_EQ(g["cosine"].get<double>(), 1) << g["name"];
    EXPECT_EQ(g["norm_ratio"], 1.0) << g["name"];
  }
  std::vector<std::string> names;
  for (const json& layer : exact["layers"]) names.push_back(layer["name"]);
  for (const char* const name :
       {"encoder.0.self.query", "encoder.0.self.scores", "encoder.0.self.values",
        "encoder.0.feed.down", "decoder.0.cross.scores", "embedding"}) {
    EXPECT_EQ(std::ranges::count(names, name), 1) << name;
  }
  const json native = of("native-1");
  for (const char* const run : {"native-1", "exact-1", "pam-1", "adder-1", "l_mul-1"}) {
    const json s = of(run);
    EXPECT_EQ(s["not_counted"], json::array()) << run;
    EXPECT_EQ(s["layers"].size(), names.size()) << run;
    EXPECT_GT(s["loss"]["rows"], 0) << run;
    EXPECT_LT(s["loss"]["leak_size"], rounding_leak(48)) << run;
    EXPECT_GT(multiplications(s, "update"), 0) << run;
    EXPECT_EQ(s["parameters_sha256"],
              summary_of(task.folder() / "runs" / run)["parameters_sha256"]);
  }
  // What an arm does not replace is the same work as in any other.
  EXPECT_EQ(multiplications(exact, "update"), multiplications(native, "update"));
  for (const char* const place : {"forward", "backward"}) {
    EXPECT_LT(multiplications(of("pam-1"), place), multiplications(native, place) / 4);
    EXPECT_EQ(multiplications(of("pam-1"), place), multiplications(of("l_mul-1"), place));
    // exact has softmax, norms and loss in the specification's forms, with some products more than
    // LibTorch's fused ones; layers are most of the work in either.
    constexpr double kShareOfOtherForms = 1.0 / 50;
    EXPECT_GE(multiplications(exact, place), multiplications(native, place));
    EXPECT_NEAR(multiplications(exact, place), multiplications(native, place),
                kShareOfOtherForms * multiplications(native, place));
  }
  EXPECT_GT(multiplications(of("adder-1"), "backward"), multiplications(native, "backward") / 2);
  double least = 1;
  const json pam = of("pam-1");
  for (const json& layer : pam["layers"]) least = std::min(least, layer["gain"].get<double>());
  EXPECT_GT(least, 0.9);
  EXPECT_LT(least, 1);
}

TEST(Statistics, OfScopeAllNoMultiplicationIsLeft) {
  const copy_task task;
  const auto result =
      run_program(task, with(task.train_arguments("runs", "pam,exact"),
                             {"--steps", "3", "--scope", "all", "--set", "training.clip_norm=1"}));
  ASSERT_EQ(result.exit_code, 0) << result.standard_error;
  const json pam = statistics_of(task.folder() / "runs" / "pam+all-1");
  const json exact = statistics_of(task.folder() / "runs" / "exact+all-1");
  EXPECT_EQ(pam["not_counted"], json::array());
  EXPECT_EQ(pam["loss"]["rows"], exact["loss"]["rows"]);
  EXPECT_GT(pam["loss"]["leak_size"], kRealLeak);
  for (const char* const place : {"forward", "backward", "update"}) {
    EXPECT_EQ(multiplications(pam, place), 0) << place << pam["operators"].dump(1);
    EXPECT_GT(multiplications(exact, place), 0) << place;
  }
}

TEST(Statistics, AreAddedToAFinishedRunAndDependOnNoThreads) {
  const copy_task task;
  const auto arguments =
      with(task.train_arguments("runs", "pam"), {"--steps", "3", "--threads", "1"});
  ASSERT_EQ(run_program(task, arguments).exit_code, 0);
  const auto run = task.folder() / "runs" / "pam-1";
  json first = statistics_of(run);
  const std::string summary = read_file(run / "summary.json");
  std::filesystem::remove(run / "statistics.json");
  ASSERT_EQ(run_program(
                task, with(task.train_arguments("runs", "pam"), {"--steps", "3", "--threads", "3"}))
                .exit_code,
            0);
  json second = statistics_of(run);
  first.erase("environment");
  second.erase("environment");
  EXPECT_EQ(first, second);
  EXPECT_EQ(read_file(run / "summary.json"), summary);
}

}  // namespace
}  // namespace pamkit::training::test
