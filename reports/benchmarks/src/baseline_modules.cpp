#include "baseline_modules.hpp"

#include <dlfcn.h>

#include <bit>
#include <filesystem>

namespace pamkit::benchmarks {
namespace {

// The folders of modules: this build's, and what other builds of the same tree add to them.
std::vector<std::filesystem::path> module_folders() {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  const auto build = program.parent_path().parent_path();
  return {build / "lib" / "benchmarks", build.parent_path() / "training" / "lib" / "benchmarks"};
}

void load_module(const std::filesystem::path& file, std::vector<baseline>& found) {
  // Never unloaded: contenders hold functions of it.
  void* const module = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) {
    const char* const reason = dlerror();
    found.push_back({.name = file.stem().string(),
                     .description = {},
                     .absent = reason == nullptr ? "cannot be loaded" : reason,
                     .prepare = {}});
    return;
  }
  if (const auto list =
          std::bit_cast<list_baselines_function>(dlsym(module, "pamkit_list_baselines"))) {
    list(found);
  }
}

}  // namespace

std::vector<baseline> load_baselines(std::string_view target) {
  std::vector<baseline> found;
  for (const auto& folder : module_folders()) {
    for (const std::string& name : {"pamkit_baselines_" + std::string(target) + ".so",
                                    std::string("pamkit_baselines_libtorch.so")}) {
      std::error_code error;
      if (std::filesystem::exists(folder / name, error)) load_module(folder / name, found);
    }
  }
  if (found.empty()) {
    found.push_back({.name = "baselines",
                     .description = {},
                     .absent = "none was built for " + std::string(target),
                     .prepare = {}});
  }
  return found;
}

}  // namespace pamkit::benchmarks
