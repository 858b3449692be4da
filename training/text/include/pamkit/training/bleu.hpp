#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pamkit::training {

/// The version of sacrebleu whose scores the tests compare with.
inline constexpr std::string_view sacrebleu_version = "2.6.0";

/// Counts of which BLEU is made; those of a corpus are the sums of those of its segments, so that a
/// bootstrap needs each segment only once. Index n - 1 is for n-grams of length n.
struct bleu_statistics {
  std::array<std::int64_t, 4>
      matches{};  ///< n-grams of the hypothesis found in the reference, clipped
  std::array<std::int64_t, 4> totals{};  ///< n-grams of the hypothesis
  std::int64_t hypothesis_length = 0;    ///< tokens
  std::int64_t reference_length = 0;     ///< tokens

  bleu_statistics& operator+=(const bleu_statistics& other);
  friend bool operator==(const bleu_statistics&, const bleu_statistics&) = default;
};

/// A score and its parts.
struct bleu_score {
  double score = 0;                    ///< 0 to 100
  std::array<double, 4> precisions{};  ///< smoothed, 0 to 100
  double brevity_penalty = 0;          ///< 0 to 1
  bleu_statistics statistics;
};

/// The tokens of a segment by mteval-v13a as sacrebleu has it: entities &quot; &amp; &lt; &gt;
/// resolved, ASCII punctuation split off (period, comma and dash depending on digits beside them),
/// cut at Unicode white space as Python's str.split() knows it. Nothing is done to other scripts.
std::vector<std::string> tokenize_13a(std::string_view segment);

/// Counts of one segment against one reference.
bleu_statistics segment_statistics(std::string_view hypothesis, std::string_view reference);

/// The score of summed counts: geometric mean of four precisions times the brevity penalty,
/// exponential smoothing (the k-th n-gram length without a match counts as 1 / 2^k matches), 0
/// where no n-gram of any length matches (the precisions are then 0 too) or where no hypothesis has
/// four tokens.
bleu_score score_of(const bleu_statistics& statistics);

/// Corpus BLEU equal to sacrebleu's default (one reference, mixed case, 13a, exponential
/// smoothing). Throws input_error where the numbers of segments differ or there is none.
bleu_score corpus_bleu(std::span<const std::string> hypotheses,
                       std::span<const std::string> references);

/// The signature sacrebleu prints for such a score:
/// "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:...".
std::string bleu_signature();

}  // namespace pamkit::training
