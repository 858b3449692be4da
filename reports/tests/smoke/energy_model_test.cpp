#include "energy/energy_model.hpp"

#include <gtest/gtest.h>

namespace pamkit::reports {
namespace {

const energy_constants& node(std::size_t i) { return kEnergyConstants.at(i); }
format_description format(const char* name) { return describe(*parse_format(name)); }

// Sums of decimal constants: equal to what the same sums give on paper up to binary64 rounding.
constexpr double kRounding = 1e-15;

TEST(energy_model, adds_the_published_energies_of_binary32) {
  // ISSCC 2014, Figure 1.1.9: multiplication 3.7, addition 0.9, integer addition 0.1 pJ.
  EXPECT_NEAR(energy_of_term(node(0), format("binary32"), "exact")->total(), 3.7 + 0.9, kRounding);
  EXPECT_NEAR(energy_of_term(node(0), format("binary32"), "pam")->total(), 0.1 + 0.1 + 0.9,
              kRounding);
  EXPECT_NEAR(energy_of_term(node(0), format("binary32"), "l_mul")->total(), 0.1 + 0.1 + 0.9,
              kRounding);
  EXPECT_NEAR(energy_of_term(node(0), format("binary32"), "adder")->total(), 0.9 + 0.9, kRounding);
  EXPECT_NEAR(energy_of_term(node(0), format("binary32"), "power_of_two")->total(), 0.03 + 0.9,
              kRounding);
}

TEST(energy_model, a_compensation_costs_nothing) {
  EXPECT_EQ(energy_of_term(node(0), format("binary32"), "pam:1.0552")->total(),
            energy_of_term(node(0), format("binary32"), "pam")->total());
}

TEST(energy_model, says_nothing_where_nothing_was_published) {
  EXPECT_FALSE(energy_of_term(node(0), format("bfloat16"), "exact"));
  EXPECT_TRUE(energy_of_term(node(1), format("bfloat16"), "exact"));
  EXPECT_FALSE(energy_of_term(node(0), format("e4m3"), "adder"));
  EXPECT_FALSE(energy_of_term(node(0), format("binary32"), "unknown"));
}

TEST(energy_model, widths_between_the_published_ones_are_interpolated_and_marked) {
  EXPECT_NEAR(integer_add(node(0), 16), 0.03 + (0.1 - 0.03) / 3, kRounding);
  EXPECT_TRUE(energy_of_term(node(0), format("binary16"), "pam")->interpolated);
  EXPECT_FALSE(energy_of_term(node(0), format("e4m3"), "pam")->interpolated);
  EXPECT_FALSE(energy_of_term(node(0), format("binary32"), "pam")->interpolated);
}

}  // namespace
}  // namespace pamkit::reports
