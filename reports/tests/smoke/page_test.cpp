#include "page.hpp"

#include <gtest/gtest.h>

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

TEST(page, an_output_that_cannot_be_written_is_said_in_one_line) {
  const scratch_folder folder;
  write_text(folder / "file", "");
  EXPECT_THROW(write_output(folder / "file" / "below", "text"), input_error);
}

}  // namespace
}  // namespace pamkit::reports
