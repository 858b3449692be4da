#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void mean(layer_case_source& source) {
  add_row_cases(source, /*reduces=*/true);
  add_endless_row(source);
}

}  // namespace pamkit::properties::layer_cases
