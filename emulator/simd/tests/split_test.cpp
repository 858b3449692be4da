#include "pamkit/tensor/split.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <vector>

#include "operand_profiles.hpp"
#include "pamkit/backend.hpp"

namespace pamkit::testing {
namespace {

struct sizes {
  std::int64_t batch, m, n, k;
};

TEST(Split, PartsTogetherGiveTheBitsOfTheWhole) {
  std::mt19937 random(1);
  const operand_profile profile{.name = "mixed", .zeros = 10, .infinities = 1, .nans = 1};
  for (const sizes s :
       {sizes{1, 20, 9, 7}, {1, 5, 33, 12}, {7, 3, 4, 5}, {3, 40, 6, 2}, {1, 1, 1, 1}}) {
    std::vector<float> a(static_cast<std::size_t>(s.batch * s.m * s.k));
    std::vector<float> b(static_cast<std::size_t>(s.batch * s.k * s.n));
    std::vector<float> d(static_cast<std::size_t>(s.batch * s.m * s.n));
    for (auto* values : {&a, &b, &d}) {
      for (float& x : *values) x = std::bit_cast<float>(draw(profile, random));
    }
    for (const auto kind :
         {contraction_kind::product, contraction_kind::vjp_a, contraction_kind::vjp_b}) {
      contraction_problem c{
          .batch = s.batch, .m = s.m, .n = s.n, .k = s.k, .a = {}, .b = {}, .d = {}, .out = {}};
      c.a = {a.data(), s.k, 1, s.m * s.k};
      c.b = {b.data(), 1, s.k, s.k * s.n};
      c.d = {d.data(), s.n, 1, s.m * s.n};
      const std::int64_t rows = output_rows(kind, c);
      const std::int64_t columns = output_columns(kind, c);
      std::vector<std::uint32_t> expected;
      for (const std::int64_t parts : {1, 2, 3, 8, 1000}) {
        // Written once each: twice would add up in the count below.
        std::vector<float> out(static_cast<std::size_t>(s.batch * rows * columns), -77.0F);
        c.out = {out.data(), columns, 1, rows * columns};
        const std::vector<contraction_problem> pieces = split(c, kind, parts);
        EXPECT_LE(pieces.size(), static_cast<std::size_t>(parts));
        std::int64_t outputs = 0;
        for (const contraction_problem& piece : pieces) {
          outputs += piece.batch * output_rows(kind, piece) * output_columns(kind, piece);
          simd_backend().contraction("adder", kind, derivative::approx)({}, piece);
        }
        EXPECT_EQ(outputs, s.batch * rows * columns);
        std::vector<std::uint32_t> bits;
        for (const float x : out) bits.push_back(std::bit_cast<std::uint32_t>(x));
        if (expected.empty()) {
          scalar_backend().contraction("adder", kind, derivative::approx)({}, c);
          for (const float x : out) expected.push_back(std::bit_cast<std::uint32_t>(x));
        }
        EXPECT_EQ(bits, expected) << parts;
      }
    }
  }
}

TEST(Split, OfNothingIsNothing) {
  contraction_problem c;
  c.m = 4;
  c.k = 3;
  EXPECT_TRUE(split(c, contraction_kind::product, 4).empty());
}

}  // namespace
}  // namespace pamkit::testing
