#include "pamkit/training/step_operators.hpp"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "operator_record.hpp"
#include "pamkit/operators_audit/operators_audit.hpp"
#include "pamkit/training/recipe.hpp"

namespace pamkit::training::test {
namespace {

using json = nlohmann::ordered_json;

const json& steps() {
  static const json document = operators_of_steps();
  return document;
}

bool has_operator(const json& step, const std::string& name) {
  return std::ranges::any_of(step["operators"],
                             [&](const json& row) { return row["operator"] == name; });
}

// Steps of one arithmetic and scope, with approximate derivatives.
std::vector<json> steps_of(const std::string& arithmetic, const std::string& scope) {
  std::vector<json> found;
  for (const json& step : steps()["steps"]) {
    if (step["arithmetic"] == arithmetic && step["scope"] == scope &&
        step["derivative"] == "approx") {
      found.push_back(step);
    }
  }
  return found;
}

// One test of what takes the steps once: tests run in processes of their own.
TEST(StepOperators, EveryPromiseHoldsEachScopeLeavesLessAndEveryKindOfLayerIsThere) {
  const operators_audit::verdict v = operators_audit::judge(steps());
  EXPECT_TRUE(v.refused.empty()) << json(v.refused).dump(1);
  for (const json& entry : v.entries) {
    EXPECT_EQ(entry["recipes"].size(), recipe_names().size()) << entry["arm"];
    if (entry["scope"] == "all") {
      EXPECT_EQ(entry["left"], json::array()) << entry["arm"];
    }
  }
  double before = HUGE_VAL;
  for (const json& entry : v.entries) {
    if (entry["arithmetic"] != "pam" || entry["derivative"] != "approx") continue;
    const double left = entry["multiplications"].get<double>() + entry["quotients"].get<double>();
    EXPECT_LT(left, before) << entry["arm"];
    before = left;
  }
  EXPECT_EQ(before, 0);
  // What a recipe that is not there any more would take with it.
  for (const char* const name :
       {"pamkit::linear", "pamkit::bmm", "pamkit::conv2d", "pamkit::conv2d_vjp",
        "pamkit::product_vjp_a", "pamkit::product_vjp_b", "pamkit::softmax", "pamkit::softmax_vjp",
        "pamkit::layer_norm", "pamkit::layer_norm_vjp", "pamkit::cross_entropy",
        "pamkit::cross_entropy_vjp", "pamkit::dropout", "pamkit::dropout_vjp", "pamkit::mul",
        "pamkit::div", "pamkit::exp2", "pamkit::adamw_step", "pamkit::clip_grad_norm"}) {
    EXPECT_TRUE(std::ranges::any_of(steps_of("pam", "all"), [&](const json& step) {
      return has_operator(step, name);
    })) << name;
  }
  for (const char* const name :
       {"aten::native_layer_norm", "aten::native_batch_norm", "pamkit::ordered_gelu",
        "pamkit::ordered_dropout", "pamkit::ordered_adamw", "pamkit::ordered_cross_entropy"}) {
    EXPECT_TRUE(std::ranges::any_of(steps_of("pam", "matmul"), [&](const json& step) {
      return has_operator(step, name);
    })) << name;
  }
}

TEST(StepOperators, AreTheSameOnEachCall) {
  json again = operators_of_steps();
  json first = steps();
  again.erase("environment");
  first.erase("environment");
  EXPECT_EQ(again, first);
}

TEST(StepOperators, AnOperatorWithAKernelOfItsOwnIsNotKnownByWhatItCalls) {
  const at::Tensor x = at::full({1, 2, 3, 4}, 0.5);
  operator_record record;
  at::scaled_dot_product_attention(x, x, x);
  EXPECT_EQ(record.unknown(),
            std::vector<std::string>{"aten::_scaled_dot_product_flash_attention_for_cpu"});
}

TEST(StepOperators, OfTheUpdateScopeOptimizerReplacesAll) {
  const at::Tensor x = at::full({4}, 0.5);
  operator_record record;
  x.mul(x);
  record.begin_update();
  x.mul(x);
  x.div(x);
  std::vector<std::string> by;
  for (const json& row : record.rows()) {
    by.push_back(row["place"].get<std::string>() + " " + row["replaced_by"].get<std::string>());
  }
  EXPECT_EQ(by, (std::vector<std::string>{"update optimizer", "forward all", "update optimizer"}));
}

TEST(StepOperators, ATextThatLibTorchTakesIsNoArithmetic) {
  const at::Tensor x = at::full({4}, 0.5);
  operator_record record;
  at::gelu(x, "none");
  const json row = record.rows().at(0);
  EXPECT_EQ(row["arithmetic"], "exact");
  EXPECT_EQ(row["multiplications"], 12);
  EXPECT_EQ(row["reason"], "GELU: scope all replaces it");
}

TEST(StepOperators, AScatterThatReducesMayMultiply) {
  operator_event scatter{
      .name = "aten::scatter_", .inputs = std::vector<c10::IValue>(4), .outputs = {}};
  EXPECT_TRUE(multiplies_nothing(scatter));
  scatter.inputs.emplace_back("multiply");
  EXPECT_FALSE(multiplies_nothing(scatter));
  for (const char* const name :
       {"aten::scatter_reduce", "aten::scatter_reduce_", "aten::index_reduce_"}) {
    EXPECT_FALSE(multiplies_nothing({.name = name, .inputs = {}, .outputs = {}})) << name;
  }
}

}  // namespace
}  // namespace pamkit::training::test
