#include "page.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "scratch_folder.hpp"

namespace pamkit::reports {
namespace {

TEST(page, markup_in_text_is_escaped) {
  EXPECT_EQ(escape_html("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
}

TEST(page, json_in_a_script_element_cannot_end_it) {
  const nlohmann::ordered_json json = {{"name", "</script><!--"}};
  const std::string text = script_json(json);
  EXPECT_EQ(text.find('<'), std::string::npos);
  EXPECT_EQ(nlohmann::ordered_json::parse(text), json);
}

TEST(page, json_with_bytes_that_are_no_utf8_is_still_written) {
  EXPECT_NO_THROW(script_json({{"name", "\xff"}}));
}

TEST(page, a_template_field_without_a_value_is_a_defect) {
  EXPECT_THROW(fill_template("comparison.html", {}), std::logic_error);
  EXPECT_THROW(template_text("none.html"), std::logic_error);
}

TEST(page, plotly_must_be_named_readable_and_itself) {
  const scratch_folder folder;
  EXPECT_THROW(read_plotly({}), input_error);
  EXPECT_THROW(read_plotly(folder.path()), input_error);
  EXPECT_THROW(read_plotly(write_text(folder / "other.js", "alert(1)")), input_error);
  EXPECT_NO_THROW(read_plotly(write_plotly(folder)));
}

std::string refusal_of(const std::filesystem::path& file) {
  try {
    read_json(file);
  } catch (const input_error& refused) {
    return refused.what();
  }
  return "";
}

TEST(page, json_that_is_nested_too_deep_is_refused_before_it_is_parsed) {
  const scratch_folder folder;
  constexpr int kDeepest = 100;
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  const std::filesystem::path file = folder / "a.json";
  EXPECT_EQ(refusal_of(write_text(file, nested(kDeepest))), "");
  const std::string refused = file.string() + ": nested deeper than 100";
  EXPECT_EQ(refusal_of(write_text(file, nested(kDeepest + 1))), refused);
  EXPECT_EQ(refusal_of(write_text(file, nested(1'000'000))), refused);
  EXPECT_EQ(refusal_of(write_text(file, std::string(1'000'000, '['))), refused);
  // Brackets in strings nest nothing, and an escaped quotation mark ends none.
  EXPECT_EQ(refusal_of(write_text(file, "[\"\\\"" + nested(200) + "\\\\\", []]")), "");
  EXPECT_EQ(refusal_of(write_text(file, "[\"\\\\\"," + nested(200) + "]")), refused);
}

TEST(page, a_fifo_or_a_folder_is_no_regular_file_and_a_link_to_a_file_is_one) {
  const scratch_folder folder;
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink(write_text(folder / "file", "{}"), folder / "link");
  EXPECT_THROW(require_regular_file(folder / "fifo"), input_error);
  EXPECT_THROW(require_regular_file(folder.path()), input_error);
  EXPECT_THROW(require_regular_file("/dev/null"), input_error);
  EXPECT_NO_THROW(require_regular_file(folder / "file"));
  EXPECT_NO_THROW(require_regular_file(folder / "link"));
  EXPECT_NO_THROW(require_regular_file(folder / "missing"));
}

TEST(page, an_output_that_cannot_be_written_is_said_in_one_line) {
  const scratch_folder folder;
  write_text(folder / "file", "");
  EXPECT_THROW(write_output(folder / "file" / "below", "text"), input_error);
}

}  // namespace
}  // namespace pamkit::reports
