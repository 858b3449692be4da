/// pamkit-device-check: what a GPU is asked besides the suite. Results are one JSON document on
/// standard output; progress goes to standard error.
///
///   pamkit-device-check probes [--pairs N]          scalar operations against the vector kernels
///   pamkit-device-check determinism [--runs N]      launches of every kernel again and again, two
///   at a time pamkit-device-check bench [--repetitions N]     the classes, a fused multiply-add,
///   cuBLAS
///
/// Exit codes: 0 all agreed, 1 something differs, 2 usage, 3 no GPU.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "kernel_calls.hpp"
#include "pamkit/arguments/whole_number.hpp"
#include "pamkit/cuda/contraction_plan.hpp"
#include "pamkit/cuda/device_backend.hpp"
#include "pamkit/cuda/execution.hpp"
#include "pamkit/provenance/environment.hpp"
#include "pamkit/simd.hpp"

namespace pamkit::cuda {
namespace {

using json = nlohmann::ordered_json;

// SplitMix64: word i of a stream.
std::uint64_t mixed(std::uint64_t i) {
  std::uint64_t z = (i + 1) * 0x9E3779B97F4A7C15U;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
  z = (z ^ z >> 27) * 0x94D049BB133111EBU;
  return z ^ z >> 31;
}

// One contraction of an arithmetic.
struct sum_of_products {
  const char* arithmetic;
  contraction_kind kind = contraction_kind::product;
  derivative gradient = derivative::approx;
};

// Each sort of kernel, and pam's products with the operands of its approx derivatives. Those come
// last: where a kernel is timed once, it is with the operands that it is for.
constexpr sum_of_products kSums[] = {
    {"pam"},
    {"exact"},
    {"adder"},
    {"adder", contraction_kind::vjp_a},
    {"adder", contraction_kind::vjp_b},
    {"pam", contraction_kind::vjp_a, derivative::exact},
    {"pam", contraction_kind::vjp_b, derivative::exact},
    {"power_of_two"},
    {"pam", contraction_kind::vjp_a},
    {"pam", contraction_kind::vjp_b},
};

// ---- Scalar operations ------------------------------------------------------------------------

constexpr std::size_t kChunk = std::size_t{1} << 20;

// y, with the exponent with which the product or the quotient of x and y comes to lie within three
// binades of an end of the range, where there is such a one.
std::uint32_t directed(std::uint32_t x, std::uint32_t y, std::uint64_t choice) {
  constexpr int kBias = 127;
  constexpr int kTop = 255;
  const int of_x = static_cast<int>(x >> 23) & kTop;
  const int wanted = (choice % 2 == 0 ? 0 : kTop) + static_cast<int>(choice / 2 % 7) - 3;
  const int of_y = choice / 14 % 2 == 0 ? wanted + kBias - of_x : of_x + kBias - wanted;
  return (y & 0x807FFFFFU) | static_cast<std::uint32_t>(std::clamp(of_y, 0, kTop)) << 23;
}

std::string words_of(const configuration& rules) {
  return std::string(rules.subnormals == subnormal_policy::gradual ? "gradual" : "flush") +
         (rules.overflow == overflow_policy::saturate ? ", saturate" : ", infinity");
}

// Chunks of pairs, taken by the threads of one probe: half of the pairs are directed, and each
// chunk has the next of the policies.
class probe {
 public:
  probe(const std::vector<configuration>& rules, std::string_view operation, std::uint64_t pairs)
      : rules_(rules),
        there_(device_backend().elementwise(operation, rules.front().arithmetic)),
        here_(simd_backend().elementwise(operation, rules.front().arithmetic)),
        pairs_(pairs),
        chunk_(std::clamp<std::uint64_t>(pairs / rules.size(), 1, kChunk)) {}

  /// The operands of the first pair whose results differ, or nothing.
  json run() {
    {
      const auto count = std::max(1U, std::thread::hardware_concurrency());
      std::vector<std::jthread> threads;
      for (unsigned i = 0; i < count; ++i) {
        threads.emplace_back([this] {
          try {
            work();
          } catch (const std::exception& error) {
            const std::scoped_lock alone(mutex_);
            error_ = error.what();
          }
        });
      }
    }
    if (!error_.empty()) throw std::runtime_error(error_);
    return first_mismatch_;
  }

