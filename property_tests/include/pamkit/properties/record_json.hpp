#pragma once

#include <nlohmann/json_fwd.hpp>

#include "pamkit/properties/suite_record.hpp"

/// Records as JSON: the lines of a journal and the files of shards. What is read back is equal to
/// what was written. Readers throw std::exception where the JSON is not of this form.

namespace pamkit::properties {

/// What decides a run: every option but the number of jobs and of printed errors, names as asked,
/// and the backends that are here.
nlohmann::ordered_json options_to_json(const suite_options& options);
suite_options options_from_json(const nlohmann::ordered_json& json);

/// {"task", "rows", "cases"}
nlohmann::ordered_json task_to_json(std::uint64_t task, const std::vector<result>& rows,
                                    const std::vector<used_cases>& made);
/// Rows as pamkit.verify/1 has them.
nlohmann::ordered_json rows_to_json(const std::vector<result>& rows);

/// Adds what task_to_json wrote.
void add_task(const nlohmann::ordered_json& json, suite_record& record);

}  // namespace pamkit::properties
