#include "page.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>

#include "embedded_templates.hpp"
#include "pamkit/provenance/write_file.hpp"

namespace pamkit::reports {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string read_text(const std::filesystem::path& file) {
  const bool is_folder = std::filesystem::is_directory(file);
  std::ifstream in(file, std::ios::binary);
  if (is_folder || !in) {
    throw input_error(file.string() + ": cannot be read: " +
                      std::generic_category().message(is_folder ? EISDIR : errno));
  }
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string script_json(const nlohmann::ordered_json& json) {
  std::string text = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  replace_all(text, "<", "\\u003c");
  return text;
}

std::string read_plotly(const std::filesystem::path& file) {
  if (file.empty()) {
    throw input_error("the page was not written: no plotly.min.js was named (--plotly FILE)");
  }
  std::string text;
  try {
    text = read_text(file);
  } catch (const input_error& problem) {
    throw input_error("the page was not written: " + std::string(problem.what()) +
                      "; name a plotly.min.js (--plotly FILE)");
  }
  if (text.find("plotly.js") == std::string::npos) {
    throw input_error("the page was not written: " + file.string() +
                      " is not plotly.js; name a plotly.min.js (--plotly FILE)");
  }
  // Neither appears outside string and regular expression literals, where the backslash changes
  // nothing.
  replace_all(text, "</script", "<\\/script");
  replace_all(text, "<!--", "<\\!--");
  return text;
}

std::string_view template_text(std::string_view name) {
  for (const embedded_template& t : kEmbeddedTemplates) {
    if (t.name == name) return t.text;
  }
  throw std::logic_error("no template " + std::string(name));
}

std::string fill_template(std::string_view name, const std::map<std::string, std::string>& values) {
  const std::string_view text = template_text(name);
  std::string filled;
  std::size_t at = 0;
  while (true) {
    const std::size_t open = text.find("{{", at);
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find("}}", open);
    const std::string key(text.substr(open + 2, close - open - 2));
    const auto value = values.find(key);
    if (value == values.end()) throw std::logic_error("no value for template field " + key);
    filled += text.substr(at, open - at);
    filled += value->second;
    at = close + 2;
  }
  return filled.append(text.substr(at));
}

std::string environment_html(const nlohmann::ordered_json& environment,
                             const std::string& command) {
  std::string html = "<dl class=\"environment\"><div><dt>command</dt><dd><code>" +
                     escape_html(command) + "</code></dd></div>";
  for (const auto& [key, value] : environment.items()) {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    html += "<div><dt>" + escape_html(key) + "</dt><dd>" + escape_html(text) + "</dd></div>";
  }
  return html + "</dl>";
}

void require_regular_file(const std::filesystem::path& file) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw input_error(file.string() + ": is no regular file");
  }
}

void require_shallow(std::string_view json, const std::string& where) {
  constexpr int kDeepest = 100;  // far above what any file of this project has
  int depth = 0;
  bool is_in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (is_in_string) {
      if (c == '\\') ++i;  // what follows ends no string
      is_in_string = c != '"';
      continue;
    }
    is_in_string = c == '"';
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > kDeepest) {
      throw input_error(where + ": nested deeper than " + std::to_string(kDeepest));
    }
  }
}

nlohmann::ordered_json read_json(const std::filesystem::path& file) {
  const std::string text = read_text(file);
  require_shallow(text, file.string());
  try {
    return nlohmann::ordered_json::parse(text);
  } catch (const nlohmann::ordered_json::exception& error) {
    // The library's text is "[name] where: what it read"; one line of it is enough.
    std::string reason = error.what();
    if (const std::size_t name = reason.find("] "); name != std::string::npos) {
      reason.erase(0, name + 2);
    }
    reason.resize(std::min(reason.size(), reason.find_first_of("\n\r;")));
    throw input_error(file.string() + ": not JSON: " + reason);
  }
}

void write_output(const std::filesystem::path& file, std::string_view text) {
  try {
    provenance::write_file_atomically(file, text);
  } catch (const std::runtime_error& error) {
    throw input_error(error.what());
  }
}

}  // namespace pamkit::reports
