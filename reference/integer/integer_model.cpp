#include "pamkit/reference/integer_model.hpp"

#include "binary64.hpp"
#include "integer_definition.hpp"

namespace pamkit::reference {
namespace {

const columns::definition* find_definition(std::string_view operation, const rules& r) {
  if (r.format.dropped_bits != 0) return nullptr;
  for (const auto list : {columns::pam_definitions(), columns::ieee_definitions(),
                          columns::elementary_definitions()}) {
    for (const columns::definition& d : list) {
      if (d.arithmetic == r.arithmetic && d.operation == operation) return &d;
    }
  }
  return nullptr;
}

}  // namespace

column_oracle find_columns(std::string_view operation, const rules& r) {
  const columns::definition* found = find_definition(operation, r);
  return found == nullptr ? nullptr : found->columns;
}

bool has_choice(std::string_view operation, const rules& r) {
  const columns::definition* found = find_definition(operation, r);
  return found != nullptr && found->has_choice;
}

void values_of(const rules& r, const std::uint32_t* encodings, double* values, std::size_t count) {
  const binary64_operations<std::int64_t> model(r);
  constexpr std::uint64_t kInfinity = 0x7ff0000000000000;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t x = encodings[i];
    const std::int64_t m = x & model.f.magnitude;
    double v = m < model.f.first_nonzero ? 0.0 : model.value(m);
    if (m == model.f.infinity) v = std::bit_cast<double>(kInfinity);
    if (m > model.f.last_number) v = std::bit_cast<double>(kInfinity + 1);
    values[i] = (x & model.f.sign) != 0 ? -v : v;
  }
}

}  // namespace pamkit::reference
