#include "convolution.hpp"

#include "kernels.hpp"
#include "pamkit/vector_kernel_registry.hpp"

namespace pamkit::simd {

layer_function convolution_layer(std::string_view operation, std::string_view arithmetic) {
  layer_function found = nullptr;
  for_each_type(all_vector_kernels{}, [&]<class K>(std::type_identity<K>) {
    if (arithmetic == K::arithmetic::name) found = find_convolution<K>(operation);
  });
  return found;
}

}  // namespace pamkit::simd
