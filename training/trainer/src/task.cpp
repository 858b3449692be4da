#include "pamkit/training/task.hpp"

namespace pamkit::training {

std::unique_ptr<dataset> load_dataset(const recipe& what, const std::filesystem::path& folder,
                                      const std::optional<std::string>& test,
                                      const std::filesystem::path& cache) {
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
