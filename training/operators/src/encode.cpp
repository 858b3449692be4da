#include "encode.hpp"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <bit>
#include <span>
#include <variant>
#include <vector>

#include "pamkit/convert.hpp"

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

at::Tensor operand(const at::Tensor& t, const configuration& rules) {
  const binary32m* const format = std::get_if<binary32m>(&rules.format);
  if (format == nullptr) return widened(t);
  constexpr std::int64_t elements_per_task = 16384;
  const at::Tensor whole = t.contiguous();
  at::Tensor shorter = at::empty_like(whole);
  const float* const from = whole.const_data_ptr<float>();
  float* const to = shorter.mutable_data_ptr<float>();
  at::parallel_for(0, whole.numel(), elements_per_task, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      to[i] = std::bit_cast<float>(std::uint32_t{
          cut({std::bit_cast<std::uint32_t>(from[i])}, format->kept_bits, cut_mode::nearest,
              rules.overflow)
              .bits});
    }
  });
  return shorter;
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
