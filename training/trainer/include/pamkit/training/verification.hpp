#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>

namespace pamkit::training {

/// What was compared before a training run.
struct verification_result {
  bool passed = true;
  std::uint64_t contractions = 0;  ///< different kinds and shapes seen
  std::uint64_t layers = 0;        ///< the same of layers and elementwise operations
  std::uint64_t outputs = 0;       ///< compared with the golden model
  std::uint64_t terms = 0;         ///< summed by the golden model
  std::string digest;              ///< SHA-256 over what was compared
  std::string first_mismatch;      ///< one line

  nlohmann::ordered_json json() const;
};

/// Runs `compute` and compares, in the memory of every contraction that it makes for the first time in this
/// kind and shape, some of its outputs with the golden model, bit for bit: the very kernels, shapes, strides
/// and threads that training will use. Of layers and elementwise operations it compares parts, see
/// layer_verification.hpp.
verification_result verify_kernels(const std::function<void()>& compute);

}  // namespace pamkit::training
