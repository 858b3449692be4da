/// Every kernel with a thread of the operating system for each CUDA thread, for ThreadSanitizer: it
/// sees a word that two threads of a block use, one of them to write it, without a barrier between
/// them, and one that two blocks use so. Results are compared with the definitions.
///
///   cuda_race_program [FAULT]
///
/// The operands are drawn; of the calls that the registries offer those are made that launch a
/// kernel which was not launched with such operands before. A kernel of the list that none of them
/// launches is named, and the program fails.
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
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "layer_calls.hpp"
#include "pamkit/convert.hpp"
#include "pamkit/cuda/backend_over.hpp"
#include "pamkit/cuda/contraction_plan.hpp"
#include "pamkit/cuda/host_backend.hpp"
#include "pamkit/cuda/host_kernel.hpp"
#include "pamkit/tensor/stored_format.hpp"

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

/// Who runs the launches of the moment.
std::function<void(const launch&)> on_launch;
void execute(const launch& l) { on_launch(l); }
const backend& launching_backend() {
  static constexpr backend self =
      backend_over<execute>::make("cuda-threads", "every CUDA thread one of the operating system");
  return self;
}

/// Runs `body` with what its launches are given to.
template <class Body>
auto with_launches(std::function<void(const launch&)> receiver, const Body& body) {
  on_launch = std::move(receiver);
  return body();
}

using results = std::vector<std::uint32_t>;

/// Something that launches kernels, with its operands.
struct call {
  std::string name;      ///< for messages
  std::string operands;  ///< what they are like: all calls of one kernel that have this are alike
  std::function<results()> expected;  ///< by the definitions
  std::function<results()> launched;

  std::set<std::string> kernels() const {
    std::set<std::string> names;
    with_launches([&](const launch& l) { names.emplace(l.kernel); }, launched);
    return names;
  }
};

/// A function of a backend.
call call_of(std::string name, std::string operands,
             const std::function<results(const backend&)>& function) {
  return {std::move(name), std::move(operands), [=] { return function(scalar_backend()); },
          [=] { return function(launching_backend()); }};
}

using receive_call = std::function<void(const call&)>;

// ---- Calls: two blocks or more where the kernel allows them, tiles that are not full, two slabs
// of terms

std::string name_of(derivative gradient) {
  return gradient == derivative::approx ? "approx" : "exact";
}

/// How the operands of contractions are drawn. The first are in the domain of every class, the
/// others are left to less and less of them.
constexpr std::string_view kContractionOperands[] = {"near one", "zeros", "anything"};

std::uint32_t drawn(std::string_view operands, const format_description& f, std::mt19937& random) {
  const auto word = static_cast<std::uint32_t>(random());
  const bool is_chosen = random() % 8 == 0;
  if (operands == "zeros" && is_chosen) return word & f.sign_mask;
  if (operands == "anything") return word & (f.sign_mask | f.magnitude_mask);
  const std::uint32_t binade = std::uint32_t{1} << f.fraction_bits;
  return (word & f.sign_mask) | (f.one - binade + word % (2 * binade));
}

/// One contraction, whose operands lie in memory in a format and are there as floats too.
template <class F>
struct contraction_of {
  const arithmetic_info& info;
  contraction_kind kind;
  derivative gradient;
  std::int64_t m, n, k;
  std::vector<element_of<F>> stored;
  std::vector<float> widened;

  contraction_of(const arithmetic_info& arithmetic, contraction_kind c, derivative g,
                 std::int64_t outputs, std::string_view operands, std::mt19937& random)
      : info(arithmetic), kind(c), gradient(g) {
    using enum contraction_kind;
    // Tiles that are not full, and a slab of eight terms and one of three.
    constexpr std::int64_t kOthers = 5;
    constexpr std::int64_t kTerms = 11;
    m = kind == vjp_b ? kTerms : outputs;
    n = kind == vjp_a ? kTerms : kOthers;
    k = kind == product ? kTerms : kind == vjp_a ? kOthers : outputs;
    const format_description f = describe(F{});
    for (std::int64_t i = 0; i < m * k + k * n + m * n; ++i) {
      const encoding<F> x{static_cast<typename F::storage>(drawn(operands, f, random))};
      if constexpr (std::is_same_v<F, binary32>) {
        stored.push_back(std::bit_cast<float>(x.bits));
      } else {
        stored.push_back(x.bits);
      }
      widened.push_back(std::bit_cast<float>(load_widened<F>(&stored.back(), 0).bits));
    }
  }

