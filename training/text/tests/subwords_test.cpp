#include "pamkit/training/subwords.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "pamkit/training/text_codec.hpp"
#include "scratch_folder.hpp"

namespace pamkit::training {
namespace {

using lines = std::vector<std::string>;

const lines source = {"Ein Mann f\u00E4hrt ein rotes Fahrrad.", "Zwei Hunde spielen im Schnee.",
                      "Eine Frau liest ein Buch.", "Der Mann liest im Schnee.",
                      "Zwei Frauen fahren Fahrrad."};
const lines target = {"A man rides a red bike.", "Two dogs play in the snow.",
                      "A woman reads a book.", "The man reads in the snow.",
                      "Two women ride bikes."};
constexpr subword_settings small{.vocabulary = 80};

TEST(subwords, have_the_fixed_special_ids) {
  const subwords model = subwords::train(source, target, small);
  EXPECT_EQ(model.piece(subwords::pad_id), "<pad>");
  EXPECT_EQ(model.piece(subwords::unknown_id), "<unk>");
  EXPECT_EQ(model.piece(subwords::begin_id), "<s>");
  EXPECT_EQ(model.piece(subwords::end_id), "</s>");
}

TEST(subwords, decode_what_they_encode) {
  const subwords model = subwords::train(source, target, small);
  EXPECT_EQ(model.size(), 80);
  for (const lines& side : {source, target}) {
    for (const std::string& line : side) {
      const auto ids = model.encode(line);
      EXPECT_FALSE(ids.empty());
      EXPECT_TRUE(std::ranges::all_of(ids, [&](auto id) { return id > 3 && id < model.size(); }));
      EXPECT_EQ(model.decode(ids), line);
    }
  }
}

TEST(subwords, of_equal_text_are_equal_bytes) {
  const subwords one = subwords::train(source, target, small);
  const subwords two = subwords::train(source, target, small);
  EXPECT_EQ(one.bytes(), two.bytes());
  EXPECT_EQ(one.sha256(), two.sha256());
  EXPECT_NE(one.bytes(), subwords::train(source, target, {.vocabulary = 70}).bytes());
}

TEST(subwords, encode_blank_lines_as_nothing_and_strange_characters_as_unknown) {
  const subwords model = subwords::train(source, target, small);
  EXPECT_TRUE(model.encode("").empty());
  EXPECT_TRUE(model.encode("   ").empty());
  const auto ids = model.encode("A \u65E5 man");
  EXPECT_EQ(std::ranges::count(ids, subwords::unknown_id), 1);
  EXPECT_EQ(model.decode(ids), "A  \u2047  man");
}

// Lone unknown words are two pieces, of which the white space is known; a row of unknown characters
// is one piece.
TEST(subwords, coverage_counts_characters_and_no_white_space) {
  const subwords model = subwords::train(source, target, small);
  const auto expect = [&](const std::string& line, std::size_t all, std::size_t unknown) {
    const text_coverage of = model.coverage(line);
    EXPECT_EQ(of.all, all) << line;
    EXPECT_EQ(of.unknown, unknown) << line;
  };
  expect("", 0, 0);
  expect("   ", 0, 0);
  expect("A red bike.", 9, 0);
  expect("A \u65E5 man.", 6, 1);
  expect("\u65E5\u672C\u8A9E", 3, 3);
  expect("\u041F\u0440\u0438 \u0434\u0430.", 6, 5);
}

TEST(text_codec, of_subwords_refuses_text_of_another_script_and_takes_rare_characters) {
  const auto codec = make_codec(subwords::train(source, target, small));
  const auto refusal = [&](const lines& text) {
    return message_of([&] { require_known_source(*codec, text, "text"); });
  };
  EXPECT_EQ(refusal({"\u041F\u0440\u0438 \u0434\u0430.", "\u65E5\u672C"}),
            "text: 87.5 % of its 8 characters are unknown to the subwords; text of the languages "
            "that the subwords were made of was expected");
  require_known_source(*codec, {}, "text");
  require_known_source(*codec, lines{"", "Ein Mann \u65E5 liest.", ""}, "text");
}

TEST(subwords, control_pieces_in_text_are_text) {
  const subwords model = subwords::train(source, target, small);
  const auto ids = model.encode("</s><s><pad>");
  for (const auto id : {subwords::pad_id, subwords::begin_id, subwords::end_id}) {
    EXPECT_EQ(std::ranges::count(ids, id), 0);
  }
}

TEST(subwords, decode_special_pieces_to_nothing) {
  const subwords model = subwords::train(source, target, small);
  auto ids = model.encode("A man.");
  ids.insert(ids.begin(), subwords::begin_id);
  ids.push_back(subwords::end_id);
  ids.push_back(subwords::pad_id);
  EXPECT_EQ(model.decode(ids), "A man.");
  EXPECT_EQ(model.decode({}), "");
}

TEST(subwords, refuse_ids_out_of_range) {
  const subwords model = subwords::train(source, target, small);
  const std::vector<std::int32_t> too_large = {5, model.size()};
  const std::vector<std::int32_t> negative = {-1};
  EXPECT_THROW((void)model.decode(too_large), std::out_of_range);
  EXPECT_THROW((void)model.decode(negative), std::out_of_range);
  EXPECT_THROW((void)model.piece(model.size()), std::out_of_range);
}

TEST(subwords, have_fewer_pieces_where_the_text_yields_fewer) {
  const subwords model = subwords::train(source, target);
  EXPECT_LT(model.size(), 4000);
  EXPECT_EQ(model.decode(model.encode(target[0])), target[0]);
}

TEST(subwords, refuse_text_and_settings_they_cannot_learn_from) {
  const lines too_long = {std::string(70'000, 'x')};
  for (const lines& text : {lines{}, lines{"", "  "}, lines{"\u3000"}, lines{"\u2585"}, too_long}) {
    EXPECT_EQ(message_of([&] { subwords::train(text, text, small); }),
              "subword training: no line with text that can be learnt from; lines of up to 65536 "
              "bytes with other than white space were expected");
  }
  EXPECT_NE(message_of([] {
              subwords::train(source, target, {.vocabulary = 20});
            }).find("Vocabulary size is smaller than required_chars. 20 vs "),
            std::string::npos);
  for (const int vocabulary : {-5, 0, 4}) {
    EXPECT_NE(message_of([&] {
                subwords::train(source, target, {.vocabulary = vocabulary});
              }).find("subword training: "),
              std::string::npos);
  }
  EXPECT_NE(message_of([] {
              subwords::train(source, target, {.vocabulary = 80, .normalization = "none"});
            }).find("subword training: "),
            std::string::npos);
}

TEST(subwords, are_silent) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  (void)message_of([] { subwords::from_bytes("garbage"); });
  (void)subwords::train(source, target, small);
  (void)message_of([] { subwords::train(source, target, {.vocabulary = 20}); });
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(subwords, are_the_same_from_file_and_from_bytes) {
  const scratch_folder folder;
  const subwords model = subwords::train(source, target, small);
  const auto path = folder.path() / "subwords.model";
  model.save(path);
  EXPECT_EQ(subwords::load(path).bytes(), model.bytes());
  EXPECT_EQ(subwords::from_bytes(model.bytes()).encode(target[1]), model.encode(target[1]));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1)
      << "no temporary file is left";
}

TEST(subwords, refuse_files_that_are_not_their_models) {
  const scratch_folder folder;
  const subwords model = subwords::train(source, target, small);
  for (const std::string& bytes :
       {std::string(), std::string("plain text\n"), model.bytes().substr(0, 100)}) {
    const auto path = folder.write("subwords.model", bytes);
    EXPECT_EQ(message_of([&] { subwords::load(path); }),
              path.string() +
                  ": not a sentencepiece model; a sentencepiece model with pad, unk, bos, "
                  "eos = 0, 1, 2, 3 was expected");
  }
  EXPECT_NE(message_of([&] { subwords::load(folder.path() / "none"); }).find("No such file"),
            std::string::npos);
}

TEST(subwords, that_cannot_be_saved_are_an_input_error) {
  const scratch_folder folder;
  const subwords model = subwords::train(source, target, small);
  EXPECT_NE(message_of([&] {
              model.save(folder.path() / "none" / "subwords.model");
            }).find("cannot be written (No such file or directory); "),
            std::string::npos);
  EXPECT_NE(message_of([&] { model.save(folder.path()); }).find("cannot be written"),
            std::string::npos);
}

TEST(subwords, are_trained_once_for_all_that_ask_with_the_same_text) {
  const scratch_folder folder;
  const auto cache = folder.path() / "cache";
  const auto files = [&] {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(cache)) {
      paths.push_back(entry.path());
    }
    return paths;
  };
  const std::string bytes = subwords::load_or_train(cache, source, target, small).bytes();
  ASSERT_EQ(files().size(), 1U);
  const auto path = files().front();
  const auto written = std::filesystem::last_write_time(path);
  EXPECT_EQ(subwords::load_or_train(cache, source, target, small).bytes(), bytes);
  EXPECT_EQ(std::filesystem::last_write_time(path), written);

  std::ofstream(path, std::ios::binary) << "damaged";
  EXPECT_EQ(subwords::load_or_train(cache, source, target, small).bytes(), bytes);
  EXPECT_EQ(subwords::load(path).bytes(), bytes) << "a damaged file is replaced";

  (void)subwords::load_or_train(cache, source, target, {.vocabulary = 70});
  EXPECT_EQ(files().size(), 2U);
}

TEST(subwords, cache_key_knows_text_settings_and_where_lines_and_sides_end) {
  const auto key = [](const lines& a, const lines& b, const subword_settings& settings) {
    return subwords::cache_key(a, b, settings);
  };
  const std::string base = key({"a", "b"}, {"c", "d"}, small);
  EXPECT_EQ(base, key({"a", "b"}, {"c", "d"}, small));
  EXPECT_NE(base, key({"a", "b"}, {"c", "e"}, small));
  EXPECT_NE(base, key({"ab", ""}, {"c", "d"}, small));
  EXPECT_NE(base, key({"a", "b", "c"}, {"d"}, small));
  EXPECT_NE(base, key({"c", "d"}, {"a", "b"}, small));
  EXPECT_NE(base, key({"a", "b"}, {"c", "d"}, {.vocabulary = 81}));
  EXPECT_NE(base, key({"a", "b"}, {"c", "d"}, {.vocabulary = 80, .normalization = "identity"}));
}

}  // namespace
}  // namespace pamkit::training
