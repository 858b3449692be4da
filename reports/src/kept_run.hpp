#pragma once

#include <filesystem>

#include "run_folder.hpp"

namespace pamkit::reports {

/// Copies to the folder `to` what comparisons read of a run: its JSON files, and of translations
/// the counts of sentences in place of the sentences. The folder appears whole or not at all, and
/// takes the place of an earlier one; the run's own folder stays as it is. Throws input_error with
/// path and reason, also where `to` holds files that no keep_run wrote.
void keep_run(const training_run& run, const std::filesystem::path& to);

/// Whether a folder is what a keep_run that was ended, or is still at work, has of one: no run.
bool is_kept_in_part(const std::filesystem::path& folder);

}  // namespace pamkit::reports
