#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/record_function.h>

#include <array>
#include <string_view>

namespace pamkit::operators {

/// Tells LibTorch's observers (at::addThreadLocalCallback) of work that does not go through its
/// dispatcher, as the dispatcher tells of operators: from the construction to the end of the scope.
/// `inputs` are tensors, strings and 64-bit integers, readable at the start alone. Where nobody
/// observes it costs a look at a thread-local variable.
class recorded {
 public:
  template <class... Inputs>
  explicit recorded(std::string_view name, const Inputs&... inputs)
      : record_(at::RecordScope::FUNCTION) {
    if (!record_.isActive()) return;
    const std::array<c10::IValue, sizeof...(Inputs)> values{c10::IValue(inputs)...};
    record_.before(name, c10::ArrayRef<const c10::IValue>(values.data(), values.size()));
  }
  recorded(const recorded&) = delete;
  recorded& operator=(const recorded&) = delete;
  ~recorded() = default;

 private:
  at::RecordFunction record_;
};

}  // namespace pamkit::operators
