#include "encode.hpp"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>

#include <bit>
#include <span>
#include <variant>
#include <vector>

#include "pamkit/convert.hpp"

namespace pamkit::operators {
namespace {

// Of binary32.
constexpr std::int64_t kMagnitude = 0x7FFFFFFF;
constexpr std::int64_t kTop = 0x7F800000;    ///< infinity
constexpr std::int64_t kLeast = 0x00800000;  ///< the least normal number
constexpr int kBias = 127;
constexpr int kFractionBits = 23;

// Magnitudes / 2^bits, nearest, ties to even. Where it could overflow the magnitude is a NaN's.
at::Tensor rounded_quotient(const at::Tensor& m, int bits) {
  if (bits == 0) return m;
  const at::Tensor odd = at::bitwise_and(at::bitwise_right_shift(m, bits), 1);
  const std::int64_t below_half = (std::int64_t{1} << (bits - 1)) - 1;
  return at::bitwise_right_shift(m + odd + below_half, bits);
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

at::Tensor operand(const at::Tensor& t, const configuration& rules) {
  const binary32m* const format = std::get_if<binary32m>(&rules.format);
  if (format == nullptr) return widened(t);
  if (!t.device().is_cpu()) return operand_by_integers(t, *format);
  constexpr std::int64_t elements_per_task = 16384;
  const at::Tensor whole = t.contiguous();
  at::Tensor shorter = at::empty_like(whole);
  const float* const from = whole.const_data_ptr<float>();
  float* const to = shorter.mutable_data_ptr<float>();
  at::parallel_for(0, whole.numel(), elements_per_task, [&](std::int64_t begin, std::int64_t end) {
    const auto count = static_cast<std::size_t>(end - begin);
    cut(*format, rules.overflow, {from + begin, count}, {to + begin, count});
  });
  return shorter;
}

at::Tensor operand_by_integers(const at::Tensor& t, const binary32m& format) {
  const int dropped = kFractionBits - format.kept_bits;
  const at::Tensor x = t.contiguous().view(at::kInt);
  const at::Tensor m = at::bitwise_and(x, kMagnitude);
  at::Tensor cut = at::bitwise_left_shift(rounded_quotient(m, dropped), dropped);
  // Past the largest number a carry has made an infinity, or more.
  cut = at::clamp_max(cut, kTop) + (x - m);
  return at::where(m > kTop, std::int64_t{canonical_nan<binary32>().bits}, cut)
      .to(at::kInt)
      .view(at::kFloat);
}

at::Tensor encoded_by_integers(const at::Tensor& sums, at::ScalarType type,
                               const any_format& format) {
  const format_description f = describe(format);
  const int dropped = kFractionBits - f.fraction_bits;
  const at::Tensor x = sums.contiguous().view(at::kInt);
  const at::Tensor m = at::bitwise_and(x, kMagnitude);
  at::Tensor r = rounded_quotient(m, dropped);
  // A subnormal number has its leading one, after which it is rounded, at its own place: what
  // becomes the least normal number is at least 1 - 2^-(fraction_bits + 2) times that.
  const std::int64_t near_least = kLeast - (std::int64_t{1} << (dropped - 2));
  const at::Tensor subnormal = (m >= near_least).to(at::kInt) * (kLeast >> dropped);
  r = at::where(m < kLeast, subnormal, r) - (std::int64_t{kBias - f.bias} << f.fraction_bits);
  r = at::where(r < std::int64_t{f.min_normal}, 0, r);
  const at::Tensor is_nan = m > kTop;
  const at::Tensor is_past = r > std::int64_t{f.max_finite};
  const at::Tensor sign = (x < 0).to(at::kInt) * std::int64_t{f.sign_mask};
  r = at::where(is_past, std::int64_t{f.infinity}, r) + sign;
  // Without infinities a result that is past them is a NaN.
  r = at::where(f.has_infinity ? is_nan : at::logical_or(is_nan, is_past), std::int64_t{f.nan}, r);
  return r.to(f.storage_bits == 16 ? at::kShort : at::kByte).view(type);
}

at::Tensor encoded(const at::Tensor& sums, at::ScalarType type, const configuration& rules) {
  if (type == at::kFloat) return sums;
  if (!sums.device().is_cpu()) return encoded_by_integers(sums, type, rules.format);
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
