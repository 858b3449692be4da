#include "pamkit/cuda/thread_crew.hpp"

#include <utility>

#include "pamkit/cuda/unordered_section.hpp"

namespace pamkit::cuda {

thread_crew& thread_crew::mine() {
  thread_local thread_crew crew;
  return crew;
}

void thread_crew::work(worker& w) {
  for (std::uint32_t turn = 1;; ++turn) {
    {
      // Waiting goes through words that all waiting threads share and that would order them.
      const unordered_section section;
      w.started.wait(turn - 1);
    }
    w.started.load(std::memory_order_acquire);
    if (w.body == nullptr) return;
    (*w.body)(w.index);
    w.ended.store(turn, std::memory_order_release);
    const unordered_section section;
    if (running_.fetch_sub(1) == 1) running_.notify_one();
  }
}

void thread_crew::run_unordered(int count, std::function<void(int)> body) {
  const auto& kept =
      *bodies_.emplace_back(std::make_unique<std::function<void(int)>>(std::move(body)));
  running_.store(count, std::memory_order_relaxed);
  for (int i = 0; i < count; ++i) {
    if (used_ == workers_.size()) {
      worker& added = *workers_.emplace_back(std::make_unique<worker>());
      added.thread = std::jthread([this, &added] { work(added); });
    }
    worker& w = *workers_[used_++];
    w.body = &kept;
    w.index = i;
    w.started.fetch_add(1, std::memory_order_release);
    const unordered_section section;
    w.started.notify_one();
  }
  const unordered_section section;
  for (int left = running_.load(); left != 0; left = running_.load()) running_.wait(left);
}

void thread_crew::join() {
  for (std::size_t i = 0; i < used_; ++i) workers_[i]->ended.load(std::memory_order_acquire);
  used_ = 0;
  bodies_.clear();
}

thread_crew::~thread_crew() {
  join();
  for (const auto& w : workers_) {
    w->body = nullptr;
    w->started.fetch_add(1, std::memory_order_release);
    w->started.notify_one();
  }
}

}  // namespace pamkit::cuda
