#include "pamkit/backend.hpp"
namespace pamkit {
const backend& simd_backend() { return scalar_backend(); }
}  // namespace pamkit
