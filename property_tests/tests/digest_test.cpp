#include "pamkit/properties/digest.hpp"

#include <gtest/gtest.h>

#include <set>

#include "pamkit/properties/golden_vectors.hpp"
#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {
namespace {

TEST(digests, are_committed_for_every_item_and_for_nothing_else) {
  std::set<std::string> wanted;
  for (const digest_group group : all_digest_groups) {
    for (const digest_item& item : digest_items(group, default_arithmetics())) {
      EXPECT_TRUE(wanted.insert(item.arguments()).second) << item.arguments() << " twice";
      EXPECT_TRUE(committed_digests().contains(item.arguments())) << item.arguments();
    }
  }
  EXPECT_EQ(committed_digests().size(), wanted.size());
}

// Every 97th of each group: the golden model by itself gives the committed digest.
TEST(digests, are_the_golden_models) {
  digest_operands operands;
  for (const digest_group group : all_digest_groups) {
    const auto items = digest_items(group, default_arithmetics());
    for (std::size_t i = 5; i < items.size(); i += 97) {
      const digest_cases cases(items[i], operands);
      EXPECT_EQ(golden_digest(items[i], cases), committed_digests().at(items[i].arguments()))
          << items[i].arguments();
    }
  }
}

TEST(digests, change_with_one_bit_of_one_result) {
  digest_operands operands;
  for (const digest_group group : all_digest_groups) {
    const digest_item item = digest_items(group, default_arithmetics()).front();
    const digest_cases cases(item, operands);
    column results = cases.results(functions_for(item, scalar_backend()));
    const std::string before = cases.digest(results);
    EXPECT_EQ(before, committed_digests().at(item.arguments()));
    results.back() ^= 1;
    EXPECT_NE(cases.digest(results), before);
  }
}

// A backend whose product of two equal operands is one unit off, and nothing else.
elementwise_function faulty(std::string_view operation, std::string_view arithmetic) {
  if (operation != "mul" || arithmetic != "pam") return nullptr;
  return [](const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
            std::uint32_t* out, std::size_t count) {
    scalar_backend().elementwise("mul", "pam")(c, a, b, out, count);
    for (std::size_t i = 0; i < count; ++i) out[i] ^= a[i] == 0x44 && b[i] == 0x44 ? 1 : 0;
  };
}

TEST(digests, reject_a_backend_with_one_wrong_result_in_65536) {
  const backend broken{.name = "broken",
                       .description = "one pair of e4m3 is wrong",
                       .elementwise = faulty,
                       .contraction = scalar_backend().contraction};
  suite_options options;
  options.backends = {&broken};
  options.arithmetics = {*parse_arithmetic("pam")};
  options.formats = {e4m3{}};
  options.operations = {"mul"};
  options.properties = {"P50"};
  const suite_results results = run_suite(options);
  std::size_t digests = 0;
  for (const result& row : results.rows) {
    if (row.domain != "the operands of the golden digests") continue;
    ++digests;
    EXPECT_EQ(row.status, run_status::fail);
    ASSERT_TRUE(row.counterexample.has_value());
    EXPECT_EQ(row.counterexample->operands, (std::vector<std::string>{"44", "44"}));
  }
  EXPECT_EQ(digests, 1U);
}

TEST(tensor_functions, of_every_kind_are_the_golden_models_on_their_rows) {
  const arithmetic_choice pam = *parse_arithmetic("pam");
  for (const tensor_function& f : tensor_functions()) {
    const configuration rules = pam.configure(bfloat16{}, {}, {});
    const tensor_function itself{f.info, f.is_product, false};
    const bound_function bound = bind_function(f, scalar_backend(), "pam", derivative::exact);
    ASSERT_TRUE(bound) << f.name();
    tensor_stream stream(f, bind_function(itself, scalar_backend(), "pam", derivative::approx),
                         rules, row_shape(f, 2, 5), 3);
    for (int i = 0; i < 9; ++i) {
      const layer_case c = stream.next();
      const auto got = compute(f, bound, rules, derivative::exact, c);
      const auto golden = golden_tensor(f, derivative::exact, pam, bfloat16{}, {}, {}, c);
      ASSERT_EQ(got.size(), golden.size()) << f.name();
      for (std::size_t j = 0; j < got.size(); ++j) {
        EXPECT_EQ(got[j].encodings, golden[j].encodings) << f.name();
      }
    }
  }
}

TEST(layer_shapes, are_read_as_they_are_written) {
  for (const char* text : {"1x8,8x1", "2x33,33,33/eps=0.5", "1x", "1x,3", "0x4"}) {
    const auto shape = parse_layer_shape(text);
    ASSERT_TRUE(shape) << text;
    EXPECT_EQ(shape->text(), text);
  }
  for (const char* text : {"", "x", "2x-1", "2,,3", "3/eps", "3/eps=x", "a", "2000000", "99999999999999999999"}) {
    EXPECT_FALSE(parse_layer_shape(text)) << text;
  }
}

}  // namespace
}  // namespace pamkit::properties
