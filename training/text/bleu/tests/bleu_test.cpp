#include "pamkit/training/bleu.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "scratch_folder.hpp"

namespace pamkit::training {
namespace {

// Counts are compared for equality. A score is exp of a mean of four logarithms of at most 24 in
// size: exp and log of C libraries are within 1 ulp, so the exponent is off by less than 8
// roundings of 2^-53 * 32 and the score by less than 3e-14 of itself.
constexpr double libm_tolerance = 1e-13;

void expect_near(double got, double expected, const std::string& name) {
  EXPECT_LE(std::abs(got - expected), libm_tolerance * std::abs(expected))
      << name << ": " << got << " is not " << expected;
}

const nlohmann::json& document() {
  static const nlohmann::json parsed =
      nlohmann::json::parse(std::ifstream(PAMKIT_BLEU_CASES, std::ios::binary));
  return parsed;
}

TEST(bleu, equals_sacrebleu_on_every_recorded_corpus) {
  ASSERT_GE(document().at("cases").size(), 40U);
  for (const auto& record : document().at("cases")) {
    const auto name = record.at("name").get<std::string>();
    const auto got = corpus_bleu(record.at("hypotheses").get<std::vector<std::string>>(),
                                 record.at("references").get<std::vector<std::string>>());
    const bleu_statistics& counts = got.statistics;
    EXPECT_EQ(nlohmann::json(counts.matches), record.at("matches")) << name;
    EXPECT_EQ(nlohmann::json(counts.totals), record.at("totals")) << name;
    EXPECT_EQ(counts.hypothesis_length, record.at("hypothesis_length")) << name;
    EXPECT_EQ(counts.reference_length, record.at("reference_length")) << name;
    expect_near(got.score, record.at("score").get<double>(), name + ", score");
    expect_near(got.brevity_penalty, record.at("brevity_penalty").get<double>(), name + ", BP");
    for (std::size_t n = 0; n < 4; ++n) {
      expect_near(got.precisions[n], record.at("precisions").at(n).get<double>(),
                  name + ", precision");
    }
  }
}

TEST(bleu, tokenizes_as_sacrebleu_on_every_recorded_segment) {
  for (const auto& record : document().at("cases")) {
    for (std::size_t i = 0; i < record.at("hypotheses").size(); ++i) {
      EXPECT_EQ(nlohmann::json(tokenize_13a(record.at("hypotheses").at(i).get<std::string>())),
                record.at("tokens").at(i))
          << record.at("name");
    }
  }
}

TEST(bleu, signature_is_that_of_the_sacrebleu_compared_with) {
  EXPECT_EQ(bleu_signature(), document().at("signature").get<std::string>());
  EXPECT_EQ(sacrebleu_version, document().at("sacrebleu").get<std::string>());
}

TEST(bleu, of_equal_texts_is_100) {
  const std::vector<std::string> text = {"A man rides a red bike.", "Two dogs play in the snow."};
  EXPECT_EQ(corpus_bleu(text, text).brevity_penalty, 1.0);
  expect_near(corpus_bleu(text, text).score, 100.0, "equal texts");
}

TEST(bleu, of_a_corpus_is_made_of_the_sums_of_its_segments) {
  const std::vector<std::string> hypotheses = {"a b c d e", "", "x y , z 1.5"};
  const std::vector<std::string> references = {"a b c d f", "g", "x y z 1.5"};
  bleu_statistics sum;
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    sum += segment_statistics(hypotheses[i], references[i]);
  }
  EXPECT_EQ(corpus_bleu(hypotheses, references).statistics, sum);
  EXPECT_EQ(corpus_bleu(hypotheses, references).score, score_of(sum).score);
}

TEST(bleu, takes_bytes_that_are_not_utf8_as_part_of_a_token) {
  EXPECT_EQ(tokenize_13a("a\xFF\x62 \xE3\x80, c\xC2"),
            (std::vector<std::string>{"a\xFF\x62", "\xE3\x80", ",", "c\xC2"}));
}

TEST(bleu, of_unequal_or_no_segments_is_an_input_error) {
  const std::vector<std::string> one = {"a"};
  const std::vector<std::string> two = {"a", "b"};
  EXPECT_EQ(message_of([&] { corpus_bleu(one, two); }),
            "BLEU: 1 hypotheses but 2 references; one reference for each hypothesis was expected");
  EXPECT_EQ(message_of([&] { corpus_bleu({}, {}); }),
            "BLEU: no segments; at least one hypothesis was expected");
}

}  // namespace
}  // namespace pamkit::training
