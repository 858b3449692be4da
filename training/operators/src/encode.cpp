#include "encode.hpp"

#include <ATen/Functions.h>

#include <span>
#include <vector>

namespace pamkit::operators {
namespace {

template <class Word>
void store(const std::vector<std::uint32_t>& encodings, at::Tensor& to) {
  auto* out = static_cast<Word*>(to.mutable_data_ptr());
  for (std::size_t i = 0; i < encodings.size(); ++i) out[i] = static_cast<Word>(encodings[i]);
}

}  // namespace

at::Tensor widened(const at::Tensor& t) {
  return t.scalar_type() == at::kFloat ? t : t.to(at::kFloat);
}

at::Tensor encoded(const at::Tensor& sums, at::ScalarType type, const configuration& rules) {
  if (type == at::kFloat) return sums;
  const auto count = static_cast<std::size_t>(sums.numel());
  std::vector<std::uint32_t> encodings(count);
  narrow(rules, std::span<const float>(sums.const_data_ptr<float>(), count), encodings);
  at::Tensor result = at::empty(sums.sizes(), sums.options().dtype(type));
  if (describe(rules.format).storage_bits == 16) {
    store<std::uint16_t>(encodings, result);
  } else {
    store<std::uint8_t>(encodings, result);
  }
  return result;
}

}  // namespace pamkit::operators