  policy<binary32> rules() const { return {.compensation = info.compensation(binary32{}, 0)}; }

  /// f(problem) with an output, dense, which is returned.
  template <class Function>
  results with_output(bool is_widened, const Function& f) const {
    const auto view = [&](std::int64_t first, std::int64_t columns) {
      matrix_view v{.data = widened.data() + first, .row_stride = columns};
      if constexpr (!std::is_same_v<F, binary32>) {
        if (!is_widened) {
          v.narrow = stored.data() + first;
          v.format = stored_format<F>();
        }
      }
      return v;
    };
    contraction_problem c{.m = m,
                          .n = n,
                          .k = k,
                          .a = view(0, k),
                          .b = view(m * k, n),
                          .d = view(m * k + k * n, n),
                          .out = {}};
    const std::int64_t columns = output_columns(kind, c);
    std::vector<float> out(static_cast<std::size_t>(output_rows(kind, c) * columns));
    c.out = {.data = out.data(), .row_stride = columns};
    f(c);
    results bits;
    for (const float x : out) bits.push_back(std::bit_cast<std::uint32_t>(x));
    return bits;
  }

  /// On a backend; operands as floats.
  results on(const backend& b) const {
    return with_output(true, [&](const contraction_problem& c) {
      b.contraction(info.name, kind, gradient)(rules(), c);
    });
  }
  /// Of the kernels that are right for any operands.
  std::vector<contraction_plan> plans(const contraction_problem& c) const {
    const auto p = contraction_parameters_of(kind, gradient, rules(), c);
    std::vector<contraction_plan> all = plan_fast_contractions(info.name, kind, p);
    all.push_back(plan_full_contraction(info.name, kind, p));
    return all;
  }
  /// By one of these kernels.
  results by_plan(std::size_t which) const {
    return with_output(false,
                       [&](const contraction_problem& c) { execute(plans(c)[which].as_launch()); });
  }
};

/// By each kernel that is right for any operands, in the smallest outputs for which it has two
/// blocks.
template <class F>
void receive_contractions(const receive_call& receive, const arithmetic_info& info,
                          contraction_kind kind, derivative gradient, std::string_view operands,
                          std::mt19937& random) {
  for (const std::int64_t outputs : {small_tile::rows + 2, large_tile::rows + 2}) {
    const auto c =
        std::make_shared<const contraction_of<F>>(info, kind, gradient, outputs, operands, random);
    std::vector<std::uint32_t> blocks;
    c->with_output(false, [&](const contraction_problem& problem) {
      for (const contraction_plan& plan : c->plans(problem)) blocks.push_back(plan.blocks);
    });
    const std::string name = std::string(info.name) + " contraction of " +
                             std::string(describe(F{}).name) + ", " + std::string(operands);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i] < 2) continue;
      receive({name, std::string(operands), [c] { return c->on(scalar_backend()); },
               [c, i] { return c->by_plan(i); }});
    }
    // And by those that are right for some operands, as backends run them beside the others.
    if (std::is_same_v<F, binary32> && outputs > large_tile::rows) {
      receive(call_of(name, std::string(operands), [c](const backend& b) { return c->on(b); }));
    }
  }
}

void for_each_contraction(const receive_call& receive) {
  using enum contraction_kind;
  std::mt19937 random(1);
  for (const std::string_view operands : kContractionOperands) {
    for (const arithmetic_info& info : arithmetics()) {
      for (const contraction_kind kind : {product, vjp_a, vjp_b}) {
        for (const derivative gradient : {derivative::approx, derivative::exact}) {
          if (launching_backend().contraction(info.name, kind, gradient) == nullptr) continue;
          for (const any_format& format : default_formats()) {
            std::visit(
                [&]<class F>(F) {
                  if constexpr (!std::is_same_v<F, binary32m>) {  // of binary32 to a contraction
                    receive_contractions<F>(receive, info, kind, gradient, operands, random);
                  }
                },
                format);
          }
        }
      }
    }
  }
}