 private:
  void work() {
    std::vector<std::uint32_t> a(kChunk), b(kChunk), got(kChunk), expected(kChunk);
    while (true) {
      const std::uint64_t first = next_.fetch_add(chunk_);
      if (first >= pairs_) return;
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_, pairs_ - first));
      const configuration& rules = rules_[first / chunk_ % rules_.size()];
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t word = mixed(first + i);
        a[i] = static_cast<std::uint32_t>(word);
        b[i] = static_cast<std::uint32_t>(word >> 32);
        if (i % 2 == 1) b[i] = directed(a[i], b[i], mixed(word));
      }
      there_(rules, a.data(), b.data(), got.data(), count);
      here_(rules, a.data(), b.data(), expected.data(), count);
      for (std::size_t i = 0; i < count; ++i) {
        if (got[i] == expected[i]) continue;
        keep(rules, first + i, a[i], b[i], got[i], expected[i]);
        return;
      }
    }
  }

  void keep(const configuration& rules, std::uint64_t place, std::uint32_t a, std::uint32_t b,
            std::uint32_t got, std::uint32_t expected) {
    const std::scoped_lock alone(mutex_);
    if (place >= place_) return;
    place_ = place;
    first_mismatch_ = {{"policy", words_of(rules)},
                       {"a", fmt::format("{:08X}", a)},
                       {"b", fmt::format("{:08X}", b)},
                       {"got", fmt::format("{:08X}", got)},
                       {"expected", fmt::format("{:08X}", expected)}};
  }

  const std::vector<configuration>& rules_;
  elementwise_function there_;
  elementwise_function here_;
  std::uint64_t pairs_;
  std::uint64_t chunk_;
  std::atomic<std::uint64_t> next_{0};
  std::mutex mutex_;  ///< of those below
  std::uint64_t place_ = ~std::uint64_t{0};
  json first_mismatch_;
  std::string error_;
};

int run_probes(json& report, std::uint64_t pairs) {
  json rows = json::array();
  bool is_equal = true;
  for (const arithmetic_info& arithmetic : arithmetics()) {
    for (const operation_info& operation : operations()) {
      if (device_backend().elementwise(operation.name, arithmetic.name) == nullptr) continue;
      fmt::print(stderr, "{} {}\n", arithmetic.name, operation.name);
      std::vector<configuration> rules;
      json policies = json::array();
      for (const auto subnormals : {subnormal_policy::flush, subnormal_policy::gradual}) {
        for (const auto overflow : {overflow_policy::infinity, overflow_policy::saturate}) {
          rules.push_back(
              parse_arithmetic(arithmetic.name)->configure(binary32{}, subnormals, overflow));
          policies.push_back(words_of(rules.back()));
        }
      }
      const json mismatch = probe(rules, operation.name, pairs).run();
      is_equal = is_equal && mismatch.is_null();
      json row = {{"arithmetic", arithmetic.name},
                  {"operation", operation.name},
                  {"pairs", pairs},
                  {"directed_pairs", "every second"},
                  {"policies", policies},
                  {"status", mismatch.is_null() ? "pass" : "fail"}};
      if (!mismatch.is_null()) row["mismatch"] = mismatch;
      rows.push_back(row);
    }
  }
  report["probes"] = rows;
  return is_equal ? 0 : 1;
}

// ---- Determinism ------------------------------------------------------------------------------

// Sizes that leave partial tiles, slabs and warps.
constexpr std::int64_t kSize = 193;

std::vector<float> operand(std::uint64_t stream, std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t word = mixed(stream << 32 | i);
    // Exponents from -20 to 20, now and then a zero.
    const auto field = static_cast<std::uint32_t>(107 + word % 41);
    const bool is_zero = (word >> 8) % 64 == 0;
    values[i] = std::bit_cast<float>(
        is_zero ? 0U
                : static_cast<std::uint32_t>(word >> 32) % 0x800000U | field << 23 |
                      (static_cast<std::uint32_t>(word >> 20) & 1U) << 31);
  }
  return values;
}

// Something that launches kernels, and what it has to give where that was computed elsewhere too.
struct task {
  std::function<results()> launched;
  std::function<results()> expected;
};

