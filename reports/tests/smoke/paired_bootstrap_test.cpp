#include "paired_bootstrap.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "bleu_rounding.hpp"

namespace pamkit::reports {
namespace {

using training::bleu_statistics;

constexpr const char* kReference = "one two three four five six seven eight";

std::vector<bleu_statistics> sentences(const std::vector<std::string>& hypotheses) {
  std::vector<bleu_statistics> all;
  for (const std::string& h : hypotheses) {
    all.push_back(training::segment_statistics(h, kReference));
  }
  return all;
}

std::vector<bleu_statistics> alternating(const char* even, const char* odd) {
  std::vector<std::string> hypotheses;
  for (int i = 0; i < 40; ++i) hypotheses.emplace_back(i % 2 == 0 ? even : odd);
  return sentences(hypotheses);
}

constexpr const char* kWorse = "one two three four five x seven eight";

TEST(paired_bootstrap, of_equal_systems_sees_no_difference) {
  const auto system = alternating(kReference, kWorse);
  const bleu_difference d = paired_bootstrap(system, system);
  EXPECT_EQ(d.difference, 0);
  EXPECT_EQ(d.low, 0);
  EXPECT_EQ(d.high, 0);
  EXPECT_EQ(d.p, 1);
}

TEST(paired_bootstrap, of_a_system_that_is_better_everywhere_has_the_least_p) {
  const bleu_difference d =
      paired_bootstrap(alternating(kReference, kReference), alternating(kWorse, kWorse));
  EXPECT_NEAR(d.value, 100, kBleuRounding);
  EXPECT_GT(d.difference, 0);
  // Every choice of these sentences has the same counts up to a factor.
  EXPECT_NEAR(d.low, d.difference, 4 * kBleuRounding);
  EXPECT_NEAR(d.high, d.difference, 4 * kBleuRounding);
  EXPECT_EQ(d.p, 1.0 / 1001);
}

TEST(paired_bootstrap, of_systems_that_win_on_half_the_sentences_each_has_a_wide_interval) {
  const bleu_difference d =
      paired_bootstrap(alternating(kReference, kWorse), alternating(kWorse, kReference));
  EXPECT_NEAR(d.difference, 0, 2 * kBleuRounding);
  EXPECT_LT(d.low, -1);
  EXPECT_GT(d.high, 1);
  EXPECT_GT(d.p, 0.99);
}

TEST(paired_bootstrap, interval_follows_the_binomial_distribution_of_the_sentences_drawn) {
  // Of 2 n draws K are even; the counts of the two systems are linear in K, and so, over this short
  // range, nearly is the difference: its 95 % interval is that of K - (2 n - K).
  const bleu_difference one_even =
      paired_bootstrap(alternating(kReference, kWorse), alternating(kWorse, kWorse));
  const double per_sentence = one_even.difference / 20;  // won by each even sentence, about
  const double deviation = 3.1623;                       // of K, sqrt(40) / 2
  // An end of the interval is a whole K, and off by the 1000 samples' own spread there.
  constexpr double kSentencesOfSlack = 3;
  EXPECT_NEAR(one_even.high - one_even.low, 2 * 1.96 * deviation * per_sentence,
              kSentencesOfSlack * per_sentence);
  EXPECT_LT(one_even.p, 0.01);
}

TEST(paired_bootstrap, is_the_same_every_time) {
  const auto a = alternating(kReference, kWorse);
  const auto b = alternating(kWorse, kWorse);
  EXPECT_EQ(paired_bootstrap(a, b).low, paired_bootstrap(a, b).low);
  EXPECT_EQ(paired_bootstrap(a, b).p, paired_bootstrap(a, b).p);
}

TEST(paired_bootstrap, of_unequal_or_no_sentences_is_refused) {
  const auto a = sentences({kReference});
  EXPECT_THROW(paired_bootstrap(a, sentences({kReference, kWorse})), std::invalid_argument);
  EXPECT_THROW(paired_bootstrap({}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace pamkit::reports
