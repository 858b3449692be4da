#include "pamkit/cuda/host_backend.hpp"

#include <atomic>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "pamkit/cuda/backend_over.hpp"
#include "pamkit/cuda/host_kernel.hpp"

namespace pamkit::cuda {

namespace {

struct counted_kernel {
  const kernel* what = nullptr;
  mutable std::atomic<std::uint64_t> blocks = 0;
};

const counted_kernel* find_counted(std::string_view name) {
  static const std::map<std::string_view, counted_kernel> all = [] {
    std::map<std::string_view, counted_kernel> m;
    for (const kernel* k : kernels()) m[k->name].what = k;
    return m;
  }();
  const auto it = all.find(name);
  return it == all.end() ? nullptr : &it->second;
}

const counted_kernel& checked_kernel(const launch& l) {
  const counted_kernel* k = find_counted(l.kernel);
  if (k == nullptr) throw std::invalid_argument("no kernel is called " + std::string(l.kernel));
  if (k->what->parameter_bytes != l.parameter_bytes) {
    throw std::invalid_argument(std::string(l.kernel) + ": got " +
                                std::to_string(l.parameter_bytes) + " bytes of parameters, needs " +
                                std::to_string(k->what->parameter_bytes));
  }
  return *k;
}

thread_local std::map<std::string_view, std::uint64_t> launches;

void execute(const launch& l) { execute_on_fibers(l, 1); }

}  // namespace

void execute_on_fibers(const launch& l, int threads) {
  const counted_kernel& k = checked_kernel(l);
  k.blocks.fetch_add(l.blocks, std::memory_order_relaxed);
  ++launches[k.what->name];
  if (threads == 1) {
    for (std::uint32_t block = 0; block < l.blocks; ++block) {
      k.what->run_on_fibers(block, l.parameters);
    }
    return;
  }
  std::atomic<std::uint32_t> next = 0;
  std::exception_ptr failure;
  std::atomic<bool> has_failed = false;
  {
    std::vector<std::jthread> running;
    for (int i = 0; i < threads; ++i) {
      running.emplace_back([&] {
        for (;;) {
          const std::uint32_t block = next.fetch_add(1);
          if (block >= l.blocks || has_failed) return;
          try {
            k.what->run_on_fibers(block, l.parameters);
          } catch (...) {
            if (!has_failed.exchange(true)) failure = std::current_exception();
          }
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
}

thread_trace execute_on_threads(const launch& l, const thread_fault& fault) {
  return checked_kernel(l).what->run_on_threads(l.blocks, l.parameters, fault);
}

std::uint64_t blocks_run(std::string_view kernel) {
  const counted_kernel* k = find_counted(kernel);
  return k == nullptr ? 0 : k->blocks.load(std::memory_order_relaxed);
}

std::vector<std::pair<std::string_view, std::uint64_t>> take_launches() {
  const auto taken = std::exchange(launches, {});
  return {taken.begin(), taken.end()};
}

const backend& host_backend() {
  static constexpr backend self = backend_over<execute>::make(
      "cuda-host", "the CUDA kernels compiled as C++, every thread a fiber");
  return self;
}

}  // namespace pamkit::cuda
