#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void tanh(layer_case_source& source) { add_row_cases(source, /*reduces=*/false); }

}  // namespace pamkit::properties::layer_cases
