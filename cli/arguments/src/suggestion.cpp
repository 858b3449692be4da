#include "pamkit/arguments/suggestion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace pamkit {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Levenshtein's distance, row by row; letters are alike in either case.
std::size_t edits(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t substituted = diagonal + (lower(from[i - 1]) == lower(to[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string suggestion(std::string_view mistyped, std::span<const std::string> names) {
  constexpr std::size_t kFarthest = 2;
  constexpr std::size_t kLongest = 64;  // nobody mistypes a longer name by two letters
  if (names.empty() || mistyped.size() > kLongest) return {};
  const auto nearest = std::ranges::min_element(
      names, {}, [&](const std::string& name) { return edits(mistyped, name); });
  const std::size_t distance = edits(mistyped, *nearest);
  if (distance > kFarthest || 2 * distance > nearest->size()) return {};
  return fmt::format("; did you mean '{}'?", *nearest);
}

}  // namespace pamkit
