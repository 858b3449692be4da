#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace pamkit::reports {

/// The fields of an object in a run's files. One of another type than training writes is refused:
/// taken for missing, it would show as another result. All throw input_error, which names file and
/// key.
class run_fields {
 public:
  /// `object` must outlive this; `where` is its file, with the line where it is one of several.
  /// Throws where it is no object.
  run_fields(const nlohmann::ordered_json& object, std::string where);

  bool has(const std::string& key) const { return object_->contains(key); }

  /// Whether there is something that is no number: null, as JSON has no NaN, or the word for it.
  bool is_not_a_number(const std::string& key) const;

  /// Nothing where it is missing or not a number.
  std::optional<double> number(const std::string& key) const;
  std::optional<std::int64_t> whole(const std::string& key) const;

  /// A text, or a number as text: seeds come as either. Empty where it is missing or null.
  std::string text(const std::string& key) const;

  /// The object under a key; without fields where it is missing or null.
  run_fields object(const std::string& key) const;

  /// A list, and the objects that it is of; without elements where it is missing or null.
  const nlohmann::ordered_json& list(const std::string& key) const;
  std::vector<run_fields> objects(const std::string& key) const;

  const nlohmann::ordered_json& json() const { return *object_; }

  /// Throws that this key is, or has, `what`.
  [[noreturn]] void refuse(const std::string& key, const std::string& what) const;

 private:
  run_fields(const nlohmann::ordered_json& object, std::string where, std::string path);

  /// The value, or nullptr where it is missing.
  const nlohmann::ordered_json* find(const std::string& key) const;

  const nlohmann::ordered_json* object_;
  std::string where_;
  std::string path_;  ///< of the object in its file, with a period behind it
};

}  // namespace pamkit::reports
