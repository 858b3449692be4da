#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "pamkit/training/channel.hpp"

namespace pamkit::training::test {

/// The processes of a job as threads of one: what goes between them goes through this.
class meeting_place {
 public:
  explicit meeting_place(int size) : size_(size), texts_(static_cast<std::size_t>(size)) {}

  std::vector<std::string> gather(int rank, const std::string& mine) {
    std::unique_lock lock(mutex_);
    texts_[static_cast<std::size_t>(rank)] = mine;
    const int round = round_;
    if (++arrived_ == size_) {
      complete_ = texts_;
      arrived_ = 0;
      ++round_;
      changed_.notify_all();
    } else {
      changed_.wait(lock, [&] { return round_ != round; });
    }
    return complete_;
  }

  void send(int from, int to, std::vector<float> values) {
    const std::lock_guard lock(mutex_);
    ++messages_;
    sent_[{from, to}].push_back(std::move(values));
    changed_.notify_all();
  }

  std::vector<float> receive(int from, int to) {
    std::unique_lock lock(mutex_);
    auto& queue = sent_[{from, to}];
    changed_.wait(lock, [&] { return !queue.empty(); });
    std::vector<float> values = std::move(queue.front());
    queue.pop_front();
    return values;
  }

  int size() const { return size_; }
  int messages() const { return messages_; }

 private:
  int size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
  std::vector<std::string> complete_;
  int arrived_ = 0;
  int round_ = 0;
  int messages_ = 0;
  std::map<std::pair<int, int>, std::deque<std::vector<float>>> sent_;
};

class thread_channel : public channel {
 public:
  thread_channel(meeting_place& at, int rank) : at_(at), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return at_.size(); }
  int on_this_machine() const override { return at_.size(); }
  std::vector<std::string> gather(const std::string& mine) override {
    return at_.gather(rank_, mine);
  }
  void send(std::span<const float> values, int to) override {
    at_.send(rank_, to, {values.begin(), values.end()});
  }
  void receive(std::span<float> values, int from) override {
    const std::vector<float> got = at_.receive(from, rank_);
    if (got.size() != values.size()) throw std::logic_error("a message of another length");
    std::ranges::copy(got, values.begin());
  }
  void broadcast(std::span<float> values) override {
    if (rank_ != 0) return receive(values, 0);
    for (int to = 1; to < size(); ++to) send(values, to);
  }

 private:
  meeting_place& at_;
  int rank_;
};

/// Runs `work` as each of the processes of a job.
inline void as_job(meeting_place& at, const std::function<void(channel&)>& work) {
  std::vector<std::thread> threads;
  for (int rank = 0; rank < at.size(); ++rank) {
    threads.emplace_back([&, rank] {
      thread_channel c(at, rank);
      work(c);
    });
  }
  for (std::thread& t : threads) t.join();
}

}  // namespace pamkit::training::test
