/// What a list of statements has to be, and what no statement may do.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {
namespace {

TEST(statements, cover_every_number_and_have_a_key_each) {
  std::set<std::string_view> ids;
  std::set<std::string> keys;
  for (const property_description& p : properties()) {
    ids.insert(p.id);
    EXPECT_TRUE(keys.insert(p.key).second) << p.key << " is the key of two statements";
    EXPECT_TRUE(p.key == p.id || p.key.starts_with(std::string(p.id) + ".")) << p.key;
    EXPECT_FALSE(p.sentence.empty()) << p.key;
    EXPECT_FALSE(p.domain.empty()) << p.key;
  }
  for (int n = 1; n <= 50; ++n) {
    // The specification's list has no P35 and no P39.
    const bool is_listed = n != 35 && n != 39;
    EXPECT_EQ(ids.contains(fmt::format("P{}", n)), is_listed) << "P" << n;
  }
}

TEST(statements, are_chosen_by_property_or_key) {
  suite_options options;
  options.backends = {&scalar_backend()};
  options.arithmetics = {*parse_arithmetic("pam")};
  options.formats = {binary32{}};
  options.properties = {"P45"};
  const auto statements_of = [](const suite_results& results) {
    std::set<std::string> names;
    for (const result& r : results.rows) {
      if (r.property == "P45") names.insert(r.statement);
    }
    return names;
  };
  EXPECT_EQ(statements_of(run_suite(options)).size(), 6U);
  options.properties = {"P45.padding"};
  EXPECT_EQ(statements_of(run_suite(options)), std::set<std::string>{"P45.padding"});
}

void nothing_but_nan(const configuration& c, const std::uint32_t*, const std::uint32_t*,
                     std::uint32_t* out, std::size_t count) {
  std::fill_n(out, count, describe(c.format).nan);
}

constexpr backend kNan{.name = "nan",
                       .description = "wrong on purpose",
                       .elementwise = [](std::string_view operation,
                                         std::string_view) -> elementwise_function {
                         return operation == "mul" ? nothing_but_nan : nullptr;
                       },
                       .contraction = nullptr};

// No product is in range, so no case is in the domain: that is no pass, and a whole run fails.
TEST(statements, do_not_pass_without_a_case) {
  suite_options options;
  options.backends = {&kNan};
  options.arithmetics = {*parse_arithmetic("pam")};
  options.properties = {"P13"};
  const auto statuses = [&] {
    std::set<run_status> found;
    for (const result& r : run_suite(options).rows) {
      if (r.property == "P13") found.insert(r.status);
    }
    return found;
  };
  EXPECT_EQ(statuses(), std::set<run_status>{run_status::fail});
  options.formats = {e4m3{}};
  EXPECT_EQ(statuses(), std::set<run_status>{run_status::not_run});
}

}  // namespace
}  // namespace pamkit::properties
