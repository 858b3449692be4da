// OpenBLAS, if the machine has it: loaded at run time, one thread.
#include <dlfcn.h>

#include <bit>
#include <cstdlib>

#include "baseline.hpp"

namespace pamkit::benchmarks::baselines {
namespace {

// cblas.h as far as it is used here.
using sgemm_function = void (*)(int order, int trans_a, int trans_b, int m, int n, int k,
                                float alpha, const float* a, int lda, const float* b, int ldb,
                                float beta, float* c, int ldc);
using text_function = char* (*)();
using set_threads_function = void (*)(int);
constexpr int kRowMajor = 101;
constexpr int kAsItIs = 111;
constexpr int kTransposed = 112;

// Its kernels follow the processor; this makes them follow the instruction set that is measured.
void ask_for_instruction_set(const std::string& target) {
  const char* const core = target == "sse4" ? "NEHALEM" : target == "avx2" ? "HASWELL" : nullptr;
  if (core != nullptr) setenv("OPENBLAS_CORETYPE", core, 0);
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
}

template <class Function>
Function find(void* library, const char* name) {
  return std::bit_cast<Function>(dlsym(library, name));
}

}  // namespace

baseline openblas() {
  baseline b{.name = "openblas", .description = "OpenBLAS", .absent = {}, .prepare = {}};
  ask_for_instruction_set(PAMKIT_BASELINE_TARGET);
  void* const library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  const auto sgemm = library == nullptr ? nullptr : find<sgemm_function>(library, "cblas_sgemm");
  if (sgemm == nullptr) {
    b.absent = "not installed (Debian and Ubuntu: libopenblas0-pthread)";
    return b;
  }
  if (const auto config = find<text_function>(library, "openblas_get_config")) {
    b.description = config();
  }
  if (const auto set_threads = find<set_threads_function>(library, "openblas_set_num_threads")) {
    set_threads(1);
  }
  b.prepare = [sgemm](const workload& w) -> contender {
    const bool a_rows = w.a.column == 1;
    const bool b_rows = w.b.column == 1;
    if (w.what != task::matmul || (!a_rows && w.a.row != 1) || (!b_rows && w.b.row != 1)) return {};
    return {.name = "openblas",
            .work = static_cast<double>(w.batch * w.m * w.n * w.k),
            .run = [w, sgemm, a_rows, b_rows] {
              for (std::int64_t i = 0; i < w.batch; ++i) {
                sgemm(kRowMajor, a_rows ? kAsItIs : kTransposed, b_rows ? kAsItIs : kTransposed,
                      static_cast<int>(w.m), static_cast<int>(w.n), static_cast<int>(w.k), 1.0F,
                      w.a.data + i * w.a.batch, static_cast<int>(a_rows ? w.a.row : w.a.column),
                      w.b.data + i * w.b.batch, static_cast<int>(b_rows ? w.b.row : w.b.column),
                      0.0F, w.out + i * w.m * w.n, static_cast<int>(w.n));
              }
            }};
  };
  return b;
}

}  // namespace pamkit::benchmarks::baselines
