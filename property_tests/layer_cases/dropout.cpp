#include "pamkit/properties/layer_case.hpp"

namespace pamkit::properties::layer_cases {

void dropout(layer_case_source& source) {
  const double rates[] = {0.1, 0.3, 0.5, 0};
  std::size_t next = 0;
  for (const layer_content content : all_layer_contents) {
    layer_case c;
    c.inputs = {source.numbers({3, 7}, content), source.words({3, 7}, 2)};
    c.incoming = {source.numbers({3, 7}, content)};
    // The default is left out, so that it is judged as a default.
    const double rate = rates[next++ % std::size(rates)];
    if (rate != 0.1) c.attributes = {{"p", rate}};
    source.add(std::move(c));
  }
}

}  // namespace pamkit::properties::layer_cases
