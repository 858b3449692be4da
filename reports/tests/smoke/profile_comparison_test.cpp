/// The comparison of profile paper with the default one.
#include "pamkit/reports/profile_comparison.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace pamkit::reports {
namespace {

const profile_comparison& compared() {
  static const profile_comparison all = compare_profiles(0, 1 << 16, 1);
  return all;
}

const profile_difference* find(const profile_set& set, const std::string& operation,
                               const std::string& operands, const std::string& kind) {
  const auto it = std::ranges::find_if(set.differences, [&](const profile_difference& d) {
    return d.operation == operation && d.operands == operands && d.kind == kind;
  });
  return it == set.differences.end() ? nullptr : &*it;
}

TEST(profile_comparison, counts_every_pair_once) {
  ASSERT_EQ(compared().sets.size(), 2U);
  EXPECT_EQ(compared().sets[0].pairs, std::uint64_t{256} * 256 * 64);
  EXPECT_EQ(compared().sets[1].pairs, std::uint64_t{1} << 16);
  for (const profile_set& set : compared().sets) {
    for (std::size_t o = 0; o < profile_operations.size(); ++o) {
      std::uint64_t sum = set.equal[o];
      for (const profile_difference& d : set.differences) {
        if (d.operation == profile_operations[o]) sum += d.differs;
        EXPECT_LE(d.differs, d.cases);
        EXPECT_NE(d.standard, d.paper);
      }
      EXPECT_EQ(sum, set.pairs) << profile_operations[o];
    }
  }
  for (const profile_map& m : compared().sets[0].maps) {
    std::uint64_t sum = 0;
    for (const std::uint16_t n : m.differs) sum += n;
    std::uint64_t listed = 0;
    for (const profile_difference& d : compared().sets[0].differences) {
      if (d.operation == m.operation) listed += d.differs;
    }
    EXPECT_EQ(sum, listed) << m.operation;
  }
}

// Counts that follow from the definitions: fields 1 to 254 are normal, 0 and 255 are not.
TEST(profile_comparison, finds_the_differences_that_the_specification_lists) {
  const profile_set& grid = compared().sets[0];
  // Zero operands have one fraction of four in field 0. Finite partners with one: 255 fields of
  // four fractions, for either side, less the pairs counted twice; half of them have unlike signs.
  const profile_difference* zero =
      find(grid, "mul", "a zero operand", "another sign of zero");
  ASSERT_NE(zero, nullptr);
  EXPECT_EQ(zero->differs, std::uint64_t{2} * (2 * 255 * 4 - 1));
  EXPECT_EQ(zero->standard, 0x80000000U);
  EXPECT_EQ(zero->paper, 0U);
  // Infinite times infinite or normal: infinity becomes NaN. With a zero, to which a subnormal is
  // flushed, it is NaN under either. Infinities have one fraction of four in field 255.
  const profile_difference* infinite =
      find(grid, "mul", "an infinite operand", "NaN instead of infinity");
  ASSERT_NE(infinite, nullptr);
  EXPECT_EQ(infinite->differs, std::uint64_t{4} * (2 * (254 * 4) + 1));
  // Normal operands with a quotient in range: the slope has the wrong sign for every negative b,
  // and for no positive one.
  const profile_difference* negative =
      find(grid, "div_db", "b negative, a / b in range", "another sign of a number");
  ASSERT_NE(negative, nullptr);
  EXPECT_EQ(find(grid, "div_db", "b positive, a / b in range", "another sign of a number"), nullptr);
  for (const char* operation : {"mul", "div"}) {
    const std::string inside = std::string(operation) == "mul" ? "a b in range" : "a / b in range";
    EXPECT_EQ(find(grid, operation, inside, "another number"), nullptr) << operation;
  }
}

TEST(profile_comparison, depends_on_its_seed_alone) {
  const profile_comparison again = compare_profiles(0, 1 << 16, 1);
  const profile_set& a = compared().sets[1];
  const profile_set& b = again.sets[1];
  ASSERT_EQ(a.differences.size(), b.differences.size());
  for (std::size_t i = 0; i < a.differences.size(); ++i) {
    EXPECT_EQ(a.differences[i].differs, b.differences[i].differs);
    EXPECT_EQ(a.differences[i].a, b.differences[i].a);
  }
}

}  // namespace
}  // namespace pamkit::reports
