/// Runs the suite at level quick and says which statements failed, one line each with the first
/// counterexample: what judges a planted fault. Exit code 1 when anything failed.
#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <thread>

#include "pamkit/properties/suite.hpp"

int main() {
  using namespace pamkit::properties;
  suite_options options;
  options.jobs = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const suite_results results = run_suite(options);
  std::set<std::string> reported;
  for (const result& r : results.rows) {
    if (r.status != run_status::fail) continue;
    if (!reported.insert(r.property + r.operation + r.backend).second) continue;
    std::string operands;
    if (r.counterexample) {
      for (const std::string& x : r.counterexample->operands) operands += " " + x;
      operands += " got " + r.counterexample->got + " expected " + r.counterexample->expected;
    }
    std::printf("%s %s %s %s %s %s %s:%s\n", r.property.c_str(), r.operation.c_str(),
                r.arithmetic.c_str(), r.format.c_str(), r.policy.c_str(), r.overflow.c_str(),
                r.backend.c_str(), operands.c_str());
  }
  return results.passed() ? 0 : 1;
}
