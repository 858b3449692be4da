#include "pamkit/training/bleu.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <unordered_map>

#include "pamkit/training/input_error.hpp"
#include "pamkit/training/utf8.hpp"

namespace pamkit::training {
namespace {

constexpr std::size_t max_order = 4;

// str.isspace() of Python: bidirectional class WS, B or S, or category Zs.
bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_period_or_comma(char c) { return c == '.' || c == ','; }

// Punctuation that always stands alone: ASCII without letters, digits, ' , - and period.
bool is_split_off(char c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') ||
         (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

std::vector<std::string> split_at_space(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  while (!text.empty()) {
    const code_point c = first_code_point(text);
    if (c.valid && is_space(c.value)) {
      if (!word.empty()) words.push_back(std::move(word));
      word.clear();
    } else {
      word += text.substr(0, c.size);
    }
    text.remove_prefix(c.size);
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

std::string_view without_trailing_space(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size();) {
    const code_point c = first_code_point(text.substr(i));
    i += c.size;
    if (!c.valid || !is_space(c.value)) end = i;
  }
  return text.substr(0, end);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t i = 0; (i = text.find(from, i)) != std::string::npos; i += to.size()) {
    text.replace(i, from.size(), to);
  }
}

// The four substitutions of mteval-v13a follow. Each scans once from the left and goes on behind
// its match. A match of two characters may be cut inside a character of several bytes: what it
// copies is the same, as only ASCII decides.

std::string split_off_punctuation(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (is_split_off(c)) {
      result += ' ';
      result += c;
      result += ' ';
    } else {
      result += c;
    }
  }
  return result;
}

// Rewrites each pair of neighbours for which `matches` holds as BEFORE first MIDDLE second AFTER.
template <class Matches>
std::string rewrite_pairs(std::string_view text, Matches matches, std::string_view before,
                          std::string_view middle, std::string_view after) {
  std::string result;
  std::size_t i = 0;
  while (i < text.size()) {
    if (i + 1 < text.size() && matches(text[i], text[i + 1])) {
      result += before;
      result += text[i];
      result += middle;
      result += text[i + 1];
      result += after;
      i += 2;
    } else {
      result += text[i];
      ++i;
    }
  }
  return result;
}

using ngram = std::array<std::uint32_t, max_order>;  // unused places 0; words count from 1

std::vector<ngram> sorted_ngrams(std::span<const std::uint32_t> words, std::size_t order) {
  std::vector<ngram> result;
  for (std::size_t i = 0; i + order <= words.size(); ++i) {
    ngram gram{};
    std::ranges::copy(words.subspan(i, order), gram.begin());
    result.push_back(gram);
  }
  std::ranges::sort(result);
  return result;
}

}  // namespace

bleu_statistics& bleu_statistics::operator+=(const bleu_statistics& other) {
  for (std::size_t n = 0; n < max_order; ++n) {
    matches[n] += other.matches[n];
    totals[n] += other.totals[n];
  }
  hypothesis_length += other.hypothesis_length;
  reference_length += other.reference_length;
  return *this;
}

std::vector<std::string> tokenize_13a(std::string_view segment) {
  std::string text(without_trailing_space(segment));
  replace_all(text, "<skipped>", "");
  replace_all(text, "-\n", "");
  replace_all(text, "\n", " ");
  replace_all(text, "&quot;", "\"");
  replace_all(text, "&amp;", "&");
  replace_all(text, "&lt;", "<");
  replace_all(text, "&gt;", ">");
  text = split_off_punctuation(' ' + text + ' ');
  text = rewrite_pairs(
      text, [](char a, char b) { return !is_digit(a) && is_period_or_comma(b); }, "", " ", " ");
  text = rewrite_pairs(
      text, [](char a, char b) { return is_period_or_comma(a) && !is_digit(b); }, " ", " ", "");
  text = rewrite_pairs(
      text, [](char a, char b) { return is_digit(a) && b == '-'; }, "", " ", " ");
  return split_at_space(text);
}

bleu_statistics segment_statistics(std::string_view hypothesis, std::string_view reference) {
  std::unordered_map<std::string, std::uint32_t> numbers;
  const auto words_of = [&](std::string_view segment) {
    std::vector<std::uint32_t> words;
    for (std::string& token : tokenize_13a(segment)) {
      const auto next = static_cast<std::uint32_t>(numbers.size() + 1);
      words.push_back(numbers.try_emplace(std::move(token), next).first->second);
    }
    return words;
  };
  const std::vector<std::uint32_t> hypothesis_words = words_of(hypothesis);
  const std::vector<std::uint32_t> reference_words = words_of(reference);

  bleu_statistics result;
  result.hypothesis_length = static_cast<std::int64_t>(hypothesis_words.size());
  result.reference_length = static_cast<std::int64_t>(reference_words.size());
  for (std::size_t order = 1; order <= max_order; ++order) {
    const std::vector<ngram> found = sorted_ngrams(hypothesis_words, order);
    const std::vector<ngram> wanted = sorted_ngrams(reference_words, order);
    std::vector<ngram> both;  // each n-gram as often as on the side that has fewer
    std::ranges::set_intersection(found, wanted, std::back_inserter(both));
    result.totals[order - 1] = static_cast<std::int64_t>(found.size());
    result.matches[order - 1] = static_cast<std::int64_t>(both.size());
  }
  return result;
}

bleu_score score_of(const bleu_statistics& statistics) {
  bleu_score result;
  result.statistics = statistics;
  const auto hypothesis_length = static_cast<double>(statistics.hypothesis_length);
  const auto reference_length = static_cast<double>(statistics.reference_length);
  result.brevity_penalty = 1;
  if (hypothesis_length < reference_length) {
    result.brevity_penalty =
        hypothesis_length > 0 ? std::exp(1 - reference_length / hypothesis_length) : 0.0;
  }
  if (std::ranges::all_of(statistics.matches, [](std::int64_t count) { return count == 0; })) {
    return result;
  }
  double smoothing = 1;
  double log_sum = 0;
  for (std::size_t n = 0; n < max_order; ++n) {
    if (statistics.totals[n] == 0) return result;  // no hypothesis is this long: a precision of 0
    const auto total = static_cast<double>(statistics.totals[n]);
    if (statistics.matches[n] == 0) {
      smoothing *= 2;
      result.precisions[n] = 100 / (smoothing * total);
    } else {
      result.precisions[n] = 100 * static_cast<double>(statistics.matches[n]) / total;
    }
    log_sum += std::log(result.precisions[n]);
  }
  result.score = result.brevity_penalty * std::exp(log_sum / max_order);
  return result;
}

bleu_score corpus_bleu(std::span<const std::string> hypotheses,
                       std::span<const std::string> references) {
  if (hypotheses.size() != references.size()) {
    throw input_error(
        "BLEU",
        fmt::format("{} hypotheses but {} references", hypotheses.size(), references.size()),
        "one reference for each hypothesis was expected");
  }
  if (hypotheses.empty()) {
    throw input_error("BLEU", "no segments", "at least one hypothesis was expected");
  }
  bleu_statistics sum;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    sum += segment_statistics(hypotheses[i], references[i]);
  }
  return score_of(sum);
}

std::string bleu_signature() {
  return fmt::format("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{}", sacrebleu_version);
}

}  // namespace pamkit::training
