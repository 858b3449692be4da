#include "pamkit/training/task.hpp"

#include "pamkit/training/input_error.hpp"

namespace pamkit::training {

nlohmann::ordered_json examples(const char* unit, std::size_t train, std::size_t validation,
                                std::size_t test) {
  return {{"unit", unit}, {"train", train}, {"validation", validation}, {"test", test}};
}

std::unique_ptr<dataset> load_dataset(const recipe& what, const std::filesystem::path& folder,
                                      const std::optional<std::string>& test,
                                      const std::filesystem::path& cache) {
  if (test && what.kind != recipe::task::translation) {
    throw input_error("--test " + *test, "recipe " + what.name + " has no test splits",
                      "leave --test out: it is measured on the validation data");
  }
  switch (what.kind) {
    case recipe::task::images:
      return load_images(what, folder);
    case recipe::task::characters:
      return load_characters(what, folder);
    case recipe::task::translation:
      break;
  }
  return load_translation(what, folder, test, cache);
}

}  // namespace pamkit::training
