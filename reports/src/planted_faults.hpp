#pragma once

#include <nlohmann/json.hpp>

namespace pamkit::reports {

/// The committed results of the planted faults (pamkit.mutants/1), as they were when this program
/// was built.
nlohmann::ordered_json committed_planted_faults();

/// Adds "emulator_has_changed" to results that name the sources they were made with: whether those
/// are not the ones that this program is built from.
void mark_changed_emulator(nlohmann::ordered_json& results);

}  // namespace pamkit::reports
