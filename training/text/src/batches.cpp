#include "pamkit/training/batches.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <tuple>

#include "pamkit/training/input_error.hpp"
#include "pamkit/training/philox.hpp"
#include "pamkit/training/text_codec.hpp"

namespace pamkit::training {
namespace {

// Writes `ids`, with `first` before and `last` behind where they are not negative, then pads.
void append_row(std::vector<std::int64_t>& matrix, std::span<const std::int32_t> ids,
                std::int32_t first, std::int32_t last, std::size_t length) {
  const std::size_t end = matrix.size() + length;
  if (first >= 0) matrix.push_back(first);
  matrix.insert(matrix.end(), ids.begin(), ids.end());
  if (last >= 0) matrix.push_back(last);
  matrix.resize(end, subwords::pad_id);
}

template <class Source, class Target>
id_corpus encoded(const Source& source, const Target& target, const parallel_corpus& corpus,
                  std::size_t max_sentence_tokens) {
  id_corpus result;
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    id_pair pair{source(corpus.source[i]), target(corpus.target[i])};
    if (pair.source.empty() || pair.target.empty()) {
      ++result.dropped_empty;
    } else if (std::max(pair.source_tokens(), pair.target_tokens()) > max_sentence_tokens) {
      ++result.dropped_long;
    } else {
      result.pairs.push_back(std::move(pair));
    }
  }
  if (result.pairs.empty()) {
    throw input_error(
        corpus.files.source.string(),
        fmt::format("no sentence pair is left ({})",
                    told_drops(result.dropped_empty, result.dropped_long, max_sentence_tokens)),
        "sentences of text on both sides were expected");
  }
  return result;
}

void require_rows(std::span<const std::uint32_t> rows, std::size_t size) {
  if (rows.empty()) throw std::invalid_argument("batch: no rows");
  for (const std::uint32_t row : rows) {
    if (row >= size) {
      throw std::out_of_range(fmt::format("batch: row {} is not in [0, {})", row, size));
    }
  }
}

}  // namespace

std::string told_drops(std::size_t empty, std::size_t too_long, std::size_t max_sentence_tokens) {
  return fmt::format("{} with an empty side, {} above {} tokens", empty, too_long,
                     max_sentence_tokens);
}

std::vector<std::uint32_t> random_order(std::size_t count, std::uint64_t seed, std::uint32_t epoch,
                                    std::uint32_t purpose) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keyed(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const philox_counter random = philox4x32_10({epoch, 0, purpose, i}, philox_key_of(seed));
    keyed[i] = {std::uint64_t{random[0]} << 32 | random[1], i};
  }
  std::ranges::sort(keyed);
  std::vector<std::uint32_t> order(count);
  std::ranges::transform(keyed, order.begin(), [](const auto& pair) { return pair.second; });
  return order;
}

id_corpus encode_corpus(const subwords& model, const parallel_corpus& corpus,
                        std::size_t max_sentence_tokens) {
  const auto encode = [&](const std::string& line) { return model.encode(line); };
  return encoded(encode, encode, corpus, max_sentence_tokens);
}

id_corpus encode_corpus(const text_codec& codec, const parallel_corpus& corpus,
                        std::size_t max_sentence_tokens) {
  return encoded([&](const std::string& line) { return codec.encode_source(line); },
                 [&](const std::string& line) { return codec.encode_target(line); }, corpus,
                 max_sentence_tokens);
}

batch make_batch(std::span<const id_pair> pairs, std::span<const std::uint32_t> rows) {
  require_rows(rows, pairs.size());
  batch result;
  result.rows = rows.size();
  for (const std::uint32_t row : rows) {
    const id_pair& pair = pairs[row];
    result.source_length = std::max(result.source_length, pair.source_tokens());
    result.target_length = std::max(result.target_length, pair.target_tokens());
    result.source_tokens += pair.source_tokens();
    result.target_tokens += pair.target_tokens();
  }
  constexpr std::int32_t none = -1;
  for (const std::uint32_t row : rows) {
    const id_pair& pair = pairs[row];
    append_row(result.source, pair.source, none, subwords::end_id, result.source_length);
    append_row(result.target_input, pair.target, subwords::begin_id, none, result.target_length);
    append_row(result.target_output, pair.target, none, subwords::end_id, result.target_length);
  }
  return result;
}

batch make_source_batch(std::span<const std::vector<std::int32_t>> sources,
                        std::span<const std::uint32_t> rows) {
  require_rows(rows, sources.size());
  batch result;
  result.rows = rows.size();
  for (const std::uint32_t row : rows) {
    const std::size_t tokens = sources[row].size() + 1;
    result.source_length = std::max(result.source_length, tokens);
    result.source_tokens += tokens;
  }
  constexpr std::int32_t none = -1;
  for (const std::uint32_t row : rows) {
    append_row(result.source, sources[row], none, subwords::end_id, result.source_length);
  }
  return result;
}

batch_planner::batch_planner(std::span<const id_pair> pairs, std::size_t max_tokens)
    : max_tokens_(max_tokens) {
  if (pairs.empty()) throw std::invalid_argument("batch_planner: no pairs");
  tokens_.reserve(pairs.size());
  for (const id_pair& pair : pairs) {
    const std::size_t longest = std::max(pair.source_tokens(), pair.target_tokens());
    if (longest > max_tokens) {
      throw input_error("batches",
                        fmt::format("a sentence of {} tokens is above the {} tokens of a batch",
                                    longest, max_tokens),
                        "larger batches or a smaller limit on sentences was expected");
    }
    tokens_.push_back({static_cast<std::uint32_t>(pair.source_tokens()),
                       static_cast<std::uint32_t>(pair.target_tokens())});
  }
  updates_per_epoch_ = sorted_order().size();
}

batch_order batch_planner::cut(std::vector<std::uint32_t> order) const {
  const auto lengths = [this](std::uint32_t index) {
    const pair_tokens& pair = tokens_[index];
    return std::tuple(std::max(pair.source, pair.target), pair.source, pair.target);
  };
  std::ranges::stable_sort(order, {}, lengths);
  batch_order batches(1);
  for (const std::uint32_t index : order) {
    // Sorted, so that this pair is the longest so far and decides the width.
    const std::size_t width = std::get<0>(lengths(index));
    if ((batches.back().size() + 1) * width > max_tokens_) batches.emplace_back();
    batches.back().push_back(index);
  }
  return batches;
}

batch_order batch_planner::training_order(std::uint64_t seed, std::uint32_t epoch) const {
  batch_order batches = cut(random_order(tokens_.size(), seed, epoch, site::order_of_pairs));
  batch_order result;
  result.reserve(batches.size());
  for (const std::uint32_t i : random_order(batches.size(), seed, epoch, site::order_of_batches)) {
    result.push_back(std::move(batches[i]));
  }
  return result;
}

batch_order batch_planner::sorted_order() const {
  std::vector<std::uint32_t> order(tokens_.size());
  std::iota(order.begin(), order.end(), 0U);
  return cut(std::move(order));
}

data_position batch_planner::locate(std::size_t step) const {
  return {static_cast<std::uint32_t>(step / updates_per_epoch_), step % updates_per_epoch_};
}

}  // namespace pamkit::training
