/// Every kernel with a thread of the operating system for each CUDA thread, for ThreadSanitizer: it
/// sees a word that two threads of a block use, one of them to write it, without a barrier between
/// them, and one that two blocks use so. Results are compared with the definitions.
///
///   cuda_race_program [FAULT]
///
/// A kernel that none of the calls (kernel_calls.hpp) launches is named, and the program
/// fails.
///
/// With a fault the program tells whether it is noticed, kernel by kernel:
///
///   drop-wait      for the first thread of a block one wait, each in its turn, orders nothing. A
///                  race has to be reported, but for the last wait of a kernel
///   repeat-block   a grid has a block twice, which writes the words that the first one writes. A
///                  race has to be reported
///   drop-exchange  lanes keep the words that they exchange. Results have to be wrong
///   exchange-only  lanes of a kernel of its own exchange words and no more before one reads what
///                  another one wrote. A race has to be reported
///   plant-nothing  nothing is wrong: what is not noticed has to be named
///   leave-out      calls that launch the last kernel of the list are not made
///
/// Exit codes: 0 all results are right and no race was reported, or the fault was noticed in every
/// kernel that it concerns; 1 not so; 2 usage.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernel_calls.hpp"
#include "pamkit/cuda/host_backend.hpp"
#include "pamkit/cuda/host_kernel.hpp"

namespace {
std::atomic<int> reported_races = 0;
}
/// ThreadSanitizer calls it after each report; its own exit code says the same, but of no kernel.
extern "C" void __tsan_on_report(void* report);
extern "C" void __tsan_on_report(void*) { ++reported_races; }
extern "C" const char* __tsan_default_options();
/// A race is reported once for its places in the code, which no other kernel has; not once for its
/// addresses, which the next launch has again.
extern "C" const char* __tsan_default_options() { return "exitcode=0 suppress_equal_addresses=0"; }

namespace pamkit::cuda {
namespace {

// ---- Judgement

/// What was seen of a kernel when nothing was wrong.
struct judged_kernel {
  std::vector<const call*> calls;  ///< that launch it
  thread_trace trace;              ///< of its first launch
  std::uint32_t most_blocks = 0;   ///< of a launch
};
using judged_kernels = std::map<std::string, judged_kernel>;

/// Runs a launch; whether a race was reported.
bool has_race(const launch& l, const thread_fault& fault, thread_trace& trace) {
  const int before = reported_races;
  trace = execute_on_threads(l, fault);
  return reported_races != before;
}

/// Makes every call on threads. Names what is wrong.
bool all_are_right(const std::vector<call>& calls, judged_kernels& judged) {
  bool is_right = true;
  const auto complain = [&](const std::string& who, const char* what) {
    is_right = false;
    std::printf("%s %s\n", who.c_str(), what);
  };
  for (const call& c : calls) {
    const auto run = [&](const launch& l) {
      const std::string name(l.kernel);
      thread_trace trace;
      if (has_race(l, {}, trace)) complain(name, "has a race");
      judged_kernel& k = judged[name];
      if (k.calls.empty()) k.trace = trace;
      k.most_blocks = std::max(k.most_blocks, l.blocks);
      if (k.calls.empty() || k.calls.back() != &c) k.calls.push_back(&c);
    };
    if (with_launches(run, c.launched) != c.expected()) complain(c.name, "is not as defined");
  }
  for (const kernel* k : kernels()) {
    const std::string name(k->name);
    if (!judged.contains(name)) complain(name, "was never run on threads");
  }
  std::printf("%zu calls, %zu kernels of %zu: %s\n", calls.size(), judged.size(), kernels().size(),
              is_right ? "every result is the definition's, no race" : "something is wrong");
  return is_right;
}

/// Names kernels whose blocks had none beside them: as is planned for them, or shapes have to grow.
void name_single_blocks(const judged_kernels& judged) {
  for (const auto& [name, kernel] : judged) {
    if (kernel.most_blocks == 1) std::printf("%s was run in single blocks only\n", name.c_str());
  }
}

/// Whether a race is reported in the first launch of a kernel with a fault. The other kernels of
/// its call are not run, and nothing is compared.
bool is_reported(const std::string& name, const judged_kernel& kernel, const thread_fault& fault) {
  bool was_run = false;
  bool is_seen = false;
  const auto run = [&](const launch& l) {
    if (l.kernel != name || was_run) return;
    was_run = true;
    launch faulty = l;
    if (fault.unordered_wait) faulty.blocks = 1;  // a matter of one block
    thread_trace trace;
    is_seen = has_race(faulty, fault, trace);
  };
  with_launches(run, kernel.calls.front()->launched);
  return is_seen;
}

/// Counts faults, and names those that were not noticed.
struct fault_list {
  int planted = 0;
  int unseen = 0;

