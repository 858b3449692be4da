#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "golden_contraction.hpp"
#include "pamkit/properties/generator.hpp"
#include "pamkit/properties/layer_case.hpp"
#include "pamkit/properties/suite_record.hpp"

namespace pamkit::properties {

/// Cases that several statements share, made once, by whichever thread asks first. What it holds is
/// what the run used, so its counts are the run's coverage.
class case_cache {
 public:
  /// `count`: cases of a pool; `is_quick`: the shorter plans of tensor operations and layers. Both
  /// are the run's, so that what a statement gets does not depend on which task asks first.
  case_cache(std::uint64_t seed, std::size_t count, bool is_quick)
      : seed_(seed), count_(count), is_quick_(is_quick) {}

  /// Operands of operations on elements.
  std::shared_ptr<const case_pool> pool(const case_shape& shape);

  /// The cases of a tensor operation, operands in the format of the shape.
  std::shared_ptr<const std::vector<contraction_case>> contractions(
      const case_shape& shape, const tensor_operation& operation);

  /// The cases of a layer, operands in the format.
  std::shared_ptr<const std::vector<layer_case>> layers(const any_format& format,
                                                        std::string_view layer);

  /// What was made, in a fixed order.
  std::vector<used_cases> coverage() const;

 private:
  using key = std::tuple<std::string, std::int32_t, std::string>;  // format, compensation, what
  template <class Value>
  struct slot {
    std::once_flag once;
    case_shape shape;
    std::shared_ptr<const Value> value;
    class_counts reached{};
  };
  template <class Value>
  using slots = std::map<key, std::unique_ptr<slot<Value>>>;

  template <class Value, class Make>
  std::shared_ptr<const Value> get(slots<Value>& from, const case_shape& shape,
                                   const std::string& what, const Make& make);

  std::uint64_t seed_;
  std::size_t count_;
  bool is_quick_;
  mutable std::mutex mutex_;
  slots<case_pool> pools_;
  slots<std::vector<contraction_case>> contractions_;
  slots<std::vector<layer_case>> layers_;
};

}  // namespace pamkit::properties
