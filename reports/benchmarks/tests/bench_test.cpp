#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "bench_files.hpp"
#include "contraction_case.hpp"
#include "operand_data.hpp"
#include "pamkit/simd.hpp"
#include "pamkit/simd/pam_classes.hpp"
#include "run.hpp"

namespace pamkit::benchmarks {
namespace {

run_options quick_options() {
  run_options o;
  o.plan = {.slice = 0.0005, .total = 0.001, .least_rounds = 3, .most_rounds = 3};
  o.cases.target = std::string(simd_target_name());
  return o;
}

TEST(Benchmarks, AKernelWithOneWrongBitIsNamedAndNotTimed) {
  measured_case c;
  c.name = "broken";
  c.arithmetic = "pam";
  c.shape = "3";
  c.prepare = [] {
    prepared_case p;
    p.kernel = {.name = "simd", .work = 3, .run = [] {}};
    p.check = [](int) {
      const std::array<std::uint32_t, 3> got = {1, 2, 7};
      const std::array<std::uint32_t, 3> expected = {1, 2, 6};
      require_equal(got, expected, [](std::size_t i) { return "element " + std::to_string(i); });
    };
    return p;
  };
  try {
    run_cases({c}, {}, quick_options());
    FAIL() << "nothing was found wrong";
  } catch (const mismatch& wrong) {
    EXPECT_STREQ(wrong.what(), "broken pam 3: element 2: got 00000007, expected 00000006");
  }
}

TEST(Benchmarks, AMissingElementIsAMismatch) {
  const std::array<std::uint32_t, 1> got = {1};
  const std::array<std::uint32_t, 2> expected = {1, 2};
  EXPECT_THROW(require_equal(got, expected, [](std::size_t) { return std::string("here"); }),
               mismatch);
}

TEST(Benchmarks, EveryTileOfALargeTaskHasAComparedElement) {
  EXPECT_EQ(comparison_for(1e6).step, 1);
  EXPECT_GT(comparison_for(1e9).step, 1);
  for (const double terms : {1e6, 2e8, 1e9, 1e12}) {
    const comparison chosen = comparison_for(terms);
    for (std::int64_t row = 0; row < 96; row += 6) {
      for (std::int64_t column = 0; column < 96; column += 16) {
        int compared = 0;
        for (std::int64_t i = row; i < row + 6; ++i) {
          for (std::int64_t j = column; j < column + 16; ++j)
            compared += chosen.includes(i, j) ? 1 : 0;
        }
        EXPECT_GT(compared, 0) << terms << " terms, tile at " << row << ", " << column;
      }
    }
  }
}

TEST(Benchmarks, OperandsAreOfTheClassThatTheyAreCalled) {
  const policy<binary32> rules = contraction_rules(parse_arithmetic("pam")->configure(
      binary32{}, subnormal_policy::flush, overflow_policy::infinity));
  const auto class_of = [&rules](std::string_view name) {
    std::array<magnitude_range, 2> ranges;
    for (int side = 0; side < 2; ++side) {
      std::vector<float> values(1 << 14);
      fill(values, find_operand_class(name), static_cast<std::uint32_t>(side), side == 0);
      for (const float x : values) {
        ranges[static_cast<std::size_t>(side)] =
            including(rules, ranges[static_cast<std::size_t>(side)],
                      static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(x) & 0x7fffffffU));
      }
    }
    return classify(rules, ranges[0], ranges[1]);
  };
  EXPECT_EQ(class_of("plain"), pam_class::plain);
  EXPECT_EQ(class_of("zeros"), pam_class::zeros);
  EXPECT_EQ(class_of("underflow"), pam_class::underflow);
  EXPECT_EQ(class_of("overflow"), pam_class::overflow);
  EXPECT_EQ(class_of("full"), pam_class::full);
  EXPECT_EQ(class_of("subnormal sums"), pam_class::plain);
}

TEST(Benchmarks, ContendersTakeTurns) {
  std::string order;
  const auto contender_of = [&order](char letter) {
    return contender{.name = std::string(1, letter), .work = 1, .run = [&order, letter] {
                       if (order.empty() || order.back() != letter) order += letter;
                     }};
  };
  const timing t =
      time_in_turns({contender_of('a'), contender_of('b')},
                    {.slice = 0.0001, .total = 0.0001, .least_rounds = 3, .most_rounds = 3});
  EXPECT_EQ(order, "abababab") << "once to warm up, three rounds";
  ASSERT_EQ(t.contenders.size(), 2U);
  EXPECT_EQ(t.contenders[0].seconds.size(), 3U);
}

TEST(Benchmarks, QuartilesAreInterpolated) {
  const quartiles q = quartiles_of({4, 1, 3, 2});
  EXPECT_EQ(q.low, 1.75);
  EXPECT_EQ(q.median, 2.5);
  EXPECT_EQ(q.high, 3.25);
  EXPECT_EQ(quartiles_of({7}).median, 7);
}

TEST(Benchmarks, RatiosAreOfSpeedsRoundByRound) {
  const timed_contender kernel{"kernel", 10, {1, 2, 4}, 1};
  const timed_contender other{"other", 20, {1, 2, 4}, 1};
  EXPECT_EQ(speed_ratio(kernel, other).median, 0.5);
  EXPECT_EQ(speed_ratio(kernel, other).low, 0.5) << "a slow round is slow for both";
}

TEST(Benchmarks, SeveralThreadsGiveTheWholeResult) {
  const prepared_case p = contraction_case({.m = 65, .n = 80, .k = 64}).prepare();
  for (const int threads : {1, 2, 3}) EXPECT_NO_THROW(p.check(threads)) << threads;
}

TEST(Benchmarks, TheFirstAimThatFitsIsTaken) {
  const std::vector<aim> aims = {
      {"matmul", "pam", "plain", "64x64x64", "eigen", "", 0, 0.8, 0, "small"},
      {"matmul", "pam", "plain", "", "eigen", "", 0, 0.7, 0, "any"},
      {"", "", "", "", "one thread", "", 2, 1.9, 1.8, "two threads"}};
  const auto of = [&aims](const char* shape, const char* baseline, int threads = 1) {
    return find_aim(aims, {"matmul", "pam", "plain", shape, baseline, "avx2", threads, 0, 0, {}});
  };
  EXPECT_EQ(of("8x8x8", "one thread", 2)->least, 1.8);
  EXPECT_FALSE(of("8x8x8", "one thread", 4));
  EXPECT_EQ(of("64x64x64", "eigen")->ratio, 0.8);
  EXPECT_EQ(of("8x8x8", "eigen")->ratio, 0.7);
  EXPECT_FALSE(of("8x8x8", "openblas"));
}

}  // namespace
}  // namespace pamkit::benchmarks
