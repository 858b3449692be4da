/// The integer form of the golden model against the rationals. `verify` compares them on far more
/// cases, as rows with property "oracle".
#include "pamkit/reference/integer_model.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "rules_for_tests.hpp"

namespace pamkit::reference {
namespace {

// Random encodings, and every other one at or beside a special one.
std::vector<std::uint32_t> some_encodings(const format_description& f, std::uint32_t seed) {
  std::mt19937 generator(seed);
  const auto source = [&] { return static_cast<std::uint32_t>(generator()); };
  std::vector<std::uint32_t> list;
  const std::uint32_t all = f.sign_mask | f.magnitude_mask;
  const std::uint32_t special[] = {0, f.min_normal, f.one, f.max_finite, f.infinity, f.nan};
  for (int i = 0; i < 3000; ++i) {
    const std::uint32_t random = source() & all;
    const std::uint32_t near = special[source() % 6] + source() % 5 - 2;
    list.push_back(i % 2 == 0 ? random : (near ^ (random & f.sign_mask)) & all);
  }
  return list;
}

TEST(integer_model, gives_what_the_rationals_give) {
  std::size_t compared = 0;
  for (const char* format : {"e4m3", "e5m2", "binary16", "bfloat16", "binary32"}) {
    for (const std::string_view arithmetic : arithmetics()) {
      for (const std::string_view operation : operations()) {
        for (const bool is_gradual : {false, true}) {
          for (const bool saturates : {false, true}) {
            rules r = rules_for(format, arithmetic);
            if (is_gradual) r = gradual(r);
            if (saturates) r = saturating(r);
            if (arithmetic == "pam") r = compensated_by(r, static_cast<std::int32_t>(r.format.min_normal / 16));
            const column_oracle columns = find_columns(operation, r);
            if (columns == nullptr) continue;
            ++compared;
            const auto a = some_encodings(r.format, 1);
            const auto b = some_encodings(r.format, 2);
            std::vector<std::uint32_t> lowest(a.size());
            std::vector<std::uint32_t> highest(a.size());
            columns(r, a.data(), b.data(), lowest.data(), highest.data(), a.size());
            for (std::size_t i = 0; i < a.size(); ++i) {
              const std::uint32_t pair[] = {a[i], b[i]};
              const admissible right = admissible_results(
                  operation, r, std::span(pair).first(static_cast<std::size_t>(operand_count(operation))));
              const std::uint32_t last = has_choice(operation, r) ? highest[i] : lowest[i];
              ASSERT_TRUE(lowest[i] == right.lowest && last == right.highest)
                  << format << ' ' << arithmetic << ' ' << operation << std::hex << ' ' << a[i] << ' '
                  << b[i];
            }
          }
        }
      }
    }
  }
  EXPECT_GE(compared, 5U * 4U * 20U);
}

TEST(integer_model, has_no_form_where_it_would_not_be_right) {
  EXPECT_EQ(find_columns("mul", rules_for("binary32m7")), nullptr);
  EXPECT_EQ(find_columns("pow", rules_for("binary32", "exact")), nullptr);
  EXPECT_EQ(find_columns("div", rules_for("bfloat16", "l_mul")), nullptr);
}

}  // namespace
}  // namespace pamkit::reference
