#pragma once

#include <type_traits>

namespace pamkit {

/// A list of types.
template <class... T>
struct type_list {};

/// Calls f(std::type_identity<T>{}) for every type of the list, in order.
template <class... T, class Function>
constexpr void for_each_type(type_list<T...>, Function f) {
  (f(std::type_identity<T>{}), ...);
}

}  // namespace pamkit
