#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "pamkit/reports/error_report.hpp"

/// What every page is made of: files in and out, escaping, and templates.

namespace pamkit::reports {

/// Text for an element or a quoted attribute.
std::string escape_html(std::string_view text);

/// JSON for the inside of a script element: no "<" remains, so that nothing in it can end the
/// element.
std::string script_json(const nlohmann::ordered_json& json);

/// The text of plotly.min.js, fit for a script element. Throws input_error if the path is empty, or
/// the file is unreadable or not plotly.js.
std::string read_plotly(const std::filesystem::path& file);

/// The text of an embedded file of templates/. Throws std::logic_error for an unknown name.
std::string_view template_text(std::string_view name);

/// Replaces every {{name}} in an embedded template by its value; values are put in as they are and
/// not looked through again. Throws std::logic_error for a name without a value.
std::string fill_template(std::string_view name, const std::map<std::string, std::string>& values);

/// A definition list of where and by what a file was made, from its "environment".
std::string environment_html(const nlohmann::ordered_json& environment, const std::string& command);

/// Throws input_error for a FIFO, a device or a folder, and for a link to one: to read a FIFO that
/// a program found by its name would wait for a writer that may never come.
void require_regular_file(const std::filesystem::path& file);

/// Throws input_error where JSON is nested deeper than 100: what reads, writes and destroys values
/// goes down into them by recursion, and a stack has an end. `where` names the file.
void require_shallow(std::string_view json, const std::string& where);

/// Reads a JSON file, its fields in their order; a pipe such as /dev/stdin too. Throws input_error
/// with path and reason, also where it is nested too deep.
nlohmann::ordered_json read_json(const std::filesystem::path& file);

/// Writes a file whole or not at all. Throws input_error with path and reason.
void write_output(const std::filesystem::path& file, std::string_view text);

}  // namespace pamkit::reports
