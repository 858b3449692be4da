#include "pamkit/training/beam_search.hpp"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "pamkit/training/batches.hpp"
#include "pamkit/training/device.hpp"
#include "pamkit/training/subwords.hpp"

namespace pamkit::training {
namespace {

constexpr float kNone = -std::numeric_limits<float>::infinity();

// One way to go on: from a beam, by a token.
struct candidate {
  float score = kNone;
  std::int64_t beam = 0;
  std::int64_t token = 0;
};

struct hypothesis {
  std::vector<std::int32_t> pieces;
  float score = kNone;  ///< sum of log_softmax
};

// The search for one sentence.
struct sentence_search {
  std::size_t place = 0;     ///< in the caller's order
  std::int64_t limit = 0;    ///< pieces at most
  std::vector<hypothesis> beams;
  std::vector<std::int64_t> origins;  ///< of each beam, the beam it continues
  std::vector<hypothesis> finished;   ///< scores divided by length
  bool done = false;
};

// The 2 beam best candidates in descending score; equal ones in ascending beam, then token.
std::vector<candidate> best_candidates(const sentence_search& s, const float* log_probabilities,
                                       std::int64_t vocabulary, bool must_end) {
  const std::size_t wanted = 2 * s.beams.size();
  std::vector<candidate> best;
  const auto offer = [&](const candidate& c) {
    if (!(c.score > kNone) || (best.size() == wanted && !(c.score > best.back().score))) return;
    if (best.size() == wanted) best.pop_back();
    const auto behind = std::ranges::upper_bound(best, c.score, std::greater(), &candidate::score);
    best.insert(behind, c);
  };
  for (std::size_t b = 0; b < s.beams.size(); ++b) {
    const auto beam = static_cast<std::int64_t>(b);
    const float* const row = log_probabilities + beam * vocabulary;
    const float so_far = s.beams[b].score;
    if (must_end) {
      offer({so_far + row[subwords::end_id], beam, subwords::end_id});
      continue;
    }
    for (std::int64_t token = 0; token < vocabulary; ++token) {
      if (token == subwords::pad_id || token == subwords::begin_id) continue;
      offer({so_far + row[token], beam, token});
    }
  }
  return best;
}

// One step of one sentence; `length` is that of its hypotheses with the new token.
void advance(sentence_search& s, const float* log_probabilities, std::int64_t vocabulary,
             std::int64_t length) {
  const std::size_t width = s.beams.size();
  const std::vector<candidate> best =
      best_candidates(s, log_probabilities, vocabulary, length > s.limit);
  std::vector<hypothesis> next;
  s.origins.clear();
  for (std::size_t i = 0; i < best.size() && next.size() < width; ++i) {
    const candidate& c = best[i];
    const hypothesis& from = s.beams[static_cast<std::size_t>(c.beam)];
    if (c.token == subwords::end_id) {
      if (i < width) s.finished.push_back({from.pieces, c.score / static_cast<float>(length)});
      continue;
    }
    next.push_back({from.pieces, c.score});
    next.back().pieces.push_back(static_cast<std::int32_t>(c.token));
    s.origins.push_back(c.beam);
  }
  s.done = next.empty() || s.finished.size() >= width;
  next.resize(width);
  s.origins.resize(width, 0);
  s.beams = std::move(next);
}

const std::vector<std::int32_t>& best_of(const sentence_search& s) {
  static const std::vector<std::int32_t> nothing;
  // The first of equals: found earlier, or by the lower beam.
  const auto best = std::ranges::max_element(s.finished, {}, &hypothesis::score);
  return best == s.finished.end() ? nothing : best->pieces;
}

at::Tensor as_tensor(const std::vector<std::int64_t>& values) {
  at::Tensor t = at::empty({static_cast<std::int64_t>(values.size())}, at::kLong);
  std::ranges::copy(values, t.mutable_data_ptr<std::int64_t>());
  return to_training_device(t);
}

// Rows [row * heads, (row + 1) * heads) of `t` for each row asked for.
at::Tensor select_rows(const at::Tensor& t, const at::Tensor& rows, std::int64_t heads) {
  return t.view({t.size(0) / heads, heads, t.size(1), t.size(2)})
      .index_select(0, rows)
      .view({rows.size(0) * heads, t.size(1), t.size(2)});
}

// The sentences that are searched together: row i * beam + b of every tensor is beam b of sentence i.
class group_search {
 public:
  group_search(const transformer& model, const recipe::search_settings& settings,
               std::span<const std::vector<std::int32_t>> sources,
               std::span<const std::uint32_t> rows)
      : model_(model), settings_(settings) {
    const batch b = make_source_batch(sources, rows);
    const at::Tensor ids =
        as_tensor(b.source).view({static_cast<std::int64_t>(b.rows),
                                  static_cast<std::int64_t>(b.source_length)});
    source_ = model_.encode(ids, no_dropout_);
    past_.resize(source_.layers.size());
    for (const std::uint32_t row : rows) {
      sentence_search s;
      s.place = row;
      s.limit = static_cast<std::int64_t>(std::floor(settings.length_factor *
                                                     static_cast<double>(sources[row].size()))) +
                settings.length_constant;
      s.beams.resize(static_cast<std::size_t>(settings.beam));
      s.beams[0].score = 0;
      sentences_.push_back(std::move(s));
    }
    std::vector<std::int64_t> copies;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      copies.insert(copies.end(), static_cast<std::size_t>(settings.beam),
                    static_cast<std::int64_t>(i));
    }
    reorder_source(as_tensor(copies));
  }

