#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pamkit/training/corpus.hpp"
#include "pamkit/training/subwords.hpp"

namespace pamkit::training {

/// One sentence pair as piece numbers, without begin and end.
struct id_pair {
  std::vector<std::int32_t> source;
  std::vector<std::int32_t> target;

  /// Tokens a side takes in a batch: its pieces and one begin or end.
  std::size_t source_tokens() const { return source.size() + 1; }
  std::size_t target_tokens() const { return target.size() + 1; }
};

/// The pairs of a corpus that a batch can take.
struct id_corpus {
  std::vector<id_pair> pairs;
  std::size_t dropped_empty = 0;  ///< pairs left out because a side has no piece
  std::size_t dropped_long = 0;   ///< pairs left out because a side has more tokens than allowed
};

/// What is left out, as a line says it: "1 with an empty side, 2 above 256 tokens".
std::string told_drops(std::size_t empty, std::size_t too_long, std::size_t max_sentence_tokens);

/// Encodes a corpus in its order, leaving out pairs with an empty side and pairs in which a side
/// has more than `max_sentence_tokens` tokens (end included). Throws input_error where none is
/// left.
id_corpus encode_corpus(const subwords& model, const parallel_corpus& corpus,
                        std::size_t max_sentence_tokens = 256);

/// One batch as row-major matrices, ready to be a tensor of 64-bit integers.
struct batch {
  std::size_t rows = 0;
  std::size_t source_length = 0;
  std::size_t target_length = 0;
  std::vector<std::int64_t> source;         ///< rows x source_length: pieces, end, pad ...
  std::vector<std::int64_t> target_input;   ///< rows x target_length: begin, pieces, pad ...
  std::vector<std::int64_t> target_output;  ///< rows x target_length: pieces, end, pad ...
  std::size_t source_tokens = 0;            ///< of `source`, padding left out
  std::size_t target_tokens = 0;            ///< of `target_output`, padding left out
};

/// The batch of pairs[i] for i in `rows`, in this order. Throws std::out_of_range, and
/// std::invalid_argument where `rows` is empty.
batch make_batch(std::span<const id_pair> pairs, std::span<const std::uint32_t> rows);

/// The same for sentences to translate: target matrices empty, target_length 0. A source may be
/// empty.
batch make_source_batch(std::span<const std::vector<std::int32_t>> sources,
                        std::span<const std::uint32_t> rows);

/// Indices of the pairs of each batch, in the order in which batches are taken.
using batch_order = std::vector<std::vector<std::uint32_t>>;

/// The numbers 0 ... count - 1 in the order of 64 random bits each: words 0 (high) and 1 of Philox4x32-10 with
/// key = seed, counter = (epoch, 0, purpose, number); ties by number.
std::vector<std::uint32_t> random_order(std::size_t count, std::uint64_t seed, std::uint32_t epoch,
                                        std::uint32_t purpose);

/// Where a training step stands in the data; both from 0.
struct data_position {
  std::uint32_t epoch;
  std::size_t batch;
};

/// Decides which pairs make which batch. The order of an epoch is a function of the lengths, the
/// limit, the seed and the epoch only, so that training can go on at any step:
///  1. pairs are put in the order of 64 random bits each: words 0 (high) and 1 of Philox4x32-10
///     with key = seed, counter = (epoch, 0, site::order_of_pairs, index); ties by index;
///  2. they are sorted by the longer side's tokens, then source, then target tokens, then place
///     before, so that the rows of a batch are of like length;
///  3. they are cut from the front into batches, each as large as the limit allows: rows times
///     longest row, padding included, is on neither side above max_tokens;
///  4. the batches are put in order by random bits as in 1, with site::order_of_batches and the
///     batch's index.
/// Every pair is in exactly one batch of an epoch, and every epoch has the same number of batches.
class batch_planner {
 public:
  /// Throws std::invalid_argument where there is no pair, and input_error where a pair alone is
  /// above max_tokens (1500 in the small translation recipe, 4096 in the paper's).
  batch_planner(std::span<const id_pair> pairs, std::size_t max_tokens);

  /// The batches of an epoch, in training order.
  batch_order training_order(std::uint64_t seed, std::uint32_t epoch) const;

  /// Batches of steps 2 and 3 alone, for validation: no random order.
  batch_order sorted_order() const;

  /// Number of batches, the same in every epoch.
  std::size_t updates_per_epoch() const { return updates_per_epoch_; }

  /// The place of update `step` (from 0): where a run that made `step` updates goes on.
  data_position locate(std::size_t step) const;

 private:
  struct pair_tokens {
    std::uint32_t source;
    std::uint32_t target;
  };

  batch_order cut(std::vector<std::uint32_t> order) const;

  std::vector<pair_tokens> tokens_;
  std::size_t max_tokens_;
  std::size_t updates_per_epoch_;
};

}  // namespace pamkit::training
