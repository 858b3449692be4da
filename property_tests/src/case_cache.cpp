#include "case_cache.hpp"

namespace pamkit::properties {
namespace {

// A seed of its own for each use (FNV-1a over its name), so that uses do not share their luck.
std::uint64_t seed_for(std::uint64_t seed, const std::string& what) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : what) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return entropy(seed ^ hash).next();
}

}  // namespace

template <class Value, class Make>
std::shared_ptr<const Value> case_cache::get(slots<Value>& from, const case_shape& shape,
                                             const std::string& what, const Make& make) {
  const std::string format = describe(shape.format).name;
  slot<Value>* found = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    auto& entry = from[{format, shape.compensation, what}];
    if (!entry) entry = std::make_unique<slot<Value>>();
    found = entry.get();
  }
  std::call_once(found->once, [&] {
    found->shape = shape;
    found->value = make(*found, seed_for(seed_, format + " " + what));
  });
  return found->value;
}

std::shared_ptr<const case_pool> case_cache::pool(const case_shape& shape) {
  const std::string what = std::to_string(shape.arity) +
                           (shape.arity == 1 ? " operand" : " operands") +
                           (shape.profile == profile::paper ? ", profile paper" : "");
  return get(pools_, shape, what, [&](auto& entry, std::uint64_t seed) {
    auto made = std::make_shared<case_pool>(make_pool(shape, seed, count_));
    entry.reached = made->reached;
    return made;
  });
}

std::shared_ptr<const std::vector<contraction_case>> case_cache::contractions(
    const case_shape& shape, const tensor_operation& operation) {
  return get(contractions_, shape, std::string(operation.name),
             [&](auto& entry, std::uint64_t seed) {
               auto made = std::make_shared<std::vector<contraction_case>>();
               entropy source(seed);
               for (const contraction_plan& plan : contraction_plans(operation, is_quick_)) {
                 made->push_back(make_contraction_case(shape, plan, source));
                 count_contraction(shape, made->back(), entry.reached);
               }
               return made;
             });
}

std::shared_ptr<const std::vector<layer_case>> case_cache::layers(const any_format& format,
                                                                  std::string_view layer) {
  return get(layers_, case_shape{format, 1, 0}, std::string(layer),
             [&](auto& entry, std::uint64_t seed) {
               auto made = std::make_shared<std::vector<layer_case>>(
                   make_layer_cases(layer, format, seed, is_quick_ ? layer_case_size::quick : layer_case_size::standard));
               for (const layer_case& c : *made) count_layer_case(format, c, entry.reached);
               return made;
             });
}

std::vector<used_cases> case_cache::coverage() const {
  const std::scoped_lock lock(mutex_);
  std::vector<used_cases> entries;
  for (const auto& [name, entry] : pools_) {
    if (!entry->value) continue;
    entries.push_back(
        {entry->shape, std::get<2>(name), entry->reached, case_count(entry->value->operands)});
  }
  for (const auto& [name, entry] : contractions_) {
    if (!entry->value) continue;
    entries.push_back({entry->shape, std::get<2>(name), entry->reached, entry->value->size()});
  }
  for (const auto& [name, entry] : layers_) {
    if (!entry->value) continue;
    entries.push_back({entry->shape, std::get<2>(name), entry->reached, entry->value->size(), true});
  }
  return entries;
}

}  // namespace pamkit::properties
