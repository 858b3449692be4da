#include "pamkit/properties/generator.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <set>

#include "pamkit/properties/contraction_case.hpp"
#include "pamkit/properties/operand_stream.hpp"
#include "pamkit/properties/suite.hpp"

namespace pamkit::properties {
namespace {

std::vector<any_format> formats() { return level_formats(suite_level::standard); }

TEST(generator, reaches_every_required_class_in_every_format) {
  for (const any_format& format : formats()) {
    for (const int arity : {1, 2}) {
      const case_shape shape{format, arity, 0};
      const case_pool pool = make_pool(shape, 1, 4000);
      for (const case_class c : required_classes(shape)) {
        EXPECT_GT(pool.reached[static_cast<std::size_t>(c)], 0U)
            << describe(format).name << ", " << arity << " operands: " << name_of(c);
      }
    }
  }
}

TEST(generator, gives_equal_pools_for_equal_seeds_and_others_for_others) {
  const case_shape shape{binary16{}, 2, 0};
  EXPECT_EQ(make_pool(shape, 7, 100).operands, make_pool(shape, 7, 100).operands);
  EXPECT_NE(make_pool(shape, 7, 100).operands, make_pool(shape, 8, 100).operands);
}

RC_GTEST_PROP(generator, draws_well_formed_encodings_of_every_format, (std::uint64_t seed)) {
  entropy source(seed);
  for (const any_format& format : formats()) {
    const format_description f = describe(format);
    for (const int arity : {1, 2, 3}) {
      for (const std::uint32_t x : draw_case({format, arity, 0}, f, source)) {
        RC_ASSERT(f.is_well_formed(x));
      }
    }
  }
}

TEST(generator, enumerates_every_encoding_once) {
  const operand_columns pairs = enumerate(e4m3{}, 2, 0, enumeration_size(e4m3{}, 2));
  std::set<column> distinct;
  for (std::size_t i = 0; i < case_count(pairs); ++i) distinct.insert(case_at(pairs, i));
  EXPECT_EQ(distinct.size(), 65536U);
  const operand_columns single = enumerate(binary32m{7}, 1, 0, ~std::uint64_t{0});
  EXPECT_EQ(single[0].size(), 65536U);
  const format_description f = describe(binary32m{7});
  for (const std::uint32_t x : single[0]) ASSERT_TRUE(f.is_well_formed(x));
}

TEST(shrinking, ends_at_one_when_everything_fails) {
  for (const any_format& format : formats()) {
    const format_description f = describe(format);
    const column simplest = shrink_case(format, {f.nan, f.sign_mask | f.max_finite},
                                        [](const column&) { return true; });
    EXPECT_EQ(simplest, column({f.one, f.one})) << f.name;
  }
}

TEST(shrinking, keeps_what_is_needed_to_fail) {
  const format_description f = describe(binary32{});
  // Fails when the fractions carry: the smallest such pair has one fraction bit each.
  const auto carries = [&](const column& x) {
    const std::uint32_t mask = f.min_normal - 1;
    return f.is_normal(x[0]) && f.is_normal(x[1]) && (x[0] & mask) + (x[1] & mask) > mask;
  };
  const column simplest = shrink_case(binary32{}, {0xc4abcdefU, 0x12fedcbaU}, carries);
  EXPECT_TRUE(carries(simplest));
  for (const std::uint32_t x : simplest) {
    EXPECT_EQ(x >> 23, 127U);
    EXPECT_EQ(std::popcount(x & 0x7fffffU), 1);
  }
}

TEST(contraction_shrinking, ends_at_one_failing_term) {
  entropy source(3);
  const contraction_case c = make_contraction_case(
      {binary32{}, 2, 0}, {contraction_content::moderate, 2, 5, 6, 7}, source);
  // Fails when anything is negative.
  const contraction_case simplest =
      shrink_contraction(binary32{}, c, [](const contraction_case& x) {
        return std::ranges::any_of(x.a, [](std::uint32_t e) { return (e >> 31) != 0; });
      });
  EXPECT_EQ(simplest.shape(), "1x1x1x1");
  EXPECT_EQ(simplest.a, column{0xbf800000U});
}

TEST(operand_stream, runs_through_every_pair_of_an_8_bit_format) {
  operand_stream stream({e5m2{}, 2, 0}, suite_level::quick, 1);
  EXPECT_EQ(stream.size(), 65536U);
  operand_columns batch;
  std::set<column> distinct;
  while (stream.next(batch, 1000)) {
    for (std::size_t i = 0; i < case_count(batch); ++i) distinct.insert(case_at(batch, i));
  }
  EXPECT_EQ(distinct.size(), 65536U);
}

TEST(operand_stream, gives_as_many_cases_as_asked_whatever_the_batches) {
  const auto all = [](std::size_t batch_size, std::uint64_t limit) {
    operand_stream stream({binary32{}, 2, 0}, suite_level::quick, 5, limit);
    operand_columns batch;
    operand_columns joined(2);
    while (stream.next(batch, batch_size)) {
      for (std::size_t j = 0; j < 2; ++j) {
        joined[j].insert(joined[j].end(), batch[j].begin(), batch[j].end());
      }
    }
    return joined;
  };
  const operand_columns once = all(100'000, 60'000);
  EXPECT_EQ(case_count(once), 60'000U);
  EXPECT_EQ(once, all(777, 60'000));
}

TEST(operand_stream, has_more_cases_at_the_standard_level) {
  for (const any_format& format : {any_format{binary32{}}, any_format{binary16{}}}) {
    operand_stream quick({format, 2, 0}, suite_level::quick, 1);
    operand_stream standard({format, 2, 0}, suite_level::standard, 1);
    EXPECT_GT(quick.size(), 30'000U);
    EXPECT_GT(standard.size(), 10 * quick.size());
  }
}

}  // namespace
}  // namespace pamkit::properties
