#include <algorithm>
#include <charconv>

#include "statement_registry.hpp"
#include "suite_context.hpp"

namespace pamkit::properties {
namespace {

int number_of(std::string_view id) {
  int number = 0;
  std::from_chars(id.data() + 1, id.data() + id.size(), number);
  return number;
}

property_description description_of(const property_text& t) {
  return {.id = t.id, .key = t.key(), .sentence = t.sentence, .domain = t.domain, .promise = t.promise, .promised = t.promised};
}

}  // namespace

std::string property_text::key() const {
  return part.empty() ? std::string(id) : std::string(id) + "." + std::string(part);
}

const property_text& text_of(const statement& s) {
  return std::visit([](const auto& property) -> const property_text& { return property.text; }, s);
}

const std::vector<statement>& statements_in_order() {
  static const std::vector<statement> all = [] {
    std::vector<statement> list;
    for (const auto function : statement_functions) {
      std::ranges::move(function(), std::back_inserter(list));
    }
    std::ranges::stable_sort(list, {}, [](const statement& s) { return number_of(text_of(s).id); });
    return list;
  }();
  return all;
}

std::vector<property_description> properties() {
  std::vector<property_description> list;
  for (const task_family& family : task_families()) {
    for (const property_text* text : family.texts) list.push_back(description_of(*text));
  }
  std::ranges::stable_sort(list, {}, [](const property_description& p) { return number_of(p.id); });
  return list;
}

std::vector<std::string> suite_operations() {
  std::vector<std::string> names;
  for (const task_family& family : task_families()) {
    for (const std::string& name : family.operations) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

}  // namespace pamkit::properties
