#include "golden_failure.hpp"

#include "result_text.hpp"

namespace pamkit::properties {

void report_golden_failure(result& row, const subject& s, std::string_view operation,
                           const elementwise_oracle& oracle, const column& failing,
                           bool shrinks) {
  const auto result_of = [&](const column& x) {
    return s.apply(operation, column{x.front()}, column{x.back()}).front();
  };
  const auto fails = [&](const column& x) { return !oracle.results(x).contains(result_of(x)); };
  const column simplest = shrinks ? shrink_case(s.rules().format, failing, fails) : failing;
  row.status = run_status::fail;
  row.reason = "the backend's result is not the golden model's";
  set_counterexample(row, s.format(), simplest, result_of(simplest),
                     oracle.results(simplest).lowest);
}

}  // namespace pamkit::properties
