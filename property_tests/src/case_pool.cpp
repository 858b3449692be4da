/// The part of the generator that goes through RapidCheck.
#include "pamkit/properties/generator.hpp"
#include "shrinkable_case.hpp"

namespace pamkit::properties {
namespace {

rc::Gen<column> case_generator(const case_shape& shape) {
  const format_description f = describe(shape.format);
  return [shape, f](const rc::Random& random, int /*size*/) {
    rc::Random bits = random;
    entropy source(bits.next());
    return shrinkable_case(f, draw_case(shape, f, source));
  };
}

}  // namespace

case_pool make_pool(const case_shape& shape, std::uint64_t seed, std::size_t count) {
  case_pool pool;
  pool.operands.assign(static_cast<std::size_t>(shape.arity), column(count));
  const rc::Gen<column> generator = case_generator(shape);
  rc::Random random(seed);
  for (std::size_t i = 0; i < count; ++i) {
    const column operands = generator(random.split(), 0).value();
    count_case(shape, operands, pool.reached);
    for (std::size_t j = 0; j < operands.size(); ++j) pool.operands[j][i] = operands[j];
  }
  return pool;
}

}  // namespace pamkit::properties
