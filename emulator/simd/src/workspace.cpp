#include "workspace.hpp"

namespace pamkit::simd {

workspace& thread_workspace() {
  thread_local workspace buffers;
  return buffers;
}

}  // namespace pamkit::simd
