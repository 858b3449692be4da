/// The suite has to reject what is wrong: deliberately wrong backends and promises.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>

#include "pamkit/properties/suite.hpp"
#include "pamkit/properties/verify_json.hpp"
#include "pamkit/provenance/write_file.hpp"

namespace pamkit::properties {
namespace {

// pam without the fraction's carry into the exponent.
void product_without_carry(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
                           std::uint32_t* out, std::size_t count) {
  std::vector<std::uint32_t> right(count);
  scalar_backend().elementwise("mul", "pam")(c, a, b, right.data(), count);
  const format_description f = describe(c.format);
  const std::uint32_t fraction = f.min_normal - 1;
  for (std::size_t i = 0; i < count; ++i) {
    const bool carries = f.is_normal(a[i]) && f.is_normal(b[i]) && f.is_normal(right[i]) &&
                         (a[i] & fraction) + (b[i] & fraction) > fraction &&
                         (right[i] & f.magnitude_mask) >= 2 * f.min_normal;
    out[i] = carries ? right[i] - f.min_normal : right[i];
  }
}

elementwise_function find_without_carry(std::string_view operation, std::string_view arithmetic) {
  if (operation == "mul" && arithmetic == "pam") return product_without_carry;
  return scalar_backend().elementwise(operation, arithmetic);
}

// A matrix product that starts its sums at -0: seen only where nothing, or -0, is added.
void product_from_minus_zero(const policy<binary32>& rules, const contraction_problem& c) {
  scalar_backend().contraction("pam", contraction_kind::product, derivative::approx)(rules, c);
  if (c.k != 0) return;
  for (std::int64_t i = 0; i < c.m; ++i) {
    for (std::int64_t j = 0; j < c.n; ++j) {
      c.out.data[i * c.out.row_stride + j * c.out.column_stride] = -0.0F;
    }
  }
}

contraction_function find_from_minus_zero(std::string_view arithmetic, contraction_kind kind,
                                          derivative gradient) {
  if (arithmetic == "pam" && kind == contraction_kind::product) return product_from_minus_zero;
  return scalar_backend().contraction(arithmetic, kind, gradient);
}

constexpr backend kWithoutCarry{.name = "without-carry",
                                .description = "wrong on purpose",
                                .elementwise = find_without_carry,
                                .contraction = nullptr};

elementwise_function find_scalar(std::string_view operation, std::string_view arithmetic) {
  return scalar_backend().elementwise(operation, arithmetic);
}

constexpr backend kFromMinusZero{.name = "from-minus-zero",
                                 .description = "wrong on purpose",
                                 .elementwise = find_scalar,
                                 .contraction = find_from_minus_zero};

suite_options only(const backend& b, const char* property, const char* operation) {
  suite_options o;
  o.backends = {&b};
  o.arithmetics = {*parse_arithmetic("pam")};
  o.properties = {property};
  o.operations = {operation};
  o.profiles = {profile::standard};
  return o;
}

TEST(suite, rejects_a_product_without_carry_with_the_simplest_counterexample) {
  const suite_results results = run_suite(only(kWithoutCarry, "P1", "mul"));
  EXPECT_FALSE(results.passed());
  const auto row = std::ranges::find_if(results.rows, [](const result& r) {
    return r.status == run_status::fail && r.format == "binary32";
  });
  ASSERT_NE(row, results.rows.end());
  ASSERT_TRUE(row->counterexample.has_value());
  // 1.5 . 1.5, or the like: one fraction bit each.
  for (const std::string& text : row->counterexample->operands) {
    const auto x = static_cast<std::uint32_t>(std::stoul(text, nullptr, 16));
    EXPECT_EQ(std::popcount(x & 0x7fffffU), 1) << text;
    EXPECT_EQ(x >> 23, 127U) << text;
  }
  EXPECT_EQ(row->counterexample->replay,
            "./pamkit explain mul " + row->counterexample->operands[0] + " " +
                row->counterexample->operands[1] +
                " --format binary32 --arithmetic pam --policy flush --overflow infinity"
                " --backend without-carry");
}

TEST(suite, rejects_a_broken_property_and_replays_it) {
  const suite_results results = run_suite(only(kWithoutCarry, "P2", "mul"));
  const auto row = std::ranges::find(results.rows, run_status::fail, &result::status);
  ASSERT_NE(row, results.rows.end());
  replay_request request{.property = "P2",
                         .operation = "mul",
                         .arithmetic = *parse_arithmetic("pam"),
                         .format = *parse_format(row->format),
                         .implementation = &kWithoutCarry,
                         .derivative = {},
                         .shape = {},
                         .operands = {}};
  for (const std::string& x : row->counterexample->operands) {
    request.operands.push_back(static_cast<std::uint32_t>(std::stoul(x, nullptr, 16)));
  }
  const replay_verdict verdict = replay(request);
  EXPECT_TRUE(verdict.in_domain);
  EXPECT_FALSE(verdict.holds);
  EXPECT_EQ(verdict.got, row->counterexample->got);
  request.implementation = &scalar_backend();
  EXPECT_TRUE(replay(request).holds);
}

TEST(suite, rejects_a_matrix_product_whose_empty_sum_is_minus_zero) {
  suite_options options = only(kFromMinusZero, "P44", "matmul");
  options.formats = {binary32{}};
  const suite_results results = run_suite(options);
  const auto row = std::ranges::find(results.rows, run_status::fail, &result::status);
  ASSERT_NE(row, results.rows.end());
  EXPECT_EQ(row->shape, "1x1x1x0");
  EXPECT_EQ(row->counterexample->got, "80000000");
  EXPECT_EQ(row->counterexample->expected, "00000000");
}

TEST(suite, rejects_a_false_promise) {
  arithmetic_info boastful = *find_arithmetic("exact");
  boastful.promise = [](const configuration& c) {
    promises p = find_arithmetic("exact")->promise(c);
    p.associative = true;
    return p;
  };
  suite_options options = only(scalar_backend(), "P4", "mul");
  options.arithmetics = {arithmetic_choice{"exact", &boastful, {}}};
  const suite_results results = run_suite(options);
  EXPECT_FALSE(results.passed());
}

TEST(suite, lists_what_has_no_golden_model_instead_of_passing_it) {
  arithmetic_info unknown = *find_arithmetic("pam");
  unknown.oracle = "nobody";
  suite_options options = only(scalar_backend(), "P1", "mul");
  options.arithmetics = {arithmetic_choice{"pam", &unknown, {}}};
  const suite_results results = run_suite(options);
  ASSERT_FALSE(results.rows.empty());
  for (const result& r : results.rows) {
    EXPECT_EQ(r.status, run_status::not_run);
    EXPECT_NE(r.reason.find("nobody"), std::string::npos);
  }
}

TEST(suite, gives_a_pinned_counterexample_for_what_is_not_promised) {
  suite_options options = only(scalar_backend(), "P6", "mul");
  options.arithmetics = {*parse_arithmetic("pam:1.0552")};
  options.formats = {binary32{}};
  for (const result& r : run_suite(options).rows) {
    if (r.property != "P6") continue;
    EXPECT_EQ(r.status, run_status::not_promised);
    ASSERT_TRUE(r.counterexample.has_value());
    EXPECT_EQ(r.counterexample->operands, std::vector<std::string>{"3F800000"});
  }
}

TEST(suite, gives_equal_rows_for_every_number_of_jobs) {
  suite_options options;
  options.arithmetics = {*parse_arithmetic("pam:1.0552"), *parse_arithmetic("adder")};
  options.formats = {e4m3{}, bfloat16{}};
  options.properties = {"P3", "P4", "P6", "P45"};
  options.count = 2000;
  const auto rows_with = [&](int jobs) {
    options.jobs = jobs;
    nlohmann::ordered_json document = to_verify_json(run_suite(options));
    return document["results"].dump();
  };
  EXPECT_EQ(rows_with(1), rows_with(4));
}

TEST(suite, stops_when_asked) {
  std::stop_source source;
  suite_options options;
  const suite_results results = run_suite(
      options,
      [&](std::uint64_t done, std::uint64_t, std::string_view) {
        if (done >= 3) source.request_stop();
      },
      source.get_token());
  EXPECT_TRUE(results.interrupted);
  EXPECT_LT(results.rows.size(), 200U);
}

TEST(verify_json, has_the_fields_of_the_schema_and_equals_its_text) {
  suite_options options = only(scalar_backend(), "P44", "matmul_vjp");
  options.formats = {e5m2{}};
  const suite_results results = run_suite(options);
  const auto document = nlohmann::ordered_json::parse(write_verify_json(results));
  EXPECT_EQ(document["schema"], "pamkit.verify/1");
  EXPECT_EQ(document["spec"], "1");
  for (const char* field : {"version", "commit", "compiler", "flags", "cpu", "gpu", "date"}) {
    EXPECT_TRUE(document["environment"][field].is_string()) << field;
  }
  ASSERT_EQ(document["results"].size(), results.rows.size());
  for (const auto& row : document["results"]) {
    for (const char* field :
         {"property", "operation", "format", "arithmetic", "policy", "overflow", "compensation",
          "profile", "backend", "domain", "mode", "cases", "status"}) {
      EXPECT_TRUE(row.contains(field)) << field;
    }
  }
  const std::string xml = write_junit_xml(results);
  EXPECT_NE(xml.find("<testsuite name=\"P44\""), std::string::npos);
}

TEST(write_file, replaces_a_file_whole) {
  const std::filesystem::path folder = testing::TempDir() + "pamkit_write_file";
  const std::filesystem::path file = folder / "a" / "b.txt";
  provenance::write_file_atomically(file, "one");
  provenance::write_file_atomically(file, "two");
  EXPECT_EQ(std::filesystem::file_size(file), 3U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(file.parent_path()), {}), 1);
  std::filesystem::remove_all(folder);
  EXPECT_THROW(provenance::write_file_atomically("/proc/no/such/file", "x"), std::runtime_error);
}

}  // namespace
}  // namespace pamkit::properties