  void add(const std::string& kernel, const std::string& what, bool is_seen) {
    ++planted;
    if (is_seen) return;
    ++unseen;
    std::printf("%s: %s is not seen\n", kernel.c_str(), what.c_str());
  }
  bool are_all_seen(const char* what) const {
    std::printf("%s: %d planted, %d not seen\n", what, planted, unseen);
    return planted > 0 && unseen == 0;
  }
};

/// Each wait but for the last of a kernel, behind which no memory of the block is used.
bool dropped_waits_are_seen(const judged_kernels& judged) {
  fault_list barriers;
  fault_list agreements;
  for (const auto& [name, kernel] : judged) {
    const auto& waits = kernel.trace.waits;
    for (std::size_t i = 0; i + 1 < waits.size(); ++i) {
      const bool is_barrier = waits[i] == block_wait::barrier;
      (is_barrier ? barriers : agreements)
          .add(name, "dropped wait " + std::to_string(i),
               is_reported(name, kernel, {.unordered_wait = i}));
    }
  }
  const bool all_barriers = barriers.are_all_seen("barriers");
  return agreements.are_all_seen("agreements of a block") && all_barriers;
}

bool repeated_blocks_are_seen(const judged_kernels& judged) {
  fault_list faults;
  for (const auto& [name, kernel] : judged) {
    faults.add(name, "a repeated block", is_reported(name, kernel, {.repeats_first_block = true}));
  }
  return faults.are_all_seen("repeated blocks");
}

/// Whether some call of a kernel has another result when its lanes receive other words.
bool changes_results(const std::string& name, const judged_kernel& kernel, received_word received) {
  return std::ranges::any_of(kernel.calls, [&](const call* c) {
    const auto run = [&](const launch& l) {
      thread_fault fault;
      if (l.kernel == name) fault.received = received;
      execute_on_threads(l, fault);
    };
    return with_launches(run, c->launched) != c->expected();
  });
}

bool dropped_exchanges_are_seen(const judged_kernels& judged) {
  fault_list faults;
  for (const auto& [name, kernel] : judged) {
    if (!kernel.trace.has_exchanged) continue;
    const bool is_seen = changes_results(name, kernel, received_word::its_own);
    if (is_seen || changes_results(name, kernel, received_word::nan)) {
      faults.add(name, "a dropped exchange", is_seen);
    } else {
      // The derivative of a quotient of exact does not depend on the numerator, which is the sum.
      std::printf("%s: no result depends on what its lanes exchange\n", name.c_str());
    }
  }
  return faults.are_all_seen("exchanges");
}

/// What GPUs do not promise: that memory which a lane wrote is there for another one because they
/// exchanged words.
struct exchange_only {
  struct parameters {
    int* read;
  };
  struct shared_memory {
    int written;
  };
  static constexpr int threads = kWarp;
  template <class Thread>
  static void run(const Thread& thread, shared_memory& s, const parameters& p) {
    if (thread.index() == 0) s.written = 1;
    static_cast<void>(thread.from_lane_xor({}, 1));
    if (thread.index() == 1) *p.read = s.written;
  }
};

bool exchange_is_no_barrier() {
  int read = 0;
  const exchange_only::parameters p{&read};
  const int before = reported_races;
  run_grid_on_threads<exchange_only>(1, &p, {});
  fault_list faults;
  faults.add("exchange_only", "an exchange for a barrier", reported_races != before);
  return faults.are_all_seen("exchanges for barriers");
}

bool nothing_is_seen(const judged_kernels& judged) {
  fault_list faults;
  const auto& [name, kernel] = *judged.begin();
  faults.add(name, "what was not planted", is_reported(name, kernel, {}));
  return faults.are_all_seen("nothings");
}

bool judge(std::string_view fault) {
  if (fault == "exchange-only") return exchange_is_no_barrier();
  const std::string left_out(fault == "leave-out" ? kernels().back()->name : "");
  // Faults are planted in the first launch of a kernel; only exchanges may need the others, since
  // not every result depends on them.
  const bool with_each_kind = fault.empty() || fault == "drop-exchange";
  const std::vector<call> calls = calls_to_make(with_each_kind, left_out);
  judged_kernels judged;
  if (!all_are_right(calls, judged)) return false;
  if (fault.empty()) name_single_blocks(judged);
  if (fault == "drop-wait") return dropped_waits_are_seen(judged);
  if (fault == "repeat-block") return repeated_blocks_are_seen(judged);
  if (fault == "drop-exchange") return dropped_exchanges_are_seen(judged);
  if (fault == "plant-nothing") return nothing_is_seen(judged);
  return true;
}

constexpr std::string_view kFaults[] = {"drop-wait",     "repeat-block",  "drop-exchange",
                                        "exchange-only", "plant-nothing", "leave-out"};

/// For faults whose reports are expected: nobody reads them, and what they need to be read takes
/// time. ThreadSanitizer reads options when a program starts, so that it has to start again.
void expect_reports(const std::string& wanted, char** argv) {
  constexpr const char* kName = "TSAN_OPTIONS";
  const char* const set = std::getenv(kName);
  const std::string options = set == nullptr ? "" : set;
  if (!options.ends_with(wanted)) {
    setenv(kName, (options + " " + wanted).c_str(), 1);
    execv("/proc/self/exe", argv);
    std::perror("cuda_race_program");
  }
  if (std::freopen("/dev/null", "w", stderr) == nullptr) std::perror("cuda_race_program");
}

}  // namespace
}  // namespace pamkit::cuda

int main(int argc, char** argv) {
  using namespace pamkit::cuda;
  const std::string_view fault = argc > 1 ? argv[1] : "";
  if (argc > 2 || (argc == 2 && std::ranges::find(kFaults, fault) == std::end(kFaults))) {
    std::fprintf(stderr, "usage: cuda_race_program [FAULT], one of");
    for (const std::string_view f : kFaults) {
      std::fprintf(stderr, " %s", std::string(f).c_str());
    }
    std::fputs("\n", stderr);
    return 2;
  }
  // Two waits of a kernel have the same places in the code, and each has to be reported.
  if (fault == "drop-wait") expect_reports("suppress_equal_stacks=0 symbolize=0", argv);
  if (fault == "repeat-block" || fault == "exchange-only") expect_reports("symbolize=0", argv);
  return judge(fault) ? 0 : 1;
}
