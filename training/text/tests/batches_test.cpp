#include "pamkit/training/batches.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>

#include "pamkit/training/philox.hpp"
#include "scratch_folder.hpp"

namespace pamkit::training {
namespace {

using row_list = std::vector<std::uint32_t>;
using matrix = std::vector<std::int64_t>;

// Pairs of 1 to 40 pieces a side, the sides alike in length.
std::vector<id_pair> some_pairs(std::uint32_t count) {
  std::vector<id_pair> pairs;
  for (std::uint32_t i = 0; i < count; ++i) {
    const philox_counter random = philox4x32_10({0, 0, 0, i}, {7, 7});
    const std::size_t source = 1 + random[0] % 36;
    const std::size_t target = source + random[1] % 5;
    pairs.push_back({std::vector<std::int32_t>(source, 4), std::vector<std::int32_t>(target, 5)});
  }
  return pairs;
}

TEST(make_batch, writes_pieces_end_begin_and_padding) {
  const std::vector<id_pair> pairs = {{{10, 11}, {20}}, {{12}, {21, 22, 23}}, {{}, {}}};
  const batch got = make_batch(pairs, row_list{1, 0});
  EXPECT_EQ(got.rows, 2U);
  EXPECT_EQ(got.source_length, 3U);
  EXPECT_EQ(got.target_length, 4U);
  EXPECT_EQ(got.source, (matrix{12, 3, 0, 10, 11, 3}));
  EXPECT_EQ(got.target_input, (matrix{2, 21, 22, 23, 2, 20, 0, 0}));
  EXPECT_EQ(got.target_output, (matrix{21, 22, 23, 3, 20, 3, 0, 0}));
  EXPECT_EQ(got.source_tokens, 5U);
  EXPECT_EQ(got.target_tokens, 6U);
}

TEST(make_source_batch, takes_empty_sources) {
  const std::vector<std::vector<std::int32_t>> sources = {{}, {10, 11}};
  const batch got = make_source_batch(sources, row_list{0, 1});
  EXPECT_EQ(got.source, (matrix{3, 0, 0, 10, 11, 3}));
  EXPECT_EQ(got.source_tokens, 4U);
  EXPECT_EQ(got.target_length, 0U);
  EXPECT_TRUE(got.target_input.empty());
}

TEST(make_batch, refuses_no_rows_and_rows_that_are_not_there) {
  const std::vector<id_pair> pairs = {{{10}, {20}}};
  EXPECT_THROW((void)make_batch(pairs, {}), std::invalid_argument);
  EXPECT_THROW((void)make_batch(pairs, row_list{1}), std::out_of_range);
  EXPECT_THROW((void)make_source_batch({}, row_list{0}), std::out_of_range);
}

TEST(batch_planner, takes_every_pair_once_an_epoch_and_keeps_the_limit) {
  const std::vector<id_pair> pairs = some_pairs(2000);
  for (const std::size_t max_tokens : {41U, 100U, 1500U, 1000000U}) {
    const batch_planner planner(pairs, max_tokens);
    for (const batch_order& order :
         {planner.training_order(1, 0), planner.training_order(1, 1), planner.sorted_order()}) {
      EXPECT_EQ(order.size(), planner.updates_per_epoch());
      row_list all;
      for (const row_list& rows : order) {
        const batch made = make_batch(pairs, rows);
        EXPECT_LE(made.rows * std::max(made.source_length, made.target_length), max_tokens);
        all.insert(all.end(), rows.begin(), rows.end());
      }
      std::ranges::sort(all);
      row_list expected(pairs.size());
      std::iota(expected.begin(), expected.end(), 0U);
      EXPECT_EQ(all, expected);
    }
  }
}

TEST(batch_planner, puts_rows_of_like_length_together) {
  const std::vector<id_pair> pairs = some_pairs(5000);
  std::size_t places = 0;
  std::size_t tokens = 0;
  for (const row_list& rows : batch_planner(pairs, 1500).training_order(1, 0)) {
    const batch made = make_batch(pairs, rows);
    places += made.rows * (made.source_length + made.target_length);
    tokens += made.source_tokens + made.target_tokens;
  }
  EXPECT_LT((places - tokens) * 20, places) << "less than one place in twenty is padding";
}

TEST(batch_planner, order_is_a_function_of_seed_and_epoch) {
  const std::vector<id_pair> pairs = some_pairs(500);
  const batch_planner planner(pairs, 200);
  const batch_order first = planner.training_order(1, 3);
  (void)planner.training_order(9, 9);
  EXPECT_EQ(planner.training_order(1, 3), first);
  EXPECT_EQ(batch_planner(pairs, 200).training_order(1, 3), first);
  EXPECT_NE(planner.training_order(2, 3), first);
  EXPECT_NE(planner.training_order(1, 4), first);
  EXPECT_NE(planner.training_order(1 + (std::uint64_t{1} << 32), 3), first);
}

TEST(batch_planner, mixes_the_batches_and_the_pairs_of_equal_length) {
  const std::vector<id_pair> pairs = some_pairs(500);
  const batch_planner planner(pairs, 200);
  const auto as_set = [](const batch_order& order) {
    std::set<std::set<std::uint32_t>> batches;
    for (const row_list& rows : order) batches.insert({rows.begin(), rows.end()});
    return batches;
  };
  EXPECT_NE(as_set(planner.training_order(1, 0)), as_set(planner.training_order(1, 1)));
  std::vector<std::size_t> lengths;
  for (const row_list& rows : planner.training_order(1, 0)) {
    lengths.push_back(make_batch(pairs, rows).target_length);
  }
  EXPECT_FALSE(std::ranges::is_sorted(lengths));
}

// Worked out from the definition, so that a change of the order, which would change every trained
// parameter, cannot pass unseen.
TEST(batch_planner, order_is_the_documented_one) {
  const std::vector<id_pair> pairs(6, id_pair{{10}, {20}});
  constexpr std::uint64_t seed = 5;
  constexpr std::uint32_t epoch = 2;
  const auto key = [](std::uint32_t purpose, std::uint32_t index) {
    const philox_counter random = philox4x32_10({epoch, 0, purpose, index}, {5, 0});
    return std::pair(random[0], random[1]);
  };
  row_list order = {0, 1, 2, 3, 4, 5};
  std::ranges::sort(order, {}, [&](auto i) { return key(site::order_of_pairs, i); });
  const batch_order cut = {{order[0], order[1]}, {order[2], order[3]}, {order[4], order[5]}};
  row_list places = {0, 1, 2};
  std::ranges::sort(places, {}, [&](auto i) { return key(site::order_of_batches, i); });
  EXPECT_EQ(batch_planner(pairs, 4).training_order(seed, epoch),
            (batch_order{cut[places[0]], cut[places[1]], cut[places[2]]}));
}

TEST(batch_planner, locates_the_step_at_which_a_run_goes_on) {
  const std::vector<id_pair> pairs = some_pairs(300);
  const batch_planner planner(pairs, 200);
  std::size_t step = 0;
  for (std::uint32_t epoch = 0; epoch < 3; ++epoch) {
    for (std::size_t i = 0; i < planner.training_order(1, epoch).size(); ++i, ++step) {
      EXPECT_EQ(planner.locate(step).epoch, epoch);
      EXPECT_EQ(planner.locate(step).batch, i);
    }
  }
}

TEST(batch_planner, refuses_no_pairs_and_pairs_that_fit_no_batch) {
  EXPECT_THROW(batch_planner({}, 100), std::invalid_argument);
  const std::vector<id_pair> pairs = {{{10}, {20}}, {{10, 10, 10}, {20}}};
  EXPECT_EQ(batch_planner(pairs, 4).updates_per_epoch(), 2U);
  EXPECT_EQ(message_of([&] { batch_planner(pairs, 3); }),
            "batches: a sentence of 4 tokens is above the 3 tokens of a batch; larger batches or a "
            "smaller limit on sentences was expected");
}

TEST(encode_corpus, leaves_out_empty_and_overlong_pairs_and_counts_them) {
  const std::vector<std::string> text = {"ab ba ab", "aabb ab"};
  const subwords model = subwords::train(text, text, {.vocabulary = 10});
  const parallel_corpus corpus{{"train", "train.de", "train.en"},
                               {"ab", "", "ab", "ab ab ab ab ab"},
                               {"ba", "ab", " ", "ab"}};
  const id_corpus got = encode_corpus(model, corpus, 5);
  ASSERT_EQ(got.pairs.size(), 1U);
  EXPECT_EQ(got.pairs[0].source, model.encode("ab"));
  EXPECT_EQ(got.pairs[0].target, model.encode("ba"));
  EXPECT_EQ(got.dropped_empty, 2U);
  EXPECT_EQ(got.dropped_long, 1U);
  const std::size_t longest = model.encode("ab ab ab ab ab").size() + 1;
  EXPECT_EQ(encode_corpus(model, corpus, longest).dropped_long, 0U)
      << "the limit itself is allowed";
  EXPECT_EQ(encode_corpus(model, corpus, longest - 1).dropped_long, 1U);
}

TEST(encode_corpus, refuses_a_corpus_of_which_nothing_is_left) {
  const std::vector<std::string> text = {"ab ba ab", "aabb ab"};
  const subwords model = subwords::train(text, text, {.vocabulary = 10});
  const parallel_corpus corpus{{"train", "train.de", "train.en"}, {"", "ab ab ab"}, {"ab", "ab"}};
  EXPECT_EQ(
      message_of([&] { encode_corpus(model, corpus, 3); }),
      "train.de: no sentence pair is left (1 with an empty side, 1 above 3 tokens); sentences of "
      "text on both sides were expected");
}

}  // namespace
}  // namespace pamkit::training
