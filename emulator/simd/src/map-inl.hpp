// Elementwise loops. Included once per instruction set.
#if defined(PAMKIT_SIMD_MAP_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef PAMKIT_SIMD_MAP_INL_HPP
#undef PAMKIT_SIMD_MAP_INL_HPP
#else
#define PAMKIT_SIMD_MAP_INL_HPP
#endif

#include <string_view>

#include "pamkit/detail/float_environment.hpp"
#include "format_lanes-inl.hpp"
#include "pamkit/backend.hpp"

#if PAMKIT_SIMD_HAS_KERNELS
HWY_BEFORE_NAMESPACE();
namespace pamkit::simd::HWY_NAMESPACE {

/// The scalar definition.
inline void MapScalar(std::string_view operation, std::string_view arithmetic,
                      const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
                      std::uint32_t* out, std::size_t count) {
  scalar_backend().elementwise(operation, arithmetic)(c, a, b, out, count);
}

/// out[i] = f(a[i], b[i]) for whole and partial vectors; b is nullptr for a unary f.
template <class Function>
HWY_INLINE void Map(const std::uint32_t* a, const std::uint32_t* b, std::uint32_t* out,
                    std::size_t count, const Function& f) {
  const detail::default_float_environment environment;
  const words d;
  const integers di;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const integer_vector x = hn::BitCast(di, hn::LoadU(d, a + i));
    const integer_vector y = b == nullptr ? x : hn::BitCast(di, hn::LoadU(d, b + i));
    hn::StoreU(hn::BitCast(d, f(x, y)), d, out + i);
  }
  if (i == count) return;
  alignas(64) std::uint32_t xs[kLanes] = {};
  alignas(64) std::uint32_t ys[kLanes] = {};
  for (std::size_t j = 0; i + j < count; ++j) {
    xs[j] = a[i + j];
    ys[j] = b == nullptr ? 0 : b[i + j];
  }
  hn::Store(hn::BitCast(d, f(hn::BitCast(di, hn::Load(d, xs)), hn::BitCast(di, hn::Load(d, ys)))),
            d, xs);
  for (std::size_t j = 0; i + j < count; ++j) out[i + j] = xs[j];
}

}  // namespace pamkit::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // PAMKIT_SIMD_HAS_KERNELS

#endif
