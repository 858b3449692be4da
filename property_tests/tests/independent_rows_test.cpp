/// A statement's row is the same whatever else the run is about: shards and resumed runs rest on it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {
namespace {

const std::vector<std::string> kStatements = {"P3", "P44", "P47", "P48"};

std::map<std::string, std::uint64_t> cases_of_a_run(std::vector<std::string> others) {
  suite_options options;
  options.backends = {&scalar_backend()};
  options.arithmetics = {*parse_arithmetic("pam")};
  options.formats = {binary32{}};
  options.policies = {subnormal_policy::flush};
  options.overflows = {overflow_policy::infinity};
  options.operations = {"mul", "matmul", "matmul_vjp", "softmax", "layer_norm"};
  options.level = suite_level::standard;
  options.properties = std::move(others);
  options.properties.insert(options.properties.end(), kStatements.begin(), kStatements.end());
  std::map<std::string, std::uint64_t> cases;
  for (const result& r : run_suite(options).rows) {
    if (std::ranges::find(kStatements, r.property) == kStatements.end()) continue;
    cases[r.statement + " " + r.operation + " " + r.derivative + " " + r.shape] += r.cases;
  }
  return cases;
}

TEST(rows, do_not_depend_on_what_else_runs) {
  const auto alone = cases_of_a_run({});
  EXPECT_EQ(alone.at("P3 mul  "), 20'000U);
  EXPECT_EQ(cases_of_a_run({"facts.in_place"}), alone);
  EXPECT_EQ(cases_of_a_run({"facts.environment"}), alone);
}

}  // namespace
}  // namespace pamkit::properties