// A small call for each kernel of the list, and larger ones in which blocks have neighbours.
std::vector<task> tasks_of(const std::vector<call>& calls) {
  std::vector<task> all;
  for (const call& c : calls) all.push_back({c.launched, c.expected});
  static const auto a = operand(1, kSize * kSize);
  static const auto b = operand(2, kSize * kSize);
  static const auto d = operand(3, kSize * kSize);
  for (const sum_of_products& t : kSums) {
    all.push_back({[&t] {
                     contraction_problem c{.batch = 1,
                                           .m = kSize,
                                           .n = kSize,
                                           .k = kSize,
                                           .a = {},
                                           .b = {},
                                           .d = {},
                                           .out = {}};
                     c.a = {a.data(), kSize};
                     c.b = {b.data(), kSize};
                     c.d = {d.data(), kSize};
                     return computed_contraction(execute, t.arithmetic, t.kind, t.gradient, {}, c);
                   },
                   {}});
  }
  tensor x{{kSize, kSize}, {}};
  for (const float v : a) x.encodings.push_back(std::bit_cast<std::uint32_t>(v));
  tensor incoming = x;
  std::ranges::reverse(incoming.encodings);
  for (const char* const name : {"softmax_vjp", "log_softmax_vjp", "norm"}) {
    std::vector<tensor> inputs = {x};
    if (std::string_view(name) != "norm") inputs.push_back(incoming);
    all.push_back({[name, inputs] {
                     results words;
                     for (const tensor& t : launching_backend().layer(name, "pam")(
                              {}, derivative::approx, inputs, {})) {
                       words.insert(words.end(), t.encodings.begin(), t.encodings.end());
                     }
                     return words;
                   },
                   {}});
  }
  return all;
}

// All tasks once; backwards, so that what two threads run at a time is not the same.
std::vector<results> one_round(const std::vector<task>& tasks, bool is_backwards) {
  std::vector<results> all(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const std::size_t at = is_backwards ? tasks.size() - 1 - i : i;
    all[at] = tasks[at].launched();
  }
  return all;
}

// Each has a stream of its own (device_backend.cpp).
constexpr int kLaunchingThreads = 2;

int run_determinism(json& report, int runs, const std::string& left_out) {
  std::mutex mutex;
  std::map<std::string, std::uint32_t> most_blocks;  // of a launch of each kernel
  const std::vector<task> tasks = tasks_of(calls_to_make(false, left_out));
  on_launch = [&](const launch& l) {
    {
      const std::scoped_lock alone(mutex);
      std::uint32_t& most = most_blocks[std::string(l.kernel)];
      most = std::max(most, l.blocks);
    }
    execute_on_device(l);
  };
  const auto first = one_round(tasks, false);
  std::size_t words = 0;
  int wrong = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    words += first[i].size();
    if (tasks[i].expected && tasks[i].expected() != first[i]) ++wrong;
  }
  std::atomic<int> next = 1;
  std::atomic<int> differing = 0;
  std::string error;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kLaunchingThreads; ++t) {
      threads.emplace_back([&, is_backwards = t % 2 == 1] {
        try {
          for (int i = next++; i < runs; i = next++) {
            if (one_round(tasks, is_backwards) != first) ++differing;
            if (i % 100 == 0) fmt::print(stderr, "{} of {} runs\n", i, runs);
          }
        } catch (const std::exception& e) {
          const std::scoped_lock alone(mutex);
          error = e.what();
        }
      });
    }
  }
  if (!error.empty()) throw std::runtime_error(error);
  json missing = json::array();
  for (const kernel* const k : kernels()) {
    if (!most_blocks.contains(std::string(k->name))) missing.push_back(k->name);
  }
  const bool is_right = differing == 0 && wrong == 0 && missing.empty();
  report["determinism"] = {{"runs", runs},
                           {"streams", kLaunchingThreads},
                           {"words", words},
                           {"differing_runs", differing.load()},
                           {"calls_not_as_defined", wrong},
                           {"most_blocks_by_kernel", most_blocks},
                           {"kernels_not_launched", missing},
                           {"status", is_right ? "pass" : "fail"}};
  return is_right ? 0 : 1;
}

// ---- Speed ------------------------------------------------------------------------------------

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

struct timing {
  std::string kernel;
  double milliseconds = 0;
};

int wanted_repetitions = 0;
std::vector<timing> timings;

// An executor that measures what it is asked to run, each kernel once, and the baseline beside the
// fast class.
void time_launch(const launch& l) {
  if (std::ranges::find(timings, l.kernel, &timing::kernel) != timings.end()) return;
  const auto add = [&](std::string_view kernel) {
    timings.push_back({std::string(kernel.empty() ? l.kernel : kernel),
                       median(time_on_device(l, wanted_repetitions, kernel))});
  };
  add({});
  if (l.kernel == "pamkit_contraction_pam_fast") {
    try {
      add("baseline_contraction_fused");
    } catch (const std::invalid_argument& error) {
      fmt::print(stderr, "{}\n", error.what());
    }
  }
}

// Larger ones of class full take seconds, and no fewer for a term.
constexpr std::int64_t kLargestFull = 1024;
constexpr std::uint64_t kMostPairs = 1000 * kMostAsked;

