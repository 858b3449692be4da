#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "pamkit/properties/layer_case.hpp"
#include "pamkit/properties/property.hpp"

/// Probes that show in which order an operation adds. Among ones, big and -big at two places: what
/// meets one of them before they meet each other is absorbed, so the result counts the terms that
/// come after. All pairs of places together determine the tree of a sum of up to `kAllPlacesUpTo` terms.

namespace pamkit::properties {

/// The declared orders (docs/specification.md, section 10): ascending from +0; 32 lanes, joined by
/// +16, +8, ..., +1; blocks of 128 terms, ascending inside and among them.
enum class summation : std::uint8_t { ascending, lanes, blocks };

/// "ascending", "32 lanes", "blocks of 128".
std::string_view name_of(summation order);

/// The sum of binary32 encodings in this order.
std::uint32_t sum_in_order(summation order, std::span<const std::uint32_t> terms);

/// What the probes hold.
enum class probe_family : std::uint8_t {
  pairs,  ///< ones with 2^60 and -2^60; and ones with one 2^24, which absorbs them one by one
  roots,  ///< numbers whose squares are one 1 and otherwise 2^-24: for sums of squares
};

inline constexpr std::int64_t kAllPlacesUpTo = 130;

/// Probes of `length` numbers, by every place (pair of places) or, of more than `kAllPlacesUpTo` numbers,
/// by those around powers of two and the last.
std::vector<column> order_probes(probe_family family, std::int64_t length);

/// A sum inside an operation: how to see it.
struct probed_sum {
  std::string_view operation;  ///< "matmul_vjp"
  std::string_view what;       ///< "towards b"
  summation order = summation::ascending;
  probe_family family = probe_family::pairs;
  std::vector<std::int64_t> lengths = {};
  bool is_vjp = false;
  bool is_layer = false;
  /// What the operation makes of each probe.
  column (*evaluate)(const subject&, derivative, const std::vector<column>&) = nullptr;
  /// What it has to make of each.
  column (*expect)(const subject&, derivative, summation, const std::vector<column>&) = nullptr;
};

/// All of them: products and their derivatives, convolutions, reductions, norms.
const std::vector<probed_sum>& probed_sums();

}  // namespace pamkit::properties
