#include "process_watch.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fstream>

namespace pamkit::training {

std::string process_place() {
  std::string machine;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> machine;
  std::array<char, 64> numbering{};
  const ssize_t length = ::readlink("/proc/self/ns/pid", numbering.data(), numbering.size());
  // Unlike every other place where this cannot be read.
  if (machine.empty() || length <= 0) return "unknown " + std::to_string(::getpid());
  return machine + " " + std::string(numbering.data(), static_cast<std::size_t>(length));
}

process_watch::process_watch(const std::vector<std::pair<int, int>>& ranks,
                             std::function<void(const std::vector<int>&)> lost) {
  for (const auto& [rank, process] : ranks) {
    const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
    if (descriptor < 0) continue;  // an old kernel: mpirun still ends the job
    ranks_.push_back(rank);
    descriptors_.push_back(descriptor);
  }
  descriptors_.push_back(::eventfd(0, EFD_CLOEXEC));
  // Signals are for the other thread.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this, call = std::move(lost)] { wait(call); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

process_watch::~process_watch() {
  const std::uint64_t one = 1;
  // An eventfd takes it: its count is far from full.
  [[maybe_unused]] const ssize_t written = ::write(descriptors_.back(), &one, sizeof one);
  thread_.join();
  for (const int descriptor : descriptors_) ::close(descriptor);
}

void process_watch::wait(const std::function<void(const std::vector<int>&)>& lost) const {
  std::vector<pollfd> events;
  for (const int descriptor : descriptors_) events.push_back({descriptor, POLLIN, 0});
  while (::poll(events.data(), events.size(), -1) < 0) {
    if (errno != EINTR) return;
  }
  if (events.back().revents != 0) return;
  std::vector<int> gone;
  for (std::size_t i = 0; i < ranks_.size(); ++i) {
    if (events[i].revents != 0) gone.push_back(ranks_[i]);
  }
  lost(gone);
}

}  // namespace pamkit::training