int run_bench(json& report, int repetitions, std::int64_t largest) {
  wanted_repetitions = repetitions;
  json rows = json::array();
  for (std::int64_t size = std::min<std::int64_t>(512, largest); size <= largest; size *= 2) {
    fmt::print(stderr, "{} x {} x {}\n", size, size, size);
    timings.clear();
    // Of one magnitude, so that every class has them in its domain.
    const std::vector<float> ones(static_cast<std::size_t>(size * size), 1.5F);
    std::vector<float> out(ones.size());
    contraction_problem c{
        .batch = 1, .m = size, .n = size, .k = size, .a = {}, .b = {}, .d = {}, .out = {}};
    c.a = c.b = c.d = {ones.data(), size};
    c.out = {.data = out.data(), .row_stride = size};
    for (const sum_of_products& t : kSums) {
      if (std::string_view(t.arithmetic) == "pam" && t.kind == contraction_kind::product) {
        // All classes, and those of narrow operands.
        static_cast<void>(
            computed_contraction(time_launch, t.arithmetic, t.kind, t.gradient, {}, c));
      }
      const contraction_parameters p = contraction_parameters_of(t.kind, t.gradient, {}, c);
      for (const contraction_plan& plan : plan_fast_contractions(t.arithmetic, t.kind, p)) {
        time_launch(plan.as_launch());
      }
      if (size > kLargestFull) continue;
      time_launch(plan_full_contraction(t.arithmetic, t.kind, p).as_launch());
    }
    try {
      timings.push_back({"cublasSgemm", median(time_cublas(size, repetitions))});
    } catch (const std::runtime_error& error) {
      fmt::print(stderr, "{}\n", error.what());
    }
    const double terms =
        static_cast<double>(size) * static_cast<double>(size) * static_cast<double>(size);
    for (const timing& t : timings) {
      json row = {{"size", size}, {"kernel", t.kernel}, {"milliseconds", t.milliseconds}};
      if (t.milliseconds > 0) row["terms_per_second"] = terms / t.milliseconds * 1e3;
      for (const char* const baseline : {"baseline_contraction_fused", "cublasSgemm"}) {
        const auto it = std::ranges::find(timings, baseline, &timing::kernel);
        if (it != timings.end() && t.milliseconds > 0) {
          row[std::string("speed_over_") + baseline] = it->milliseconds / t.milliseconds;
        }
      }
      rows.push_back(row);
    }
  }
  report["bench"] = {{"repetitions", repetitions}, {"rows", rows}};
  return 0;
}

int check_device(int argc, char** argv) {
  CLI::App app("what a GPU is asked besides the suite", "pamkit-device-check");
  app.require_subcommand(1);
  std::uint64_t pairs = 1'000'000'000;
  int runs = 1000;
  int repetitions = 20;
  std::int64_t largest = 4096;
  CLI::App* const probes =
      app.add_subcommand("probes", "scalar operations against the vector kernels");
  probes->add_option("--pairs", pairs, "operand pairs of each operation")
      ->check(whole_number(1, kMostPairs))
      ->capture_default_str();
  std::string left_out;
  CLI::App* const determinism =
      app.add_subcommand("determinism", "launches of every kernel again and again, two at a time");
  determinism->add_option("--leave-out", left_out,
                          "a kernel whose small calls are not made: it has to be missed");
  determinism->add_option("--runs", runs, "how often")
      ->check(whole_number(1))
      ->capture_default_str();
  CLI::App* const bench =
      app.add_subcommand("bench", "the classes beside a fused multiply-add and cuBLAS");
  bench->add_option("--repetitions", repetitions, "launches of each")
      ->check(whole_number(1))
      ->capture_default_str();
  bench->add_option("--largest", largest, "size of the largest matrices")
      ->check(whole_number(1))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const device_search& found = find_device();
  if (!found.is_found) {
    fmt::print(stderr, "pamkit-device-check: {}\n", found.reason);
    return 3;
  }
  json report = provenance::file_header("pamkit.device-check/1");
  report.update({{"device",
                  {{"name", found.device.name},
                   {"architecture", fmt::format("sm_{}", found.device.architecture)},
                   {"driver", found.device.driver_version}}}});
  int code = 0;
  if (*probes) code = run_probes(report, pairs);
  if (*determinism) code = run_determinism(report, runs, left_out);
  if (*bench) code = run_bench(report, repetitions, largest);
  std::cout << report.dump(2) << '\n';
  return code;
}

}  // namespace
}  // namespace pamkit::cuda

int main(int argc, char** argv) {
  try {
    return pamkit::cuda::check_device(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "pamkit-device-check: {}\n", error.what());
    return 1;
  }
}