void for_each_elementwise(const receive_call& receive) {
  constexpr std::size_t kCount = kElementThreads + 44;
  std::mt19937 random(2);
  for (const arithmetic_info& info : arithmetics()) {
    for (const operation_info& op : operations()) {
      if (launching_backend().elementwise(op.name, info.name) == nullptr) continue;
      for (const any_format& format : default_formats()) {
        const format_description f = describe(format);
        std::vector<std::uint32_t> operands[2];
        for (auto& o : operands) {
          for (std::size_t i = 0; i < kCount; ++i) {
            const auto x = static_cast<std::uint32_t>(random()) & (f.sign_mask | f.magnitude_mask);
            o.push_back(x & ~((std::uint32_t{1} << f.dropped_bits) - 1));
          }
        }
        const auto function = [a = operands[0], b = operands[1], &info, &op,
                               format](const backend& on) {
          const configuration c{.format = format,
                                .arithmetic = info.name,
                                .compensation = info.compensation(format, 0)};
          results out(a.size());
          on.elementwise(op.name, info.name)(c, a.data(), b.data(), out.data(), out.size());
          return out;
        };
        receive(call_of(std::string(info.name) + " " + std::string(op.name) + " of " + f.name,
                        std::to_string(f.storage_bits) + " bits", function));
      }
    }
  }
}

void receive_layer(const receive_call& receive, const std::string& layer,
                   std::string_view arithmetic, derivative gradient, const std::string& operands,
                   const std::vector<tensor>& tensors, const layer_attributes& attributes) {
  if (launching_backend().layer(layer, arithmetic) == nullptr) return;
  receive(call_of(std::string(arithmetic) + " " + layer + " " + name_of(gradient) + " " + operands,
                  layer + " " + name_of(gradient) + " " + operands, [=](const backend& b) {
                    results all;
                    for (const tensor& t :
                         b.layer(layer, arithmetic)({}, gradient, tensors, attributes)) {
                      all.insert(all.end(), t.encodings.begin(), t.encodings.end());
                    }
                    return all;
                  }));
}

void for_each_layer_of_rows(const receive_call& receive) {
  // Rows for two blocks, columns and elements too.
  constexpr std::int64_t kRows = 5;
  constexpr std::int64_t kLength = 150;
  // Attributes are drawn with the operands, and some of them launch nothing.
  constexpr int kTurns = 8;
  std::mt19937 random(3);
  for (const arithmetic_info& info : arithmetics()) {
    testing::for_each_layer_of_rows(info, [&](const std::string& name, const layer_info& layer,
                                              bool is_vjp, derivative gradient) {
      for (const testing::operand_profile& profile : testing::kProfiles) {
        if (profile.name != "near one" && profile.name != "everything") continue;
        for (int turn = 0; turn < kTurns; ++turn) {
          auto call = testing::draw_operands(layer, is_vjp, kRows, kLength, profile, random);
          if (profile.name == "everything") testing::mask_rows(call.tensors[0], random);
          receive_layer(receive, name, info.name, gradient, std::string(profile.name), call.tensors,
                        call.attributes);
        }
      }
    });
  }
}

void for_each_convolution(const receive_call& receive) {
  std::mt19937 random(4);
  const layer_attributes attributes = {
      {"stride", 2}, {"padding", 2}, {"dilation", 2}, {"groups", 2}};
  const auto drawn = [&](std::vector<std::int64_t> shape) {
    tensor t = tensor_of_shape(std::move(shape));
    for (std::uint32_t& x : t.encodings) x = testing::draw(testing::kProfiles[0], random);
    return t;
  };
  for (const arithmetic_info& info : arithmetics()) {
    for (const derivative gradient : {derivative::approx, derivative::exact}) {
      // More than a block of outputs, pixels and weights.
      std::vector<tensor> operands = {drawn({2, 4, 6, 5}), drawn({12, 2, 3, 2}), drawn({12})};
      receive_layer(receive, "conv2d", info.name, gradient, "near one", operands, attributes);
      if (!info.has_derivative(gradient)) continue;
      const auto y =
          scalar_backend().layer("conv2d", info.name)({}, gradient, operands, attributes);
      operands.push_back(drawn(y.front().shape));
      receive_layer(receive, "conv2d_vjp", info.name, gradient, "near one", operands, attributes);
    }
  }
}

/// The calls to make, without those that launch the kernel `left_out`: for every kernel one with
/// each kind of operands, or one.
std::vector<call> calls_to_make(bool with_each_kind, const std::string& left_out) {
  std::vector<call> kept;
  std::set<std::pair<std::string, std::string>> launched;
  const receive_call receive = [&](const call& c) {
    const auto names = c.kernels();
    if (names.contains(left_out)) return;
    bool is_new = false;
    for (const std::string& name : names) {
      is_new |= launched.emplace(name, with_each_kind ? c.operands : "").second;
    }
    if (is_new) kept.push_back(c);
  };
  for_each_contraction(receive);
  for_each_elementwise(receive);
  for_each_layer_of_rows(receive);
  for_each_convolution(receive);
  return kept;
}

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
