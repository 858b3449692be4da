#include "failures.hpp"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <filesystem>
#include <new>

#include "pamkit/training/channel.hpp"
#include "pamkit/training/input_error.hpp"
#include "pamkit/training/interruption.hpp"

namespace pamkit::training {

namespace {

constexpr const char* kNoMemory =
    "the memory does not suffice; give a smaller model or batch, or more training.parts";

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
    return {kFailed, error.what_without_backtrace()};
  } catch (const std::exception& error) {
    return {kFailed, error.what()};
  }
}

int complain(const failure& f) {
  if (launched_rank() == 0) fmt::print(stderr, "pamkit: {}\n", one_line(f.message));
  return f.code;
}

}  // namespace pamkit::training
