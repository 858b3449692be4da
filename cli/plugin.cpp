#include "plugin.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <csignal>
#include <cstdlib>
#include <utility>
#include <vector>

#include "console.hpp"
#include "failure.hpp"
#include "pamkit/properties/backends.hpp"
#include "pamkit_plugin.h"

namespace pamkit::cli {
namespace {

constexpr std::size_t kSlots = 4;
// More than there are: functions of a backend are plain pointers, so there is one for each name.
constexpr std::size_t kMostOperations = 32;
constexpr std::size_t kMostArithmetics = 16;

struct loaded_plugin {
  std::string path;
  std::string name;
  const pamkit_implementation* functions = nullptr;
  backend face;
};

std::array<loaded_plugin, kSlots>& slots() {
  static std::array<loaded_plugin, kSlots> all;
  return all;
}

// ---- Calls into a plug-in, and what may end the program in them ---------------------------------

class guarded_call;
thread_local const guarded_call* current_call = nullptr;

// Room for the handler of a crash that has used up the thread's own stack.
class handler_stack {
 public:
  handler_stack() {
    const stack_t mine{.ss_sp = memory_.data(), .ss_flags = 0, .ss_size = memory_.size()};
    sigaltstack(&mine, &before_);
  }
  ~handler_stack() { sigaltstack(&before_, nullptr); }
  handler_stack(const handler_stack&) = delete;
  handler_stack& operator=(const handler_stack&) = delete;

 private:
  std::vector<char> memory_ = std::vector<char>(std::size_t{1} << 16);
  stack_t before_{};
};

// A crash in it ends the program with its name, and so does an exit.
class guarded_call {
 public:
  guarded_call(const std::string& path, std::string place)
      : path_(path),
        place_(std::move(place)),
        crash_(fmt::format("pamkit: {} crashed in {}; run it in a debugger, the call is in "
                           "pamkit_plugin.h\n",
                           path_, place_)) {
    thread_local const handler_stack stack;
    current_call = this;
  }
  ~guarded_call() { current_call = nullptr; }
  guarded_call(const guarded_call&) = delete;
  guarded_call& operator=(const guarded_call&) = delete;

  void require_success(int code) const {
    if (code == 0) return;
    complain(fmt::format("{}: {} failed with {}; 0 is what a call that computed returns", path_,
                         place_, code));
    _exit(static_cast<int>(exit_code::unusable));  // tasks of other threads are still running
  }

  // For a signal handler: it only writes.
  [[noreturn]] void end_by_crash() const {
    [[maybe_unused]] const auto ignored = write(STDERR_FILENO, crash_.data(), crash_.size());
    _exit(static_cast<int>(exit_code::unusable));
  }

  std::string end_by_exit() const {
    return fmt::format("{} ended the program in {}", path_, place_);
  }

