#include "pamkit/training/philox.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pamkit::training {
namespace {

// Known answers of the Random123 library (kat_vectors, "philox4x32 10").
static_assert(philox4x32_10({0, 0, 0, 0}, {0, 0}) ==
              philox_counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox4x32_10({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                            {0xffffffff, 0xffffffff}) ==
              philox_counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                            {0xa4093822, 0x299f31d0}) ==
              philox_counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});

TEST(philox, gives_the_known_answers_at_run_time_too) {
  volatile std::uint32_t zero = 0;
  EXPECT_EQ(philox4x32_10({zero, zero, zero, zero}, {zero, zero}),
            (philox_counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
}

TEST(philox, random_bits_take_seed_as_key_and_step_micro_batch_site_element_as_counter) {
  constexpr std::uint64_t seed = 0x299f31d0a4093822;
  EXPECT_EQ(random_bits(seed, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344), 0xd16cfe09);
}

TEST(philox, every_part_of_the_counter_and_key_changes_the_draw) {
  std::set<std::uint32_t> draws;
  draws.insert(random_bits(0, 0, 0, 0, 0));
  draws.insert(random_bits(1, 0, 0, 0, 0));
  draws.insert(random_bits(std::uint64_t{1} << 32, 0, 0, 0, 0));
  draws.insert(random_bits(0, 1, 0, 0, 0));
  draws.insert(random_bits(0, 0, 1, 0, 0));
  draws.insert(random_bits(0, 0, 0, 1, 0));
  draws.insert(random_bits(0, 0, 0, 0, 1));
  EXPECT_EQ(draws.size(), 7U);
}

}  // namespace
}  // namespace pamkit::training
