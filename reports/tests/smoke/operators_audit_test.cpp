#include "pamkit/operators_audit/operators_audit.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace pamkit::operators_audit {
namespace {

using json = nlohmann::ordered_json;

json row(const char* name, const json& replaced_by, double multiplications, double quotients = 0) {
  return {{"operator", name},
          {"place", "forward"},
          {"arithmetic", "exact"},
          {"calls", 2},
          {"terms", multiplications},
          {"additions", 0},
          {"multiplications", multiplications},
          {"quotients", quotients},
          {"reason", "planted"},
          {"replaced_by", replaced_by}};
}

json step(const char* arithmetic, const char* scope, const json& rows, const json& why = nullptr) {
  return {{"recipe", "r"},     {"settings", json::array()},   {"arithmetic", arithmetic},
          {"scope", scope},    {"derivative", "approx"},      {"multiplies_by_definition", why},
          {"operators", rows}, {"not_counted", json::array()}};
}

enum place : std::size_t { in_matmul, in_softmax, in_all, by_definition };

// Every promise holds: softmax multiplies in scope matmul, a scale besides in softmax, none in all.
json whole() {
  const json scale = row("aten::mul", "all", 7);
  return {{"schema", "pamkit.operators/1"},
          {"scopes", {"matmul", "softmax", "all"}},
          {"steps",
           {step("pam", "matmul", {row("aten::_softmax", "softmax", 0, 5), scale}),
            step("pam", "softmax", {scale, row("pamkit::bmm", nullptr, 0)}),
            step("pam", "all", json::array()),
            step("exact", "matmul", {row("aten::mm", "matmul", 9), scale}, "ordinary")}}};
}

std::vector<std::string> refused_with(place where, const json& planted) {
  json document = whole();
  document["steps"][where]["operators"].push_back(planted);
  return judge(document).refused;
}

TEST(OperatorsAudit, WhatIsLeftIsAddedUpWithItsReason) {
  json document = whole();
  json second = document["steps"][in_matmul];
  second["recipe"] = "s";
  document["steps"].push_back(second);
  const verdict v = judge(document);
  EXPECT_TRUE(v.refused.empty()) << v.refused.front();
  ASSERT_EQ(v.entries.size(), 4U);
  const json& matmul = v.entries[in_matmul];
  EXPECT_EQ(matmul["arm"], "pam+matmul");
  EXPECT_EQ(matmul["recipes"], json({"r", "s"}));
  EXPECT_EQ(matmul["multiplications"], 14);
  EXPECT_EQ(matmul["quotients"], 10);
  EXPECT_EQ(matmul["verdict"], "left to wider scopes");
  ASSERT_EQ(matmul["left"].size(), 2U);
  EXPECT_EQ(matmul["left"][0]["operator"], "aten::_softmax");
  EXPECT_EQ(matmul["left"][0]["calls"], 4);
  EXPECT_EQ(matmul["left"][0]["reason"], "planted");
  EXPECT_EQ(v.entries[in_softmax]["left"].size(), 1U);
  EXPECT_EQ(v.entries[in_all]["verdict"], "multiplies nothing");
  EXPECT_EQ(v.entries[by_definition]["verdict"], "multiplies by definition");
  EXPECT_EQ(v.entries[by_definition]["why"], "ordinary");
}

TEST(OperatorsAudit, AScopeMayNotLeaveWhatItReplaces) {
  EXPECT_TRUE(refused_with(in_matmul, row("aten::_softmax", "softmax", 0, 1)).empty());
  EXPECT_EQ(refused_with(in_softmax, row("aten::_softmax", "softmax", 0, 1)),
            std::vector<std::string>{"r, pam+softmax: aten::_softmax (forward, 2 times) has 0 "
                                     "multiplications and 1 quotients: planted"});
  EXPECT_EQ(refused_with(in_softmax, row("aten::mm", "matmul", 1)).size(), 1U);
  EXPECT_EQ(refused_with(in_matmul, row("aten::mm", "matmul", 1)).size(), 1U);
  // That no scope replaces it is no excuse.
  EXPECT_EQ(refused_with(in_matmul, row("aten::mul", nullptr, 1)).size(), 1U);
}

TEST(OperatorsAudit, TheWidestScopeLeavesNothing) {
  EXPECT_EQ(refused_with(in_all, row("aten::mul", "all", 1)).size(), 1U);
  EXPECT_EQ(refused_with(in_all, row("aten::sqrt", "all", 0, 1)).size(), 1U);
  EXPECT_TRUE(refused_with(in_all, row("aten::mul", "all", 0)).empty());
}

TEST(OperatorsAudit, AnOperatorThatIsNotCountedIsRefused) {
  for (const place where : {in_matmul, by_definition}) {
    json document = whole();
    document["steps"][where]["not_counted"].push_back("aten::erfinv");
    const verdict v = judge(document);
    ASSERT_EQ(v.refused.size(), 1U);
    EXPECT_NE(v.refused[0].find("aten::erfinv"), std::string::npos);
    EXPECT_EQ(v.entries[where]["verdict"], "refused");
  }
}

TEST(OperatorsAudit, ByDefinitionSumsOfProductsMultiplyAndHaveTo) {
  EXPECT_TRUE(refused_with(by_definition, row("pamkit::product_vjp_b", nullptr, 3)).empty());
  json document = whole();
  document["steps"][by_definition]["operators"] = json::array();
  EXPECT_EQ(judge(document).refused.size(), 1U);
}

TEST(OperatorsAudit, ADocumentThatIsNotWholeIsNoCertificate) {
  const auto broken = [](const auto& change) {
    json document = whole();
    change(document);
    EXPECT_THROW(judge(document), std::runtime_error) << document.dump();
  };
  broken([](json& d) { d = json::array(); });
  broken([](json& d) { d["schema"] = "pamkit.operators/0"; });
  broken([](json& d) { d.erase("scopes"); });
  broken([](json& d) { d["scopes"] = json::array(); });
  broken([](json& d) { d["steps"].erase(in_all); });
  broken([](json& d) { d["steps"].erase(by_definition); });
  broken([](json& d) { d["steps"][0].erase("not_counted"); });
  broken([](json& d) { d["steps"][0]["operators"][0].erase("replaced_by"); });
  broken([](json& d) { d["steps"][0]["operators"][0]["replaced_by"] = "everything"; });
  broken([](json& d) { d["steps"][0]["operators"][0]["quotients"] = -1; });
  broken([](json& d) { d["steps"][0]["operators"][0]["reason"] = ""; });
  broken([](json& d) { d["steps"][0]["scope"] = "everything"; });
}

}  // namespace
}  // namespace pamkit::operators_audit
