#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "measured_operation.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/reports/error_report.hpp"

namespace pamkit::reports {

enum class error_domain : std::uint8_t { fractions, in_range };
/// proved: by an argument whose finitely many cases were all computed. exhaustive: every case of
/// the domain was evaluated or entered the sum. sampled: some were.
enum class evidence_kind : std::uint8_t { proved, exhaustive, sampled };

std::string_view name_of(error_domain domain);
std::string_view name_of(evidence_kind evidence);
std::string_view name_of(subnormal_policy policy);

/// One measured number.
struct bound {
  std::string metric;
  double value = 0;
  std::string exact{};  ///< "p/q" where the value is rational and known exactly, or empty
  std::vector<std::uint32_t> operands{};  ///< where an extreme is attained, or empty
  std::uint32_t result = 0;               ///< of these operands
  evidence_kind evidence = evidence_kind::exhaustive;
  std::uint64_t cases = 0;
  std::string note{};  ///< how it was had where that is not plain, or empty

  friend bool operator==(const bound&, const bound&) = default;
};

/// Least and greatest error over a run of arguments.
struct error_band {
  double from = 0;  ///< first and last argument, in ascending order
  double to = 0;
  double least = 0;
  double greatest = 0;
  std::uint32_t greatest_at = 0;  ///< encoding of an argument with the greatest error
  std::uint32_t least_at = 0;
};

/// Everything measured of one operation, format, arithmetic and policy over one domain.
struct measurement {
  const measured_operation* operation = nullptr;
  format_description format;
  std::string arithmetic;
  subnormal_policy policy = subnormal_policy::flush;
  error_domain domain = error_domain::fractions;
  std::vector<bound> bounds;
  std::vector<error_band> by_binade{};  ///< unary sweeps: every binade with a case, ascending
  std::vector<error_band> by_unit{};    ///< sweeps of exp: between neighbouring whole arguments

  const bound* find(std::string_view metric) const;
};

struct measurement_request {
  const measured_operation* operation = nullptr;
  any_format format;
  arithmetic_choice arithmetic;
  subnormal_policy policy = subnormal_policy::flush;
  report_level level = report_level::standard;
  std::uint64_t seed = 1;
  const std::atomic<bool>* stop = nullptr;
  const backend* subject = &simd_backend();  ///< whose results are measured
};

/// Ends a measurement whose stop flag was set.
struct stopped : std::exception {};

/// Why nothing is measured for this operation and arithmetic in this domain; nothing if it is.
std::optional<std::string> reason_not_measured(const measured_operation& operation,
                                               const arithmetic_choice& arithmetic,
                                               error_domain domain);

/// Measures the emulator's encoded results, or, for the square root over fractions, the last step's
/// value before its rounding. Throws `stopped`.
measurement measure_fractions(const measurement_request& request);
measurement measure_in_range(const measurement_request& request);

/// Signed errors on a grid, for figures.
struct error_grid {
  std::vector<std::uint32_t> a;  ///< encodings of the rows (of the arguments, for unary operations)
  std::vector<std::uint32_t> b;  ///< encodings of the columns; empty for unary operations
  std::vector<double> errors;    ///< row by row; not finite where the encoded result is not
  bool encodings_add =
      false;  ///< pairs: all results were integer sums (differences) of the encodings
};

/// Of pairs of fractions i / 2^bits, j / 2^bits with exponent 0.
error_grid pair_grid(const measurement_request& request, int bits);

/// Of arguments given as binary64 numbers, encoded by rounding to nearest.
error_grid argument_grid(const measurement_request& request, const std::vector<double>& arguments);

/// A histogram of the signed errors over fraction pairs.
struct error_histogram {
  double low = 0;   ///< left edge of the first bin
  double high = 0;  ///< right edge of the last bin
  std::vector<std::uint64_t> counts;
  std::uint64_t cases = 0;
  evidence_kind evidence = evidence_kind::exhaustive;
};

/// Over all fraction pairs where `measure_fractions` takes all, else over a 2^10 x 2^10 grid.
error_histogram pair_histogram(const measurement_request& request, int bins);

}  // namespace pamkit::reports
