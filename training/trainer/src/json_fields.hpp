#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "pamkit/training/input_error.hpp"

namespace pamkit::training {

/// What a file that a run wrote holds, by key. Whoever damaged it is told which file and key, by
/// input_error.
class json_fields {
 public:
  using json = nlohmann::ordered_json;

  /// `expected` says what would be right, or what helps.
  json_fields(const json& object, std::filesystem::path file, std::string expected)
      : object_(object), file_(std::move(file)), expected_(std::move(expected)) {
    if (!object_.is_object()) refuse("holds no JSON object where one was expected");
  }

  bool has(const char* key) const { return object_.contains(key); }
  const json& at(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) refuse(std::string("lacks ") + key);
    return *found;
  }
  std::string text(const char* key) const {
    const json& value = at(key);
    if (!value.is_string()) refuse_value(key, value, "no text");
    return value.get<std::string>();
  }
  std::uint64_t whole(const char* key) const {
    const json& value = at(key);
    if (!value.is_number_unsigned()) refuse_value(key, value, "no whole number from 0 on");
    return value.get<std::uint64_t>();
  }
  double number(const char* key) const {
    const json& value = at(key);
    if (!value.is_number()) refuse_value(key, value, "no number");
    return value.get<double>();
  }
  /// NaN where it is null, as numbers are written that JSON has not.
  double number_or_nan(const char* key) const {
    return at(key).is_null() ? std::numeric_limits<double>::quiet_NaN() : number(key);
  }
  json_fields object(const char* key) const {
    if (!at(key).is_object()) refuse_value(key, at(key), "no object");
    return {at(key), file_, expected_};
  }
  const json& list(const char* key) const {
    if (!at(key).is_array()) refuse_value(key, at(key), "no list");
    return at(key);
  }
  const json& whole_object() const { return object_; }

  [[noreturn]] void refuse(const std::string& what) const {
    throw input_error(file_.string(), what, expected_);
  }

 private:
  [[noreturn]] void refuse_value(const char* key, const json& value, const char* why) const {
    std::string shown = value.dump(-1, ' ', true, json::error_handler_t::replace);
    if (shown.size() > 40) shown = shown.substr(0, 40) + "...";
    refuse(std::string(key) + " is " + shown + ", which is " + why);
  }

  const json& object_;
  std::filesystem::path file_;
  std::string expected_;
};

}  // namespace pamkit::training
