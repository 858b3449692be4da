/// Judges planted faults: runs the suite on one backend for each fault of a build in which all of
/// them are compiled in (planting.py), and says for each which property rejected it.
///
///   judge FAULTS [--level L] [--jobs N] [--property ID ...] [--arithmetic NAME ...] [--format NAME ...]
///         [--whole SITE] [--every] [--no-shrink]
///
/// FAULTS lists one fault a line: site, backend ("scalar", "simd" or "cuda-host"), name. Each is a backend of
/// that name. A task judges only the faults whose place the sound backend passes in it; the others
/// return the sound backend's results. A fault that was rejected leaves the run, unless `--every`.
/// With `--whole` the one fault is active from the start of the program, in look-ups and promises
/// too, and the sound backends are judged.
///
/// Standard output, one line each, fields separated by tabs, as they come:
///   rejected NAME PROPERTY OPERATION ARITHMETIC FORMAT POLICY OVERFLOW SHAPE OPERANDS GOT EXPECTED REASON
///   reached NAME        at the end, of those that were not rejected
///   crashed SITE        the process ends; start it again without this fault
///   done
/// Exit codes: 0 done; 2 usage; 3 crashed.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#if defined(PAMKIT_FAULTS_IN_CUDA)
#include "pamkit/cuda/host_backend.hpp"
#endif
#include "pamkit/properties/backends.hpp"
#include "pamkit/properties/suite.hpp"
#include "planted_fault.hpp"

namespace pamkit::mutants {

thread_local constinit fault_state state;

namespace {

constexpr int kMaxSites = 4096;
// Of a call on an array or a whole layer: far more than any case of the suite needs.
constexpr std::int64_t kPatience = 400'000'000;

/// Sites that the sound backend passed since the recording began.
thread_local std::array<bool, kMaxSites> passed;

int process_wide = fault_state::kNone;

// Of a fault of the whole process all calls of a thread are one: a whole run passes some 10^10 sites.
constexpr std::int64_t kPatienceOfRun = 1000 * kPatience;

void activate(int site) { state = {site, process_wide == fault_state::kNone ? kPatience : kPatienceOfRun}; }

struct endless : std::runtime_error {
  endless() : std::runtime_error("the call does not end") {}
};

// What a look-up found, called next on the same thread.
thread_local elementwise_function found_elementwise;
thread_local contraction_function found_contraction;
thread_local layer_function found_layer;

/// No fault is active in the scope.
class without_fault {
 public:
  without_fault() : site_(std::exchange(state.active, fault_state::kNone)) { state.patience = kPatience; }
  ~without_fault() { activate(site_); }
  without_fault(const without_fault&) = delete;
  without_fault& operator=(const without_fault&) = delete;