  void run(std::vector<std::vector<std::int32_t>>& results) {
    for (std::int64_t length = 1; !sentences_.empty(); ++length) {
      step(length);
      keep_unfinished(results);
    }
  }

 private:
  std::int64_t heads() const { return model_.settings().heads; }

  void reorder_source(const at::Tensor& rows) {
    for (key_values& layer : source_.layers) {
      layer = {select_rows(layer.keys, rows, heads()), select_rows(layer.values, rows, heads())};
    }
    source_.mask = source_.mask.index_select(0, rows);
  }

  void step(std::int64_t length) {
    std::vector<std::int64_t> last;
    for (const sentence_search& s : sentences_) {
      for (const hypothesis& h : s.beams) {
        last.push_back(h.pieces.empty() ? subwords::begin_id : h.pieces.back());
      }
    }
    const at::Tensor hidden =
        model_.decode(as_tensor(last).view({-1, 1}), length - 1, past_, source_, no_dropout_);
    const at::Tensor log_probabilities =
        on_host(at::log_softmax(model_.logits(hidden.view({hidden.size(0), -1})), 1));
    const std::int64_t vocabulary = log_probabilities.size(1);
    const float* const values = log_probabilities.const_data_ptr<float>();
    const std::int64_t beam = settings_.beam;
    at::parallel_for(0, static_cast<std::int64_t>(sentences_.size()), 1,
                     [&](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t i = begin; i < end; ++i) {
                         advance(sentences_[static_cast<std::size_t>(i)],
                                 values + i * beam * vocabulary, vocabulary, length);
                       }
                     });
  }

  // Takes finished sentences out and puts the others' rows in the order of their new beams.
  void keep_unfinished(std::vector<std::vector<std::int32_t>>& results) {
    std::vector<std::int64_t> origins;
    std::vector<std::int64_t> same_beams;
    std::vector<sentence_search> rest;
    for (std::size_t i = 0; i < sentences_.size(); ++i) {
      sentence_search& s = sentences_[i];
      if (s.done) {
        results[s.place] = best_of(s);
        continue;
      }
      const std::int64_t first = static_cast<std::int64_t>(i) * settings_.beam;
      for (std::int64_t b = 0; b < settings_.beam; ++b) {
        origins.push_back(first + s.origins[static_cast<std::size_t>(b)]);
        same_beams.push_back(first + b);
      }
      rest.push_back(std::move(s));
    }
    const bool fewer = rest.size() < sentences_.size();
    sentences_ = std::move(rest);
    if (sentences_.empty()) return;
    const at::Tensor rows = as_tensor(origins);
    for (key_values& layer : past_) {
      layer = {select_rows(layer.keys, rows, heads()), select_rows(layer.values, rows, heads())};
    }
    if (fewer) reorder_source(as_tensor(same_beams));
  }

  const transformer& model_;
  const recipe::search_settings& settings_;
  dropout_pass no_dropout_;
  encoded_source source_;
  std::vector<key_values> past_;
  std::vector<sentence_search> sentences_;
};

}  // namespace

std::vector<std::vector<std::int32_t>> translate(const transformer& model,
                                                 const recipe::search_settings& settings,
                                                 std::span<const std::vector<std::int32_t>> sources,
                                                 const go_on& keep_going) {
  const at::NoGradGuard no_grad;
  std::vector<std::vector<std::int32_t>> results(sources.size());
  std::vector<std::uint32_t> order(sources.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, std::greater(), [&](std::uint32_t i) { return sources[i].size(); });
  const auto together = static_cast<std::size_t>(settings.sentences);
  double pieces = 0;
  for (const auto& source : sources) pieces += static_cast<double>(source.size());
  double done = 0;
  for (std::size_t first = 0; first < order.size() && keep_going(done / pieces);
       first += together) {
    const std::size_t count = std::min(together, order.size() - first);
    const std::span group = std::span(order).subspan(first, count);
    group_search(model, settings, sources, group).run(results);
    for (const std::uint32_t i : group) done += static_cast<double>(sources[i].size());
  }
  return results;
}

}  // namespace pamkit::training
