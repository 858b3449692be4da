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
  struct module {
    std::string name;
    std::string label;
    std::string reason;  // where no folder has it
  };
  const module modules[] = {
      {"pamkit_baselines_" + std::string(target), "baselines", "none was built for " + std::string(target)},
      {"pamkit_baselines_libtorch", "libtorch",
       "LibTorch is not there: './pamkit train --help' fetches it, then call ./pamkit bench again"}};
  std::vector<baseline> found;
  for (const module& m : modules) {
    bool is_there = false;
    for (const auto& folder : module_folders()) {
      const auto file = folder / (m.name + ".so");
      std::error_code error;
      if (is_there || !std::filesystem::exists(file, error)) continue;
      load_module(file, found);
      is_there = true;
    }
    if (!is_there) {
      found.push_back({.name = m.label, .description = {}, .absent = m.reason, .prepare = {}});
    }
  }
  return found;
}

}  // namespace pamkit::benchmarks
