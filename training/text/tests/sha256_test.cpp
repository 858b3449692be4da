#include "pamkit/training/sha256.hpp"

#include <gtest/gtest.h>

#include <array>

#include "scratch_folder.hpp"

namespace pamkit::training {
namespace {

// FIPS 180-4 examples and the empty message.
constexpr auto of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr auto of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr auto of_two_blocks = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";

TEST(sha256, gives_the_known_answers) {
  EXPECT_EQ(sha256_hex(""), of_nothing);
  EXPECT_EQ(sha256_hex("abc"), of_abc);
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), of_two_blocks);
}

TEST(sha256, does_not_depend_on_the_pieces_and_goes_on_after_hex) {
  sha256 hash;
  EXPECT_EQ(hash.hex(), of_nothing);
  constexpr std::array<std::byte, 2> ab = {std::byte{'a'}, std::byte{'b'}};
  hash.update(ab);
  (void)hash.hex();
  hash.update("c");
  EXPECT_EQ(hash.hex(), of_abc);
  EXPECT_EQ(hash.hex(), of_abc);
}

TEST(sha256, of_a_file_is_that_of_its_bytes) {
  const scratch_folder folder;
  const std::string long_text(200'001, 'x');
  EXPECT_EQ(sha256_of_file(folder.write("abc", "abc")), of_abc);
  EXPECT_EQ(sha256_of_file(folder.write("empty", "")), of_nothing);
  EXPECT_EQ(sha256_of_file(folder.write("long", long_text)), sha256_hex(long_text));
}

TEST(sha256, of_a_missing_file_or_a_folder_is_an_input_error) {
  const scratch_folder folder;
  EXPECT_NE(message_of([&] { sha256_of_file(folder.path() / "none"); }).find("/none: "),
            std::string::npos);
  EXPECT_NE(message_of([&] { sha256_of_file(folder.path()); }).find("cannot be read"),
            std::string::npos);
}

}  // namespace
}  // namespace pamkit::training