 private:
  int site_;
};

// Calls f; a call that throws, as a fault may make it, gets a result by `fallback`, or is refused by that too.
template <class Function, class Fallback>
auto guarded(const Function& f, const Fallback& fallback) {
  state.patience = kPatience;
  try {
    return f();
  } catch (...) {
    const without_fault sound;
    return fallback();
  }
}

// Results that are certainly wrong: the sound ones with the last bit of each exchanged.
void call_elementwise(const configuration& c, const std::uint32_t* a, const std::uint32_t* b,
                      std::uint32_t* out, std::size_t count) {
  const auto f = found_elementwise;
  guarded([&] { f(c, a, b, out, count); },
          [&] {
            f(c, a, b, out, count);
            for (std::size_t i = 0; i < count; ++i) out[i] ^= 1;
          });
}

void call_contraction(const policy<binary32>& rules, const contraction_problem& problem) {
  const auto f = found_contraction;
  guarded([&] { f(rules, problem); },
          [&] {
            f(rules, problem);
            if (problem.out.data != nullptr) *problem.out.data = -*problem.out.data - 1;
          });
}

std::vector<tensor> call_layer(const policy<binary32>& rules, derivative gradient,
                               std::span<const tensor> inputs, const layer_attributes& attributes) {
  const auto f = found_layer;
  return guarded([&] { return f(rules, gradient, inputs, attributes); },
                 [&] {
                   auto results = f(rules, gradient, inputs, attributes);
                   for (tensor& t : results) t.shape.push_back(1);
                   return results;
                 });
}

// The look-ups of fault `Site`: they make it the active one, for the call that follows.
template <int Site>
struct lookups {
  template <const backend& (*Sound)()>
  static elementwise_function elementwise(std::string_view operation, std::string_view arithmetic) {
    activate(Site);
    found_elementwise = Sound().elementwise(operation, arithmetic);
    return found_elementwise == nullptr ? nullptr : call_elementwise;
  }
  template <const backend& (*Sound)()>
  static contraction_function contraction(std::string_view arithmetic, contraction_kind kind,
                                          derivative gradient) {
    activate(Site);
    found_contraction = Sound().contraction(arithmetic, kind, gradient);
    return found_contraction == nullptr ? nullptr : call_contraction;
  }
  template <const backend& (*Sound)()>
  static layer_function layer(std::string_view operation, std::string_view arithmetic) {
    activate(Site);
    if (Sound().layer == nullptr) return nullptr;
    found_layer = Sound().layer(operation, arithmetic);
    return found_layer == nullptr ? nullptr : call_layer;
  }
  template <const backend& (*Sound)()>
  static constexpr backend make() {
    return {.name = "",
            .description = "a planted fault",
            .elementwise = elementwise<Sound>,
            .contraction = contraction<Sound>,
            .layer = layer<Sound>};
  }
};

template <const backend& (*Sound)(), int... Sites>
constexpr auto all_backends(std::integer_sequence<int, Sites...>) {
  return std::array<backend, sizeof...(Sites)>{lookups<Sites>::template make<Sound>()...};
}

using sites = std::make_integer_sequence<int, PAMKIT_FAULT_SITES>;
constexpr auto kScalarBackends = all_backends<scalar_backend>(sites{});
constexpr auto kSimdBackends = all_backends<simd_backend>(sites{});
#if defined(PAMKIT_FAULTS_IN_CUDA)
constexpr auto kCudaBackends = all_backends<cuda::host_backend>(sites{});
const std::vector<const backend*> kSoundBackends = {&cuda::host_backend()};
#else
constexpr auto kCudaBackends = kScalarBackends;  // not reached: no fault is in the CUDA kernels
const std::vector<const backend*> kSoundBackends = {&scalar_backend(), &simd_backend()};
#endif

struct fault {
  int site = 0;
  std::string name;
  backend implementation;
};

std::vector<std::unique_ptr<fault>> read_faults(const char* path) {
  std::ifstream file(path);
  if (!file) throw std::invalid_argument(std::string("cannot read ") + path);
  std::vector<std::unique_ptr<fault>> faults;
  int site = 0;
  std::string where;
  std::string name;
  while (file >> site >> where >> name) {
    if (site <= 0 || site >= PAMKIT_FAULT_SITES) throw std::invalid_argument("no such site: " + name);
    auto f = std::make_unique<fault>();
    f->site = site;
    f->name = name;
    const auto index = static_cast<std::size_t>(site);
    f->implementation = where == "cuda-host" ? kCudaBackends[index]
                        : where == "simd"    ? kSimdBackends[index]
                                             : kScalarBackends[index];
    f->implementation.name = f->name;
    f->implementation.reads_narrow_elements = where != "cuda-host";
    faults.push_back(std::move(f));
  }
  return faults;
}

/// Activates what is judged, leaves out what a task does not pass, and reports rejections.
class referee : public properties::run_observer {
 public:
  referee(const std::vector<std::unique_ptr<fault>>& faults, bool every) : every_(every) {
    for (const auto& f : faults) by_name_.emplace(f->name, f.get());
  }

  void task_starts() override {
    activate(process_wide);
    passed.fill(false);
  }

  bool is_judged(const backend& b) override {
    const auto it = by_name_.find(b.name);
    if (it == by_name_.end()) {
      // A sound backend: it comes before the faults.
      activate(process_wide != fault_state::kNone ? process_wide : fault_state::kRecording);
      return true;
    }
    const fault& f = *it->second;
    activate(fault_state::kNone);
    if (!passed[static_cast<std::size_t>(f.site)]) return false;
    activate(f.site);
    const std::scoped_lock lock(mutex_);
    reached_.insert(f.name);
    return every_ || !rejected_.contains(f.name);
  }

  void task_ended(std::vector<properties::result>& rows) override {
    activate(process_wide);
    const std::scoped_lock lock(mutex_);
    for (const properties::result& r : rows) {
      if (r.status != properties::run_status::fail) continue;
      const bool is_first = rejected_.insert(r.backend).second;
      if (!is_first && !(every_ && told_.insert(r.backend + " " + r.property).second)) continue;
      told_.insert(r.backend + " " + r.property);
      report(r);
      if (by_name_.contains(r.backend)) ++rejected_faults_;
      if (rejected_faults_ == by_name_.size() && !every_) stop_.request_stop();
    }
    rows.clear();
  }

  void finish() const {
    for (const std::string& name : reached_) {
      if (!rejected_.contains(name)) std::printf("reached\t%s\n", name.c_str());
    }
    std::puts("done");
  }
  /// Asked to stop when nothing is left to judge.
  std::stop_token stop_token() const { return stop_.get_token(); }

  bool is_rejected(const std::string& name) const { return rejected_.contains(name); }

