#include "suite_tests.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {
namespace {

std::string description_of(const result& r) {
  std::string text = r.statement + " " + r.operation + " " + r.derivative + " " + r.format + " " +
                     r.arithmetic + " " + r.policy + " " + r.overflow + " on " + r.backend + ": " +
                     r.reason;
  if (r.counterexample) {
    text += "\n  operands";
    for (const std::string& x : r.counterexample->operands) text += " " + x;
    text += "\n  got " + r.counterexample->got + ", expected " + r.counterexample->expected +
            "\n  " + r.counterexample->replay;
  }
  return text;
}

// A run of the suite as a test: no row may fail.
class suite_test : public testing::Test {
 public:
  explicit suite_test(suite_options options) : options_(std::move(options)) {}

  void TestBody() override {
    const suite_results results = run_suite(options_);
    EXPECT_FALSE(results.rows.empty());
    for (const result& r : results.rows) {
      EXPECT_NE(r.status, run_status::fail) << description_of(r);
      const bool was_judged = r.status == run_status::pass || r.status == run_status::fail;
      EXPECT_TRUE(!was_judged || r.cases > 0) << description_of(r);
    }
  }

 private:
  suite_options options_;
};

// A name that --gtest_filter can hold.
std::string plain(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '.' || c == '*' || c == ':' || c == '?'; }, '_');
  return text;
}

void register_test(const char* suite, const std::string& name, const suite_options& options) {
  testing::RegisterTest(suite, plain(name).c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [options]() -> testing::Test* { return new suite_test(options); });
}

void register_statements(const arithmetic_choice& arithmetic) {
  for (const property_description& p : properties()) {
    if (p.id == "P1") continue;
    suite_options options;
    options.arithmetics = {arithmetic};
    options.properties = {p.key};
    register_test("statements_quick",
                  p.key + " for " + arithmetic.label + ": " + std::string(p.sentence), options);
  }
}

void register_golden(const arithmetic_choice& arithmetic) {
  for (const operation_info& o : operations()) {
    if (!arithmetic.info->defines(o.name)) continue;
    suite_options options;
    options.arithmetics = {arithmetic};
    options.operations = {std::string(o.name)};
    options.properties = {"P1"};
    register_test(
        "golden_quick",
        std::string(o.name) + " of " + arithmetic.label + " is the golden model's in every format",
        options);
  }
}

bool has_few_encodings(const any_format& format) { return enumeration_size(format, 1) <= 65536; }

void register_every_encoding(const arithmetic_choice& arithmetic) {
  for (const operation_info& o : operations()) {
    if (!arithmetic.info->defines(o.name)) continue;
    suite_options options;
    options.arithmetics = {arithmetic};
    options.operations = {std::string(o.name)};
    options.properties = {"P1"};
    options.level = suite_level::standard;
    for (const any_format& f : default_formats()) {
      const bool enumerated = o.arity == 1 ? has_few_encodings(f) : enumeration_size(f, 2) <= 65536;
      if (enumerated) options.formats.push_back(f);
    }
    const char* const cases = o.arity == 1 ? "encoding of the 8- and 16-bit formats"
                                           : "pair of encodings of the 8-bit formats";
    register_test("every_encoding_standard",
                  std::string(o.name) + " of " + arithmetic.label +
                      " is the golden model's on every " + cases + " under every policy",
                  options);
  }
}

}  // namespace

void register_suite_tests() {
  for (const arithmetic_choice& a : default_arithmetics()) {
    register_statements(a);
    register_golden(a);
    register_every_encoding(a);
  }
}

}  // namespace pamkit::properties
