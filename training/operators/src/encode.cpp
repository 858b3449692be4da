#include "encode.hpp"

#include <ATen/Functions.h>

#include <span>
#include <vector>

namespace pamkit::operators {
namespace {

// An arithmetic never flushes if it takes a subnormal operand for what it is even where the policy flushes: its
// product of the least subnormal and 1 is then no zero.
bool never_flushes(const configuration& rules) {
  configuration flushing = rules;
  flushing.subnormals = subnormal_policy::flush;
  flushing.format = binary32{};
  flushing.compensation = 0;
  const format_description d = describe(flushing.format);
  const std::uint32_t least = 1;
  std::uint32_t product = 0;
  scalar_backend().elementwise("mul", rules.arithmetic)(flushing, &least, &d.one, &product, 1);
  return !d.is_zero(product);
}

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
  configuration output = rules;
  if (never_flushes(rules)) output.subnormals = subnormal_policy::gradual;
  const auto count = static_cast<std::size_t>(sums.numel());
  std::vector<std::uint32_t> encodings(count);
  narrow(output, std::span<const float>(sums.const_data_ptr<float>(), count), encodings);
  at::Tensor result = at::empty(sums.sizes(), sums.options().dtype(type));
  if (describe(rules.format).storage_bits == 16) {
    store<std::uint16_t>(encodings, result);
  } else {
    store<std::uint8_t>(encodings, result);
  }
  return result;
}

}  // namespace pamkit::operators