 private:
  static void report(const properties::result& r) {
    std::string operands;
    std::string got;
    std::string expected;
    if (r.counterexample) {
      for (const std::string& x : r.counterexample->operands) {
        operands += (operands.empty() ? "" : " ") + x;
      }
      got = r.counterexample->got;
      expected = r.counterexample->expected;
    }
    std::printf("rejected\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.backend.c_str(),
                r.property.c_str(), r.operation.c_str(), r.arithmetic.c_str(), r.format.c_str(),
                r.policy.c_str(), r.overflow.c_str(), r.shape.c_str(), operands.c_str(),
                got.c_str(), expected.c_str(), r.reason.c_str());
    std::fflush(stdout);
  }

  const bool every_;
  std::map<std::string, const fault*, std::less<>> by_name_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::set<std::string> reached_;
  std::set<std::string> rejected_;
  std::set<std::string> told_;
  std::size_t rejected_faults_ = 0;
};

// Async-signal-safe: says which fault was active, and ends.
void crash(int) {
  std::array<char, 32> line{"crashed\t"};
  const auto [end, error] = std::to_chars(line.data() + 8, line.data() + 30, state.active);
  *end = '\n';
  static_cast<void>(!write(STDOUT_FILENO, line.data(), static_cast<std::size_t>(end + 1 - line.data())));
  _exit(3);
}

struct request {
  const char* faults = nullptr;
  properties::suite_options options;
  bool every = false;
};

request parse(int argc, char** argv) {
  request r;
  r.options.level = properties::suite_level::standard;
  r.options.jobs = 2;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    const auto value = [&]() -> std::string {
      if (i + 1 == argc) throw std::invalid_argument(std::string(option) + " needs a value");
      return argv[++i];
    };
    if (option == "--level") {
      const std::string level = value();
      if (level == "quick") r.options.level = properties::suite_level::quick;
      if (level == "exhaustive") r.options.level = properties::suite_level::exhaustive;
    } else if (option == "--jobs") {
      r.options.jobs = std::stoi(value());
    } else if (option == "--property") {
      r.options.properties.push_back(value());
    } else if (option == "--arithmetic") {
      r.options.arithmetics.push_back(parse_arithmetic(value()).value());
    } else if (option == "--format") {
      r.options.formats.push_back(parse_format(value()).value());
    } else if (option == "--whole") {
      process_wide = std::stoi(value());
    } else if (option == "--every") {
      r.every = true;
    } else if (option == "--no-shrink") {
      r.options.shrinks = false;
    } else if (r.faults == nullptr) {
      r.faults = argv[i];
    } else {
      throw std::invalid_argument("what is " + std::string(option) + "?");
    }
  }
  if (r.faults == nullptr) throw std::invalid_argument("the list of faults is missing");
  return r;
}

// What costs least and rejects most first: the facts, the golden models, then every other property.
std::vector<std::vector<std::string>> stages(const std::vector<std::string>& asked) {
  if (!asked.empty()) return {asked};
  std::vector<std::vector<std::string>> order = {{"facts"}, {"P1"}, {"P44"}, {}};
  for (const auto& p : properties::properties()) {
    if (p.id != "facts" && p.id != "P1" && p.id != "P44") order.back().emplace_back(p.id);
  }
  return order;
}

int judge_faults(request r) {
  // With one fault active everywhere there is nothing to tell apart.
  const bool is_whole = process_wide != fault_state::kNone;
  const auto faults = is_whole ? std::vector<std::unique_ptr<fault>>{} : read_faults(r.faults);
  referee observer(faults, r.every);
  r.options.observer = &observer;
  r.options.backends = kSoundBackends;
#if defined(PAMKIT_FAULTS_IN_CUDA)
  // Judged as the suite judges the sound backend.
  const auto add_emulated = [](const backend& b) {
    properties::add_backend({.implementation = &b,
                             .kernels = {},
                             .take_launches = [] { return properties::kernel_launches{}; },
                             .is_emulated = true});
  };
  for (const backend* b : kSoundBackends) add_emulated(*b);
  for (const auto& f : faults) add_emulated(f->implementation);
#endif
  for (const auto& f : faults) r.options.backends.push_back(&f->implementation);
  const auto asked = r.options.properties;
  for (auto& stage : stages(asked)) {
    properties::suite_options options = r.options;
    options.properties = std::move(stage);
    properties::run_suite(options, {}, observer.stop_token());
    if (observer.stop_token().stop_requested()) break;
  }
  observer.finish();
  return 0;
}

}  // namespace

void record(int site) { passed[static_cast<std::size_t>(site)] = true; }
void run_out_of_patience() { throw endless(); }

}  // namespace pamkit::mutants

int main(int argc, char** argv) {
  using namespace pamkit;
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) std::signal(signal, mutants::crash);
  mutants::activate(mutants::fault_state::kNone);
  try {
    auto request = mutants::parse(argc, argv);
    mutants::activate(mutants::process_wide);
    return mutants::judge_faults(std::move(request));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "judge: %s\n", e.what());
    return 2;
  }
}
