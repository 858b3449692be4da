#include "fiber.hpp"

#include <cstdint>
#include <cstring>
#include <memory>

#if defined(__SANITIZE_ADDRESS__)
#define PAMKIT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PAMKIT_ASAN 1
#endif
#endif
#if defined(PAMKIT_ASAN)
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(__x86_64__)

// Saves the registers that a call preserves on the stack, exchanges the stacks, and takes them from
// the other one. The floating-point environment is the same for all fibers.
extern "C" void pamkit_exchange_stacks(void** save, void* next);
extern "C" void pamkit_start_fiber();
asm(R"(
.text
.p2align 4
.type pamkit_exchange_stacks, @function
pamkit_exchange_stacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size pamkit_exchange_stacks, . - pamkit_exchange_stacks
.type pamkit_start_fiber, @function
pamkit_start_fiber:
  movq %r12, %rdi
  callq *%rbx
  ud2
.size pamkit_start_fiber, . - pamkit_start_fiber
)");

#else
#include <ucontext.h>
#endif

namespace pamkit::cuda {

#if defined(__x86_64__)

void prepare(fiber& f, void (*entry)(void*), void* argument) {
  // From the top: r15 r14 r13 r12 rbx rbp and the address that pamkit_exchange_stacks returns to.
  // There the stack pointer is a multiple of 16, as before every call.
  const std::uintptr_t top =
      (std::bit_cast<std::uintptr_t>(f.stack) + f.size) & ~std::uintptr_t{15};
  constexpr std::size_t kSaved = 7;
  std::uintptr_t saved[kSaved] = {};
  saved[3] = std::bit_cast<std::uintptr_t>(argument);
  saved[4] = std::bit_cast<std::uintptr_t>(entry);
  saved[6] = std::bit_cast<std::uintptr_t>(&pamkit_start_fiber);
  f.stack_pointer = std::bit_cast<void*>(top - sizeof saved);
  std::memcpy(f.stack_pointer, saved, sizeof saved);
}

namespace {
void exchange(fiber& from, fiber& to) {
  pamkit_exchange_stacks(&from.stack_pointer, to.stack_pointer);
}
}  // namespace

#else

namespace {

struct context {
  ucontext_t registers;
  void (*entry)(void*);
  void* argument;
};

thread_local context* starting = nullptr;

void start() {
  const context& c = *starting;
  c.entry(c.argument);
}

context& context_of(fiber& f) {
  if (f.stack_pointer == nullptr) f.stack_pointer = std::make_unique<context>().release();
  return *static_cast<context*>(f.stack_pointer);
}

void exchange(fiber& from, fiber& to) {
  starting = &context_of(to);
  swapcontext(&context_of(from).registers, &context_of(to).registers);
}

}  // namespace

void prepare(fiber& f, void (*entry)(void*), void* argument) {
  context& c = context_of(f);
  c.entry = entry;
  c.argument = argument;
  getcontext(&c.registers);
  c.registers.uc_stack.ss_sp = f.stack;
  c.registers.uc_stack.ss_size = f.size;
  c.registers.uc_link = nullptr;
  makecontext(&c.registers, start, 0);
}

#endif

void switch_fiber(fiber& from, fiber& to, [[maybe_unused]] bool for_good) {
#if defined(PAMKIT_ASAN)
  __sanitizer_start_switch_fiber(for_good ? nullptr : &from.fake_stack, to.stack, to.size);
#endif
  exchange(from, to);
#if defined(PAMKIT_ASAN)
  __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
#endif
}

void entered([[maybe_unused]] fiber& caller) {
#if defined(PAMKIT_ASAN)
  const void* bottom = nullptr;
  __sanitizer_finish_switch_fiber(nullptr, &bottom, &caller.size);
  caller.stack = static_cast<std::byte*>(const_cast<void*>(bottom));
#endif
}

}  // namespace pamkit::cuda
