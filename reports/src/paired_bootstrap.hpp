#pragma once

#include <span>

#include "pamkit/training/bleu.hpp"

namespace pamkit::reports {

/// BLEU of a test set, from the counts of its sentences.
double bleu_of(std::span<const training::bleu_statistics> sentences);

/// Two systems on one test set: is the difference of their BLEU more than the choice of sentences?
struct bleu_difference {
  double value = 0;     ///< of the system
  double baseline = 0;  ///< of the baseline
  double difference = 0;
  double low = 0;  ///< of the middle 95 % of the resampled differences
  double high = 0;
  double p = 1;  ///< two-sided, of "both are equal"
  int samples = 0;
};

/// Paired bootstrap over sentences (Koehn, EMNLP 2004): 1000 test sets of as many sentences, drawn
/// with replacement, the same ones for every pair of systems of one number of sentences.
/// Deterministic. p = (1 + number of resampled differences that lie as far from their mean as the
/// difference from 0) / 1001, as sacrebleu has it (Riezler and Maxwell 2005). Both spans have one
/// entry a sentence, in the test set's order, at least one. Throws std::invalid_argument where the
/// lengths differ or are 0.
bleu_difference paired_bootstrap(std::span<const training::bleu_statistics> system,
                                 std::span<const training::bleu_statistics> baseline);

}  // namespace pamkit::reports
