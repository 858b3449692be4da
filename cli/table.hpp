#pragma once

#include <string>
#include <vector>

namespace pamkit::cli {

/// Rows of texts in aligned columns. The last column is not padded.
class table {
 public:
  explicit table(std::vector<std::string> heading) : rows_{std::move(heading)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.size() == 1; }

  /// One line a row, each indented by `indent` spaces.
  std::string text(int indent = 0) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace pamkit::cli
