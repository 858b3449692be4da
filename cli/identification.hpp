#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pamkit/profiles.hpp"
#include "vector_reader.hpp"

/// Which arithmetic, compensation, policies and profile explain given vectors. Every registered
/// arithmetic is a candidate under each pair of policies, and profile paper where it is defined. A
/// candidate's compensation is not tried from a list: it is an interval, at first all of it, that
/// each line narrows.
namespace pamkit::cli {

/// Compensations, in units of the format's last kept place: with a factor, from 0 to MIN.
struct compensation_range {
  std::int64_t low = 0;
  std::int64_t high = 0;
  bool operator==(const compensation_range&) const = default;
};

/// The first line that a candidate does not explain.
struct refutation {
  std::uint64_t line = 0;
  std::vector<std::uint32_t> operands;
  std::uint32_t got = 0;
  std::uint32_t expected = 0;     ///< under the compensation `range.low`
  compensation_range range;       ///< what the lines before had left
  std::uint64_t narrowed_at = 0;  ///< the line that left it; 0 where none had to
  bool operator==(const refutation&) const = default;
};

class candidate {
 public:
  /// The operation must be defined for the choice's arithmetic, and the profile cover the rules.
  candidate(const operation_info& operation, const arithmetic_choice& choice,
            const any_format& format, subnormal_policy subnormals, overflow_policy overflow);
  ~candidate();
  candidate(candidate&&) noexcept;

  /// Takes note of a block; `results` are its results, NaNs already as they are to be compared.
  void take(const vector_block& block, const std::vector<std::uint32_t>& results);

  bool explains_all() const { return !refuted_; }
  const std::optional<refutation>& refuted() const { return refuted_; }
  const compensation_range& range() const { return range_; }
  /// Whether every compensation that there is explains every line.
  bool takes_any_compensation() const { return searches_ && range_ == all_; }

  std::string_view arithmetic() const;  ///< "pam" under profile paper too
  profile under() const;
  subnormal_policy subnormals() const { return rules_.subnormals; }
  overflow_policy overflow() const { return rules_.overflow; }

 private:
  struct golden;  // the reference's headers are large, and stay out of here

  void emulate(const vector_block& block, std::size_t first, std::size_t last, std::int64_t units,
               std::vector<std::uint32_t>& results);
  void take_slice(const vector_block& block, const std::vector<std::uint32_t>& results,
                  std::size_t first, std::size_t last);
  bool judge(std::uint64_t line, const std::vector<std::uint32_t>& operands, std::uint32_t got,
             std::uint32_t emulated);
  void narrow(const std::vector<std::uint32_t>& operands, std::uint32_t got);
  void refute(std::uint64_t line, const std::vector<std::uint32_t>& operands, std::uint32_t got);

  const operation_info* operation_;
  configuration rules_;
  format_description format_;
  elementwise_function emulate_ = nullptr;
  std::unique_ptr<golden> golden_;
  bool searches_ = false;  // whether the arithmetic takes a factor
  bool acts_ = false;      // and the operation reads it
  compensation_range all_;
  compensation_range range_;
  std::uint64_t narrowed_at_ = 0;
  std::optional<refutation> refuted_;
  std::vector<std::uint32_t> at_low_, at_high_;
};

/// All candidates of an operation in a format, by arithmetic, profile and policies.
std::vector<candidate> all_candidates(const operation_info& operation, const any_format& format);

/// The shortest decimal in [1, 2) that rounds to 1 + units 2^-(kept bits), the nearest of them.
std::string shortest_factor(const any_format& format, std::int64_t units);

}  // namespace pamkit::cli
