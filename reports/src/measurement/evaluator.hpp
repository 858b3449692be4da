#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "measurement.hpp"
#include "measurement/nearest_results.hpp"

namespace pamkit::reports {

/// Operands evaluated at a time.
inline constexpr std::size_t kBlock = 4096;

/// Evaluates one operation, format, arithmetic and policy in blocks of operands.
class evaluator {
 public:
  explicit evaluator(const measurement_request& request)
      : operation(*request.operation),
        format(describe(request.format)),
        rules(request.arithmetic.configure(request.format, request.policy,
                                           overflow_policy::infinity)),
        stop_(request.stop),
        function_(request.subject->elementwise(operation.name, rules.arithmetic)),
        rounded_(operation.correctly_rounded ? simd_backend().elementwise(operation.name, "exact")
                                             : nullptr) {
    if (nearest_results::covers(operation)) nearest_.emplace(operation, format);
    rounded_rules_ = rules;
    rounded_rules_.arithmetic = "exact";
    rounded_rules_.compensation = 0;
    operand_subnormals = flushes_subnormals() ? subnormal_policy::flush : subnormal_policy::gradual;
  }

  void operator()(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b,
                  std::vector<std::uint32_t>& out) const {
    check_stop();
    out.resize(a.size());
    function_(rules, a.data(), b.data(), out.data(), a.size());
  }
  /// Unary operations, on arrays; neither looks at the stop flag more often than every call.
  void run(const std::uint32_t* x, std::uint32_t* out, std::size_t count) const {
    check_stop();
    function_(rules, x, nullptr, out, count);
  }
  /// The correctly rounded results.
  void run_rounded(const std::uint32_t* x, std::uint32_t* out, std::size_t count) const {
    round(x, nullptr, out, count);
  }
  void rounded(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b,
               std::vector<std::uint32_t>& out) const {
    out.resize(a.size());
    round(a.data(), b.data(), out.data(), a.size());
  }
  /// The correctly rounded results of functions that a C library computes, else nothing.
  const std::optional<nearest_results>& nearest() const { return nearest_; }
  long double value(std::uint32_t bits) const { return value_of(format, bits, operand_subnormals); }
  comparison compare(std::uint32_t result, std::uint32_t a, std::uint32_t b) const {
    return operation.compare(value(result), value(a), operation.arity == 2 ? value(b) : 0);
  }
  long double error(std::uint32_t result, std::uint32_t a, std::uint32_t b) const {
    return compare(result, a, b).error;
  }
  void check_stop() const {
    if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) throw stopped();
  }

  const measured_operation& operation;
  format_description format;
  configuration rules;
  // How operands below the smallest normal are read. Some arithmetics keep them whatever the policy
  // says, so it is asked of the product.
  subnormal_policy operand_subnormals = subnormal_policy::flush;

 private:
  void round(const std::uint32_t* a, const std::uint32_t* b, std::uint32_t* out,
             std::size_t count) const {
    if (nearest_) {
      (*nearest_)(a, b, out, count);
    } else {
      rounded_(rounded_rules_, a, b, out, count);
    }
  }
  bool flushes_subnormals() const {
    const elementwise_function product = scalar_backend().elementwise("mul", rules.arithmetic);
    const std::uint32_t unit = std::uint32_t{1} << format.dropped_bits;
    if (product == nullptr || unit == format.min_normal) return true;
    const std::uint32_t subnormal = format.min_normal - unit;
    const std::uint32_t large = format.max_finite & ~(format.min_normal - 1);
    std::uint32_t result = 0;
    product(rules, &subnormal, &large, &result, 1);
    return format.is_zero(result);
  }

  const std::atomic<bool>* stop_;
  configuration rounded_rules_;
  elementwise_function function_;
  elementwise_function rounded_;  // by arithmetic `exact`, where that is correctly rounded
  std::optional<nearest_results> nearest_;  // of the other operations
};

}  // namespace pamkit::reports
