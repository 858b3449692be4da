#include "modules.hpp"

#include <dlfcn.h>

#include <bit>
#include <filesystem>

namespace pamkit::benchmarks {
namespace {

constexpr const char* kNoLibTorch =
    "LibTorch is not there: './pamkit train --help' fetches it, then call ./pamkit bench again";

// The folders of modules: this build's, and what other builds of the same tree add to them.
std::vector<std::filesystem::path> module_folders() {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  const auto build = program.parent_path().parent_path();
  return {build / "lib" / "benchmarks", build.parent_path() / "training" / "lib" / "benchmarks"};
}

// A function of a module, or why there is none. Modules are never unloaded: what they return holds
// functions of theirs.
template <class Function>
struct loaded {
  Function* function = nullptr;
  std::string reason;
};

template <class Function>
loaded<Function> load(const std::string& module, const char* symbol, const std::string& otherwise) {
  for (const auto& folder : module_folders()) {
    const auto file = folder / (module + ".so");
    std::error_code error;
    if (!std::filesystem::exists(file, error)) continue;
    void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    void* const found = handle == nullptr ? nullptr : dlsym(handle, symbol);
    if (found != nullptr) return {std::bit_cast<Function*>(found), {}};
    const char* const reason = dlerror();
    return {nullptr, reason == nullptr ? "cannot be loaded" : reason};
  }
  return {nullptr, otherwise};
}

}  // namespace

std::vector<baseline> load_baselines(std::string_view target) {
  const std::string of_target(target);
  struct module {
    std::string name;
    std::string label;
    std::string reason;  // where no folder has it
  };
  const module modules[] = {
      {"pamkit_baselines_" + of_target, "baselines", "none was built for " + of_target},
      {"pamkit_baselines_libtorch", "libtorch", kNoLibTorch}};
  std::vector<baseline> found;
  for (const module& m : modules) {
    const auto list = load<list_baselines_function>(m.name, "pamkit_list_baselines", m.reason);
    if (list.function != nullptr) {
      list.function(found);
    } else {
      found.push_back({.name = m.label, .description = {}, .absent = list.reason, .prepare = {}});
    }
  }
  return found;
}

std::vector<measured_case> load_measured(const settings& s, std::vector<absence>& absent) {
  std::vector<measured_case> found;
  const auto list =
      load<list_measured_function>("pamkit_measured_training", "pamkit_list_measured", kNoLibTorch);
  if (list.function != nullptr) {
    list.function(s, found);
  } else {
    absent.push_back({"training step", list.reason});
  }
  return found;
}

}  // namespace pamkit::benchmarks
