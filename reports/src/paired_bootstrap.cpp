#include "paired_bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

namespace pamkit::reports {
namespace {

using training::bleu_statistics;

constexpr int kSamples = 1000;
constexpr std::uint64_t kSeed = 12345;
constexpr double kTail = 0.025;  // of the interval, on each side

// Uniform in [0, count) up to 2^-32 by the high half of a product; the same on every platform,
// which std::uniform_int_distribution is not.
std::size_t draw(std::mt19937_64& random, std::size_t count) {
  return static_cast<std::size_t>(((random() >> 32) * static_cast<std::uint64_t>(count)) >> 32);
}

}  // namespace

double bleu_of(std::span<const bleu_statistics> sentences) {
  bleu_statistics sum;
  for (const bleu_statistics& s : sentences) sum += s;
  return training::score_of(sum).score;
}

bleu_difference paired_bootstrap(std::span<const bleu_statistics> system,
                                 std::span<const bleu_statistics> baseline) {
  if (system.size() != baseline.size() || system.empty()) {
    throw std::invalid_argument("paired_bootstrap: two test sets of equally many sentences");
  }
  bleu_difference result;
  result.value = bleu_of(system);
  result.baseline = bleu_of(baseline);
  result.difference = result.value - result.baseline;
  result.samples = kSamples;
  std::mt19937_64 random(kSeed);
  std::vector<double> differences;
  double mean = 0;
  for (int sample = 0; sample < kSamples; ++sample) {
    bleu_statistics ours;
    bleu_statistics theirs;
    for (std::size_t i = 0; i < system.size(); ++i) {
      const std::size_t sentence = draw(random, system.size());
      ours += system[sentence];
      theirs += baseline[sentence];
    }
    differences.push_back(training::score_of(ours).score - training::score_of(theirs).score);
    mean += differences.back() / kSamples;
  }
  const auto far = std::ranges::count_if(
      differences, [&](double d) { return std::abs(d - mean) >= std::abs(result.difference); });
  result.p = static_cast<double>(far + 1) / (kSamples + 1);
  std::ranges::sort(differences);
  const auto at = [&](double share) {
    return differences[static_cast<std::size_t>(share * (kSamples - 1) + 0.5)];
  };
  result.low = at(kTail);
  result.high = at(1 - kTail);
  return result;
}

}  // namespace pamkit::reports
