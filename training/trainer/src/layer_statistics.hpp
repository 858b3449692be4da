#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "operator_record.hpp"
#include "pamkit/training/parameters.hpp"

namespace pamkit::training {

/// What the elements of float tensors are.
class element_tally {
 public:
  void add(const at::Tensor& t);
  nlohmann::ordered_json json() const;

 private:
  std::uint64_t elements_ = 0;
  std::uint64_t zeros_ = 0;
  std::uint64_t subnormals_ = 0;
  std::uint64_t infinities_ = 0;
  std::uint64_t nans_ = 0;
};

/// How two tensors of one shape compare, in binary64 in the order of their elements.
class resemblance {
 public:
  /// `value` against `reference`, float32.
  void add(const at::Tensor& value, const at::Tensor& reference);
  /// "gain" (where asked for): the least-squares coefficient of value over reference; "norm_ratio";
  /// "cosine". Null where one is not a number.
  nlohmann::ordered_json json(bool with_gain) const;

 private:
  double value_squares_ = 0;
  double reference_squares_ = 0;
  double products_ = 0;
};

/// Statistics of every layer that sums products, from the operators of one forward and backward
/// pass: each forward product against the exact one of the same operands, what its results are, and
/// how many of its products leave the range, of terms drawn by a fixed rule.
class layer_statistics {
 public:
  /// Terms drawn of each contraction; of a convolution in the first image.
  static constexpr std::uint32_t drawn_terms = 4096;

  explicit layer_statistics(const parameter_list& parameters);

  /// To be called at the end of each operator.
  void look_at(const operator_event& e);

  /// In the order in which the layers were first computed.
  nlohmann::ordered_json json() const;

  /// Lengths of rows that were normalised.
  const std::set<std::int64_t>& norm_widths() const { return norm_widths_; }

 private:
  struct product_tally {
    std::uint64_t sampled = 0;
    std::uint64_t overflows = 0;
    std::uint64_t underflows = 0;
  };
  struct layer {
    std::string name;
    std::string operation;
    std::string arithmetic;
    resemblance to_exact;
    element_tally output;
    product_tally forward;
    product_tally backward;
  };
  struct terms;
  /// Which two factors of a term are multiplied.
  enum class factor : std::uint8_t { operands, derivative_a, derivative_b };
  struct convolution_call {
    at::Tensor x{};
    at::Tensor weight{};
    std::int64_t stride = 1;
    std::int64_t padding = 0;
    std::int64_t dilation = 1;
    std::int64_t groups = 1;
  };

  /// The layer whose weight or right operand is the event's second; nullptr where there is none.
  layer* layer_of(const operator_event& e);
  void look_at_product(const operator_event& e);
  static convolution_call convolution_of(const operator_event& e);
  static terms unfolded(const convolution_call& call);
  void sample(product_tally& tally, const operator_event& e, factor kind, const terms& t);

  std::map<const void*, std::string>
      names_;  ///< of weights, and of right operands of attention products
  std::map<const void*, convolution_call> convolutions_;  ///< by their weights
  std::string last_parameter_layer_;
  int products_since_ = 0;  ///< without a parameter, since that layer
  std::vector<layer> layers_;
  std::set<std::int64_t> norm_widths_;
  std::uint32_t draws_ = 0;
};

}  // namespace pamkit::training