 private:
  const std::string& path_;
  std::string place_;
  std::string crash_;
};

void on_crash(int signal) {
  if (current_call != nullptr) current_call->end_by_crash();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::atomic<bool> is_exit_expected{false};

// Without this an exit in a library would look like a run in which all is well.
void on_exit() {
  if (is_exit_expected) return;
  complain((current_call != nullptr
                ? current_call->end_by_exit()
                : "a library of --backend ended the program outside of a call") +
           "; a library returns to pamkit and does not call exit");
  _exit(static_cast<int>(exit_code::unusable));
}

void watch_endings() {
  struct sigaction action {};
  action.sa_handler = on_crash;
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    sigaction(signal, &action, nullptr);
  }
  static const bool is_registered = std::atexit(on_exit) == 0 && std::at_quick_exit(on_exit) == 0;
  if (!is_registered) throw failure("--backend: out of memory; free some");
}

// ---- The functions of a backend ------------------------------------------------------------------------------------

pamkit_plugin_rules rules_for(const char* operation, const std::string& arithmetic,
                              const std::string& format, subnormal_policy subnormals,
                              overflow_policy overflow, std::int32_t compensation) {
  return {operation,
          arithmetic.c_str(),
          format.c_str(),
          subnormals == subnormal_policy::flush ? 1 : 0,
          overflow == overflow_policy::saturate ? 1 : 0,
          compensation};
}

template <std::size_t Slot, std::size_t Operation>
void apply_elementwise(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
                       std::uint32_t* out, std::size_t count) {
  const loaded_plugin& plugin = slots()[Slot];
  const operation_info& info = operations()[Operation];
  const std::string operation(info.name);
  const std::string arithmetic(c.arithmetic);
  const std::string format = describe(c.format).name;
  const guarded_call call(plugin.path, fmt::format("{} on {} operands", operation, format));
  const pamkit_plugin_rules rules = rules_for(operation.c_str(), arithmetic, format, c.subnormals,
                                              c.overflow, c.compensation);
  call.require_success(
      plugin.functions->elementwise(&rules, a, info.arity == 1 ? a : b, out, count));
}

template <std::size_t Slot, std::size_t Arithmetic>
void apply_matmul(const policy<binary32>& p, const contraction_problem& c) {
  const loaded_plugin& plugin = slots()[Slot];
  const std::string arithmetic(arithmetics()[Arithmetic].name);
  const guarded_call call(plugin.path, "matmul on binary32 operands");
  const std::string format = "binary32";
  const pamkit_plugin_rules rules =
      rules_for("matmul", arithmetic, format, p.subnormals, p.overflow, p.compensation);
  const auto m = static_cast<std::size_t>(c.m);
  const auto n = static_cast<std::size_t>(c.n);
  const auto k = static_cast<std::size_t>(c.k);
  std::vector<std::uint32_t> a(m * k), b(k * n), out(m * n);
  for (std::int64_t batch = 0; batch < c.batch; ++batch) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      a[i] = load(c.a, batch, static_cast<std::int64_t>(i / k), static_cast<std::int64_t>(i % k)).bits;
    }
    for (std::size_t i = 0; i < b.size(); ++i) {
      b[i] = load(c.b, batch, static_cast<std::int64_t>(i / n), static_cast<std::int64_t>(i % n)).bits;
    }
    call.require_success(plugin.functions->matmul(&rules, m, n, k, a.data(), b.data(), out.data()));
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i / n);
      const auto column = static_cast<std::int64_t>(i % n);
      c.out.data[batch * c.out.batch_stride + row * c.out.row_stride +
                 column * c.out.column_stride] = std::bit_cast<float>(out[i]);
    }
  }
}

template <std::size_t Slot, std::size_t... I>
constexpr auto elementwise_table(std::index_sequence<I...>) {
  return std::array<elementwise_function, sizeof...(I)>{apply_elementwise<Slot, I>...};
}
template <std::size_t Slot, std::size_t... I>
constexpr auto matmul_table(std::index_sequence<I...>) {
  return std::array<contraction_function, sizeof...(I)>{apply_matmul<Slot, I>...};
}

bool defines(const loaded_plugin& plugin, std::string_view operation, std::string_view arithmetic) {
  const std::string o(operation);
  const std::string a(arithmetic);
  const guarded_call call(plugin.path, "defines");
  return plugin.functions->defines(o.c_str(), a.c_str()) != 0;
}

template <std::size_t Slot>
elementwise_function find_elementwise(std::string_view operation, std::string_view arithmetic) {
  static constexpr auto table = elementwise_table<Slot>(std::make_index_sequence<kMostOperations>{});
  const auto known = operations();
  const auto it = std::ranges::find(known, operation, &operation_info::name);
  const auto index = static_cast<std::size_t>(it - known.begin());
  if (it == known.end() || index >= table.size()) return nullptr;
  return defines(slots()[Slot], operation, arithmetic) ? table[index] : nullptr;
}

