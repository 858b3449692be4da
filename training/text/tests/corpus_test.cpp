#include "pamkit/training/corpus.hpp"

#include <gtest/gtest.h>
#include <lzma.h>
#include <zlib.h>

#include <array>
#include <limits>
#include <stdexcept>

#include "pamkit/training/utf8.hpp"
#include "scratch_folder.hpp"
#include "without_root.hpp"

namespace pamkit::training {
namespace {

using lines = std::vector<std::string>;
using std::string_literals::operator""s;

template <class Bytes>
std::string to_string(const Bytes& bytes, std::size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  const std::vector<unsigned char> input(text.begin(), text.end());
  std::vector<unsigned char> output(text.size() + 1024);
  stream.next_in = input.data();
  stream.avail_in = static_cast<unsigned>(input.size());
  stream.next_out = output.data();
  stream.avail_out = static_cast<unsigned>(output.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::runtime_error("deflate");
  std::string packed = to_string(output, stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string xz(const std::string& text) {
  const std::vector<unsigned char> input(text.begin(), text.end());
  std::vector<unsigned char> output(text.size() + 1024);
  std::size_t size = 0;
  if (lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, nullptr, input.data(), input.size(),
                              output.data(), &size, output.size()) != LZMA_OK) {
    throw std::runtime_error("lzma_easy_buffer_encode");
  }
  return to_string(output, size);
}

// Long enough to span several of the reader's chunks, and hard enough to pack.
std::string long_text() {
  std::string text;
  std::uint32_t state = 1;
  for (int i = 0; i < 60'000; ++i) {
    state = state * 1664525 + 1013904223;
    text += std::to_string(state);
    text += '\n';
  }
  return text;
}

TEST(utf8, takes_the_first_and_last_of_each_length) {
  for (const std::string& text :
       {"\0"s, "\x7F"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s, "\xED\x9F\xBF"s, "\xEE\x80\x80"s,
        "\xEF\xBF\xBF"s, "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s}) {
    EXPECT_FALSE(find_invalid_utf8(text)) << testing::PrintToString(text);
    EXPECT_EQ(first_code_point(text).size, text.size());
  }
  EXPECT_EQ(first_code_point("\xF4\x8F\xBF\xBF").value, U'\U0010FFFF');
  EXPECT_EQ(first_code_point("\xE2\x82\xAC rest").value, U'\u20AC');
}

TEST(utf8, refuses_overlong_surrogate_too_large_stray_and_cut_off) {
  for (const std::string& text :
       {"\x80"s, "\xBF"s, "\xC0\x80"s, "\xC1\xBF"s, "\xE0\x9F\xBF"s, "\xED\xA0\x80"s,
        "\xED\xBF\xBF"s, "\xF0\x8F\xBF\xBF"s, "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFE"s,
        "\xFF"s, "\xC3"s, "\xE2\x82"s, "\xE2\x82x"s, "\xF0\x9F\x98"s}) {
    EXPECT_EQ(find_invalid_utf8("ok" + text), 2U) << testing::PrintToString(text);
  }
}

TEST(read_lines, ends_lines_at_lf_and_crlf_only) {
  const scratch_folder folder;
  EXPECT_EQ(read_lines(folder.write("a", "one\ntwo\n")), (lines{"one", "two"}));
  EXPECT_EQ(read_lines(folder.write("b", "one\r\n\r\ntwo")), (lines{"one", "", "two"}));
  EXPECT_EQ(read_lines(folder.write("c", "a\rb\u2028c\vd\n\n")), (lines{"a\rb\u2028c\vd", ""}));
  EXPECT_EQ(read_lines(folder.write("d", "\n")), (lines{""}));
  EXPECT_EQ(read_lines(folder.write("e", "\xEF\xBB\xBFgr\u00FC\u00DFe\n")),
            (lines{"gr\u00FC\u00DFe"}));
}

TEST(read_lines, reads_gzip_and_xz_by_the_name) {
  const scratch_folder folder;
  const std::string text = long_text();
  const lines plain = read_lines(folder.write("t", text));
  EXPECT_EQ(plain.size(), 60'000U);
  EXPECT_EQ(read_lines(folder.write("t.gz", gzip(text))), plain);
  EXPECT_EQ(read_lines(folder.write("t.xz", xz(text))), plain);
}

TEST(read_lines, reads_joined_members_and_streams) {
  const scratch_folder folder;
  EXPECT_EQ(read_lines(folder.write("t.gz", gzip("a\n") + gzip("b\n"))), (lines{"a", "b"}));
  EXPECT_EQ(read_lines(folder.write("u.gz", gzip("a\n") + std::string(512, '\0'))), (lines{"a"}));
  EXPECT_EQ(read_lines(folder.write("t.xz", xz("a\n") + xz("b\n"))), (lines{"a", "b"}));
}

TEST(read_lines, names_the_line_of_bad_utf8_and_nul) {
  const scratch_folder folder;
  const auto bad = folder.write("bad.de", "gut\nk\xF6nnen\n");
  EXPECT_EQ(message_of([&] { read_lines(bad); }),
            bad.string() +
                ":2: byte 2 of the line is 0xF6, which is not UTF-8 there; UTF-8 text was "
                "expected (iconv -t UTF-8 converts)");
  const auto nul = folder.write("nul.de", "gut\n\nab\0c\n"s);
  EXPECT_EQ(
      message_of([&] { read_lines(nul); }),
      nul.string() + ":3: byte 3 of the line is NUL; text, one sentence a line, was expected");
}

TEST(read_lines, refuses_empty_files) {
  const scratch_folder folder;
  for (const auto& path :
       {folder.write("a", ""), folder.write("b", "\xEF\xBB\xBF"), folder.write("c.gz", ""),
        folder.write("d.gz", gzip("")), folder.write("e.xz", ""), folder.write("f.xz", xz(""))}) {
    EXPECT_TRUE(message_of([&] { read_lines(path); }).starts_with(path.string() + ": empty; "))
        << path;
  }
}

TEST(read_lines, refuses_gzip_cut_off_anywhere) {
  const scratch_folder folder;
  const std::string packed = gzip("one\ntwo\nthree\n");
  for (std::size_t size = 1; size < packed.size(); ++size) {
    const auto path = folder.write("t.gz", packed.substr(0, size));
    EXPECT_EQ(message_of([&] { read_lines(path); }),
              path.string() +
                  ": the gzip data are cut off; a whole gzip file was expected (gzip -t "
                  "checks it)")
        << size;
  }
  const std::string large = gzip(long_text());
  ASSERT_GT(large.size(), std::size_t{3} << 16);
  for (const std::size_t size : {large.size() - 1, large.size() - 9, std::size_t{2} << 16}) {
    const auto path = folder.write("u.gz", large.substr(0, size));
    EXPECT_NE(message_of([&] { read_lines(path); }).find("cut off"), std::string::npos) << size;
  }
}

TEST(read_lines, refuses_xz_cut_off_anywhere) {
  const scratch_folder folder;
  const std::string packed = xz("one\ntwo\nthree\n");
  for (std::size_t size = 1; size < packed.size(); ++size) {
    const auto path = folder.write("t.xz", packed.substr(0, size));
    EXPECT_EQ(
        message_of([&] { read_lines(path); }),
        path.string() + ": the xz data are cut off; a whole xz file was expected (xz -t checks it)")
        << size;
  }
}

TEST(read_lines, refuses_damaged_foreign_and_trailing_bytes) {
  const scratch_folder folder;
  const auto expect_refused = [&](const std::string& name, const std::string& bytes,
                                  const std::string& part) {
    const auto path = folder.write(name, bytes);
    const std::string message = message_of([&] { read_lines(path); });
    EXPECT_TRUE(message.starts_with(path.string() + ": ")) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  std::string flipped = gzip("one\ntwo\nthree\n");
  flipped[flipped.size() - 6] ^= 1;  // in the checksum
  expect_refused("a.gz", flipped, "damaged (incorrect data check)");
  flipped = xz("one\ntwo\nthree\n");
  flipped[30] ^= 1;
  expect_refused("a.xz", flipped, "damaged");
  expect_refused("b.gz", "plain text\n", "damaged (incorrect header check)");
  expect_refused("b.xz", "plain text, long enough\n", "not in xz format");
  expect_refused("c.gz", gzip("a\n") + "rest", "damaged");
  expect_refused("c.xz", xz("a\n") + "rest", "xz data are");
}

TEST(read_lines, refuses_what_is_not_a_readable_file) {
  const scratch_folder folder;
  EXPECT_NE(message_of([&] {
              read_lines(folder.path() / "none.de");
            }).find("No such file or directory; a readable file was expected"),
            std::string::npos);
  EXPECT_NE(message_of([&] { read_lines(folder.path()); }).find("is a folder"), std::string::npos);
}

TEST(input_error, stays_one_line_whatever_a_file_is_called) {
  const scratch_folder folder;
  EXPECT_NE(message_of([&] { read_lines(folder.path() / "a\nb"); }).find("a\\x0Ab: "),
            std::string::npos);
}

TEST(find_split, takes_the_one_name_that_is_there_in_any_compression) {
  const scratch_folder folder;
  folder.write("valid.de.gz", gzip("a\n"));
  folder.write("valid.en.xz", xz("b\n"));
  const parallel_corpus corpus = read_validation(folder.path());
  EXPECT_EQ(corpus.files.name, "valid");
  EXPECT_EQ(corpus.source, lines{"a"});
  EXPECT_EQ(corpus.target, lines{"b"});
  folder.write("val.de", "c\n");
  folder.write("val.en", "d\n");
  EXPECT_NE(message_of([&] {
              read_validation(folder.path());
            }).find("both val and valid are there; one of them was expected"),
            std::string::npos);
}

TEST(find_split, takes_other_languages) {
  const scratch_folder folder;
  folder.write("train.fr", "a\n");
  folder.write("train.en", "b\n");
  EXPECT_EQ(read_train(folder.path(), {"en", "fr"}).source, lines{"b"});
}

TEST(find_split, says_what_is_missing_and_what_is_there) {
  const scratch_folder folder;
  folder.write("val.de", "a\n");
  folder.write("val.en", "b\n");
  folder.write("test_b.de", "a\n");
  folder.write("test_b.en", "b\n");
  const std::string at = folder.path().string();
  EXPECT_EQ(message_of([&] { read_train(folder.path()); }),
            at + ": no train (there: test_b, val); train.de and train.en (plain, .gz or .xz) were "
                 "expected");
  EXPECT_EQ(message_of([&] { read_test(folder.path(), "test_c"); }),
            at + ": no test_c (there: test_b, val); test_c.de and test_c.en (plain, .gz or .xz) "
                 "were expected");
  folder.write("train.en", "b\n");
  EXPECT_EQ(message_of([&] { read_train(folder.path()); }),
            at + ": train.en is there without the other language; train.de and train.en (plain, "
                 ".gz or .xz) were expected");
  folder.write("train.de", "b\n");
  folder.write("train.de.gz", gzip("b\n"));
  EXPECT_EQ(message_of([&] { read_train(folder.path()); }),
            at + ": both train.de and train.de.gz are there; one of them was expected");
  EXPECT_NE(message_of([&] { read_train(folder.path() / "none"); }).find("none: no such folder; "),
            std::string::npos);
  const scratch_folder empty;
  EXPECT_NE(
      message_of([&] { read_validation(empty.path()); }).find("no val or valid (there: none)"),
      std::string::npos);
  EXPECT_NE(message_of([&] { read_test(empty.path()); }).find("no test (there: none)"),
            std::string::npos);
}

TEST(require_folder, tells_a_folder_that_may_not_be_read_from_one_that_lacks_files) {
  namespace fs = std::filesystem;
  const scratch_folder folder;
  fs::permissions(folder.path(), fs::perms::all);
  const fs::path closed = folder.path() / "closed";
  fs::create_directories(closed / "inner");
  folder.write("closed/train.de", "a\n");
  folder.write("closed/train.en", "b\n");
  const auto read = [](const fs::path& place) {
    const without_root nobody;
    return message_of([&] { read_train(place); });
  };
  const std::string denied = ": Permission denied; a readable folder was expected";
  for (const fs::perms left : {fs::perms::none, fs::perms::owner_read | fs::perms::others_read}) {
    fs::permissions(closed, left);
    EXPECT_EQ(read(closed), closed.string() + denied);
    EXPECT_EQ(read(closed / "inner"), (closed / "inner").string() + denied);
  }
  fs::permissions(closed, fs::perms::all);
  EXPECT_EQ(read(closed), "no input_error was thrown");
}

TEST(find_test_split, takes_the_named_else_the_first_in_the_order_of_bytes) {
  const scratch_folder folder;
  for (const std::string name : {"test_2017", "test_2016", "train"}) {
    folder.write(name + ".de", name + "\n");
    folder.write(name + ".en.gz", gzip(name + "\n"));
  }
  EXPECT_EQ(read_test(folder.path()).files.name, "test_2016");
  EXPECT_EQ(read_test(folder.path(), "test_2017").source, lines{"test_2017"});
  EXPECT_EQ(list_splits(folder.path()), (lines{"test_2016", "test_2017", "train"}));
}

TEST(read_split, refuses_uneven_numbers_of_lines) {
  const scratch_folder folder;
  const auto source = folder.write("train.de", "a\nb\nc\n");
  const auto target = folder.write("train.en", "a\nb\n");
  EXPECT_EQ(message_of([&] { read_train(folder.path()); }),
            target.string() + ": has 2 lines, but " + source.string() +
                " has 3; the same number of lines in both, each the translation of the other's, "
                "was expected");
}

}  // namespace
}  // namespace pamkit::training
