#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <vector>

namespace pamkit::training {

/// One trained tensor.
struct parameter {
  std::string name;
  at::Tensor value;        ///< a leaf that requires its gradient
  double rate_scale = 1;   ///< factor on the learning rate
  bool is_adder = false;   ///< a weight of an adder layer
  bool is_embedding = false;  ///< of tokens, classes or positions
};

/// A tensor that is not trained but belongs to a model: a running average.
struct buffer {
  std::string name;
  at::Tensor value;
};

/// A model's parameters in registration order, a tied one once. Initial values are a function of
/// the seed and of the order of the drawn ones only: constants (biases, gains) take no draw, so
/// that an arm with more of them starts from the same weights. Files know tensors by their names:
/// adding a name that a parameter or a buffer has throws std::logic_error.
class parameter_list {
 public:
  explicit parameter_list(std::uint64_t seed) : seed_(seed) {}

  /// Uniform in (-limit, limit): element i of the n-th drawn parameter is ((bits + 1/2) / 2^31 - 1) limit,
  /// computed in binary64 and rounded once, bits by Philox with counter (n, 0, site::initial_parameters, i).
  at::Tensor add_uniform(std::string name, std::initializer_list<std::int64_t> shape, double limit,
                         double rate_scale = 1);

  at::Tensor add_constant(std::string name, std::initializer_list<std::int64_t> shape, float value);

  /// Marks the parameter that was added last.
  void last_is_adder() { all_.back().is_adder = true; }
  void last_is_embedding() { all_.back().is_embedding = true; }

  const std::vector<parameter>& all() const { return all_; }

  /// Not part of all(), count() and sha256().
  at::Tensor add_buffer(std::string name, std::initializer_list<std::int64_t> shape, float value);
  const std::vector<buffer>& buffers() const { return buffers_; }

  /// Number of trained scalars.
  std::int64_t count() const;

  /// Over all in order: name, NUL, values as little-endian binary32.
  std::string sha256() const;

 private:
  at::Tensor add(std::string name, at::Tensor value, double rate_scale);
  void take_name(const std::string& name);

  std::uint64_t seed_;
  std::uint32_t drawn_ = 0;
  std::vector<parameter> all_;
  std::vector<buffer> buffers_;
  std::set<std::string> names_;
};

}  // namespace pamkit::training
