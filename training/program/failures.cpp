#include "failures.hpp"

#include <c10/util/Exception.h>
#include <c10/util/Flags.h>
#include <fmt/format.h>

#include <filesystem>
#include <new>

#include "pamkit/training/channel.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/interruption.hpp"

C10_DECLARE_bool(caffe2_use_fatal_for_enforce);

namespace pamkit::training {

namespace {

constexpr const char* kNoMemory =
    "the memory does not suffice; give a smaller model or batch, or more training.parts";

// LibTorch's allocator of the CPU has no type of its own for it.
bool says_no_memory(const std::string& text) {
  return text.find("DefaultCPUAllocator") != std::string::npos ||
         text.find("can't allocate memory") != std::string::npos;
}

}  // namespace

failure current_failure() {
  try {
    throw;
  } catch (const job_failed& ended) {
    return ended.why();
  } catch (const input_error& error) {
    return {kUsage, error.what()};
  } catch (const std::filesystem::filesystem_error& error) {
    return {kUsage, error.what()};
  } catch (const not_there& error) {
    return {kMissing, error.what()};
  } catch (const interrupted&) {
    return {kInterrupted, "interrupted; the same command goes on from here"};
  } catch (const std::bad_alloc&) {
    return {kUsage, kNoMemory};
  } catch (const c10::OutOfMemoryError&) {
    return {kUsage, kNoMemory};
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    if (says_no_memory(text)) return {kUsage, kNoMemory};
    return {kFailed, text.substr(0, text.find('\n'))};
  } catch (const std::exception& error) {
    const std::string text = error.what();
    if (says_no_memory(text)) return {kUsage, kNoMemory};
    return {kFailed, text};
  }
}

void throw_where_memory_ends() { FLAGS_caffe2_use_fatal_for_enforce = false; }

int complain(const failure& f) {
  if (launched_rank() == 0) fmt::print(stderr, "pamkit: {}\n", one_line(f.message));
  return f.code;
}

}  // namespace pamkit::training
