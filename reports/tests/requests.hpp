#pragma once

#include <stdexcept>
#include <string>

#include "measurement.hpp"

namespace pamkit::reports {

inline measurement_request make_request(const std::string& operation, const std::string& format,
                                        const std::string& arithmetic) {
  const auto choice = parse_arithmetic(arithmetic);
  const auto parsed = parse_format(format);
  if (!choice || !parsed) throw std::invalid_argument(format + " " + arithmetic);
  return {.operation = find_measured_operation(operation),
          .format = *parsed,
          .arithmetic = *choice,
          .policy = subnormal_policy::flush,
          .level = report_level::quick,
          .seed = 1,
          .stop = nullptr};
}

/// The bound of a metric, which must exist.
inline const bound& at(const measurement& m, const std::string& metric) {
  const bound* b = m.find(metric);
  if (b == nullptr) throw std::out_of_range("no " + metric);
  return *b;
}

}  // namespace pamkit::reports
