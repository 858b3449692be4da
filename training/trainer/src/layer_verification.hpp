#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "pamkit/operators/layers.hpp"

namespace pamkit::training {

/// What was compared of one kind of call.
struct compared_layer {
  std::string line;  ///< one line on what was computed, and what the golden model says
  std::uint64_t outputs = 0;
  bool equal = true;
  std::string mismatch;  ///< the first element that differs, or what it depends on
};

/// Compares layers and elementwise operations with the golden model: of each operation and shape
/// the first call, some elements of each of its results bit for bit. What an element depends on is
/// taken whole, however long its sums are. The norm that clips gradients and the mean of a loss run
/// over all elements: there single squares and rows are compared, and kernels compute the others.
/// exp2, log2 and what uses them over `exact` are a C library's and not compared.
class layer_verifier {
 public:
  using report = std::function<void(const compared_layer&)>;
  /// `kernels` compute what goes into a comparison beside the call itself.
  explicit layer_verifier(report tell, const backend& kernels = simd_backend())
      : tell_(std::move(tell)), kernels_(kernels) {}

  void look_at(const operators::computed_layer& call);

 private:
  report tell_;
  const backend& kernels_;
  std::set<std::string> seen_;
};

}  // namespace pamkit::training