template <std::size_t Slot>
contraction_function find_contraction(std::string_view arithmetic, contraction_kind kind,
                                      derivative /*gradient*/) {
  static constexpr auto table = matmul_table<Slot>(std::make_index_sequence<kMostArithmetics>{});
  const loaded_plugin& plugin = slots()[Slot];
  const auto known = arithmetics();
  const auto it = std::ranges::find(known, arithmetic, &arithmetic_info::name);
  const auto index = static_cast<std::size_t>(it - known.begin());
  const bool is_there = kind == contraction_kind::product && plugin.functions->matmul != nullptr &&
                        it != known.end() && index < table.size();
  return is_there && defines(plugin, "matmul", arithmetic) ? table[index] : nullptr;
}

template <std::size_t Slot>
backend face_of(const loaded_plugin& plugin) {
  return {.name = plugin.name,
          .description = plugin.path,
          .elementwise = find_elementwise<Slot>,
          .contraction = find_contraction<Slot>};
}

template <std::size_t... Slot>
constexpr auto face_table(std::index_sequence<Slot...>) {
  return std::array<backend (*)(const loaded_plugin&), sizeof...(Slot)>{face_of<Slot>...};
}

bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

// The function that a library exports.
using entry_function = const pamkit_implementation* (*)();

entry_function open_library(const std::string& path) {
  const guarded_call call(path, "what it does when it is loaded");
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw failure(fmt::format("--backend: {}; name a shared library that can be loaded", dlerror()));
  }
  void* const symbol = dlsym(library, "pamkit_plugin");
  if (symbol == nullptr) {
    throw failure(fmt::format("--backend: {} exports no pamkit_plugin; pamkit_plugin.h says what it has "
                              "to be",
                              path));
  }
  return std::bit_cast<entry_function>(symbol);
}

const pamkit_implementation* call_entry(const std::string& path, entry_function entry) {
  const guarded_call call(path, "pamkit_plugin");
  return entry();
}

const pamkit_implementation& read_library(const std::string& path) {
  const pamkit_implementation* const functions = call_entry(path, open_library(path));
  const guarded_call call(path, "a look at what pamkit_plugin returned");
  if (functions == nullptr) {
    throw failure(
        fmt::format("--backend: {}: pamkit_plugin returned null; pamkit_plugin.h says what "
                    "it has to return",
                    path));
  }
  if (functions->abi != PAMKIT_PLUGIN_ABI) {
    throw failure(
        fmt::format("--backend: {} is built for interface {}; build it again with the "
                    "pamkit_plugin.h of this version, which is {}",
                    path, functions->abi, PAMKIT_PLUGIN_ABI));
  }
  if (functions->name == nullptr || !is_name(functions->name) || functions->defines == nullptr ||
      functions->elementwise == nullptr) {
    throw failure(fmt::format("--backend: {} has no name of letters, digits, '-' and '_', or lacks "
                              "defines or elementwise; pamkit_plugin.h says what it has to be",
                              path));
  }
  return *functions;
}

}  // namespace

const backend& load_plugin(const std::string& path) {
  static constexpr auto faces = face_table(std::make_index_sequence<kSlots>{});
  const auto slot = std::ranges::find_if(slots(), [&](const loaded_plugin& p) {
    return p.path.empty() || p.path == path;
  });
  if (slot == slots().end()) {
    throw failure(fmt::format("--backend: at most {} libraries at a time; leave {} for another run",
                              kSlots, path));
  }
  if (slot->path == path) return slot->face;
  watch_endings();
  const pamkit_implementation& functions = read_library(path);
  const bool is_taken =
      std::ranges::any_of(properties::all_backends(), [&](const backend* b) { return b->name == functions.name; }) ||
      std::ranges::any_of(slots(), [&](const loaded_plugin& p) { return p.name == functions.name; });
  if (is_taken) {
    throw failure(fmt::format("--backend: {} calls itself {}, as another backend does; give it a name of "
                              "its own",
                              path, functions.name));
  }
  slot->path = path;
  slot->name = functions.name;
  slot->functions = &functions;
  slot->face = faces[static_cast<std::size_t>(slot - slots().begin())](*slot);
  return slot->face;
}

void expect_exit() { is_exit_expected = true; }

}  // namespace pamkit::cli
