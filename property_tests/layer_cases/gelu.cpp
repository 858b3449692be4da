#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void gelu(layer_case_source& source) { add_element_cases(source); }

}  // namespace pamkit::properties::layer_cases
