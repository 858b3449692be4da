#include "parsed_json.hpp"

#include "pamkit/training/corpus.hpp"
#include "pamkit/training/input_error.hpp"

namespace pamkit::training {
namespace {

using json = nlohmann::ordered_json;

constexpr int kDepth = 32;

// " at line 3, column 5" of "[json.exception.parse_error.101] parse error at line 3, column 5: ...";
// nothing where a number is too large.
std::string place_of(const std::string& message) {
  const std::size_t begin = message.find(" at line ");
  if (begin == std::string::npos) return "";
  return message.substr(begin, message.find(':', begin) - begin);
}

}  // namespace

json parsed_json(const std::filesystem::path& file, const std::string& expected) {
  const auto check_depth = [&](int depth, json::parse_event_t, json&) {
    if (depth <= kDepth) return true;
    throw input_error(file.string(), "nests deeper than " + std::to_string(kDepth) + " levels",
                      expected);
  };
  try {
    return json::parse(read_file(file), check_depth);
  } catch (const json::exception& error) {
    throw input_error(file.string(), "is no valid JSON" + place_of(error.what()), expected);
  }
}

}  // namespace pamkit::training
