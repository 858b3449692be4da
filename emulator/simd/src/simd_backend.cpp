#include <hwy/targets.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernels.hpp"
#include "pamkit/backend.hpp"
#include "pamkit/profiles.hpp"
#include "pamkit/simd.hpp"
#include "pamkit/vector_kernel_registry.hpp"

namespace pamkit {
namespace {

struct target_name {
  std::int64_t bit;
  std::string_view name;
};

// Best first. The last is the library's fallback without vectors, where the definitions compute.
constexpr std::array kTargets = {
    target_name{HWY_AVX3_DL, "avx512"}, target_name{HWY_AVX3, "avx512"},
    target_name{HWY_AVX2, "avx2"},      target_name{HWY_SSE4, "sse4"},
    target_name{HWY_NEON, "neon"},      target_name{HWY_SCALAR | HWY_EMU128, "scalar"}};
constexpr std::int64_t kScalarBits = HWY_SCALAR | HWY_EMU128;

// What this build has kernels for and this machine can run, whatever was forced before.
std::int64_t runnable_targets() {
  static const std::int64_t runnable = hwy::SupportedTargets() & HWY_TARGETS;
  return runnable | kScalarBits;
}

std::int64_t best_target() {
  for (const target_name& t : kTargets) {
    if ((runnable_targets() & t.bit) != 0) return t.bit;
  }
  return kScalarBits;
}

std::int64_t find_target(std::string_view name) {
  for (const target_name& t : kTargets) {
    if (t.name == name && (runnable_targets() & t.bit) != 0) return t.bit;
  }
  return 0;
}

std::int64_t starting_target() {
  const char* const forced = std::getenv("PAMKIT_SIMD_TARGET");
  if (forced == nullptr || *forced == '\0') return best_target();
  const std::int64_t target = find_target(forced);
  if (target == 0) {
    std::string message = "PAMKIT_SIMD_TARGET=";
    message.append(forced).append(": no instruction set of this build and machine; these are:");
    for (const std::string_view name : simd_targets()) message.append(" ").append(name);
    throw std::invalid_argument(message);
  }
  return target;
}

// The target that look-ups use; also the one that the dispatch tables give.
std::int64_t& chosen_target() {
  static std::int64_t chosen = [] {
    const std::int64_t target = starting_target();
    hwy::GetChosenTarget().Update(target);
    return target;
  }();
  return chosen;
}

bool vectors_chosen() { return chosen_target() != kScalarBits; }

elementwise_function simd_elementwise(std::string_view operation, std::string_view arithmetic) {
  if (profile_of(arithmetic) != profile::standard) return nullptr;  // the scalar backend's alone
  const elementwise_function scalar = scalar_backend().elementwise(operation, arithmetic);
  if (scalar == nullptr || !vectors_chosen()) return scalar;
  elementwise_function found = nullptr;
  for_each_type(all_vector_kernels{}, [&]<class K>(std::type_identity<K>) {
    if (arithmetic == K::arithmetic::name) found = K::elementwise(operation);
  });
  return found == nullptr ? scalar : found;
}

contraction_function simd_contraction(std::string_view arithmetic, contraction_kind kind,
                                      derivative gradient) {
  const contraction_function scalar = scalar_backend().contraction(arithmetic, kind, gradient);
  if (scalar == nullptr || !vectors_chosen()) return scalar;
  contraction_function found = nullptr;
  for_each_type(all_vector_kernels{}, [&]<class K>(std::type_identity<K>) {
    if (arithmetic == K::arithmetic::name) found = K::contraction(kind, gradient);
  });
  return found == nullptr ? scalar : found;
}

layer_function simd_layer(std::string_view operation, std::string_view arithmetic) {
  const layer_function scalar = scalar_backend().layer(operation, arithmetic);
  if (scalar == nullptr || !vectors_chosen()) return scalar;
  layer_function found = simd::convolution_layer(operation, arithmetic);
  if (found == nullptr) found = simd::composed_layer(operation, arithmetic);
  if (found != nullptr) return found;
  for_each_type(all_vector_kernels{}, [&]<class K>(std::type_identity<K>) {
    if (arithmetic == K::arithmetic::name) found = K::layer(operation);
  });
  return found == nullptr ? scalar : found;
}

}  // namespace

std::vector<std::string_view> simd_targets() {
  std::vector<std::string_view> names;
  for (const target_name& t : kTargets) {
    const bool seen = !names.empty() && names.back() == t.name;
    if ((runnable_targets() & t.bit) != 0 && !seen) names.push_back(t.name);
  }
  return names;
}

std::string_view simd_target_name() {
  for (const target_name& t : kTargets) {
    if ((chosen_target() & t.bit) != 0) return t.name;
  }
  return "scalar";
}

bool use_simd_target(std::string_view name) {
  const std::int64_t target = name.empty() ? starting_target() : find_target(name);
  if (target == 0) return false;
  chosen_target() = target;
  hwy::GetChosenTarget().Update(target);
  return true;
}

const backend& simd_backend() {
  static constexpr backend self{.name = "simd",
                                .description = "vector kernels for the machine's instruction set",
                                .elementwise = simd_elementwise,
                                .contraction = simd_contraction,
                                .layer = simd_layer,
                                .reads_narrow_elements = true};
  return self;
}

}  // namespace pamkit
