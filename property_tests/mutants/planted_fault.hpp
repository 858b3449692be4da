#pragma once

/// What a planted fault asks at run time: whether it is the one that is active. Included before every source of the
/// copy of the emulator into which planting.py has written all faults at once; `site` numbers the faults.

#include <cstdint>
#include <type_traits>

namespace pamkit::mutants {

/// Of the calling thread.
struct fault_state {
  static constexpr int kNone = 0;
  static constexpr int kRecording = -1;  ///< no fault is active; `visit` takes down the sites that are passed

  int active = kNone;
  std::int64_t patience = 0;  ///< sites still to pass before a call with an active fault counts as endless
};

extern thread_local constinit fault_state state __attribute__((tls_model("initial-exec")));

/// Takes a site down.
void record(int site);
/// Throws: the call does not end.
[[noreturn]] void run_out_of_patience();

/// Whether this fault is active. Never during constant evaluation, so planting.py takes `const` off what it plants in.
constexpr bool is_active(int site) {
  if (std::is_constant_evaluated()) return false;
  fault_state& s = state;
  if (s.active == fault_state::kRecording) record(site);
  // A sound backend has no limit: a long sum passes more sites than any call with a fault needs.
  if (s.active <= fault_state::kNone) return false;
  if (--s.patience < 0) run_out_of_patience();
  return s.active == site;
}

}  // namespace pamkit::mutants

#define PAMKIT_FAULT(site) (::pamkit::mutants::is_active(site))
