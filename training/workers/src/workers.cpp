#include "pamkit/training/workers.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>
#include <utility>

#include "process_watch.hpp"

namespace pamkit::training {
namespace {

// What a worker says when it meets the others: that it goes on, with a text, or an exit code and a
// line.
constexpr char kGoesOn = '+';
constexpr char kFailed = '-';

std::string text_of(const failure& f) { return kFailed + std::to_string(f.code) + " " + f.message; }

failure failure_of(const std::string& text, int rank) {
  const std::size_t space = text.find(' ');
  failure f{std::atoi(text.c_str() + 1), text.substr(space + 1)};
  if (rank > 0) f.message = "worker " + std::to_string(rank) + ": " + f.message;
  return f;
}

// Where several exit codes apply, the first of these.
std::size_t precedence(int code) {
  constexpr std::array codes = {2, 1, 3, 130};
  return static_cast<std::size_t>(std::ranges::find(codes, code) - codes.begin());
}

std::optional<failure> failure_among(const std::vector<std::string>& texts) {
  std::optional<failure> first;
  for (std::size_t rank = 0; rank < texts.size(); ++rank) {
    if (texts[rank].front() != kFailed) continue;
    const failure f = failure_of(texts[rank], static_cast<int>(rank));
    if (!first || precedence(f.code) < precedence(first->code)) first = f;
  }
  return first;
}

void say(const std::string& line) {
  std::fprintf(stderr, "pamkit: %s\n", line.c_str());
  std::fflush(stderr);
}

std::string listed(const std::vector<int>& ranks) {
  std::string text = ranks.size() == 1 ? "worker " : "workers ";
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(ranks[i]);
  }
  return text + (ranks.size() == 1 ? " is" : " are");
}

}  // namespace

workers::workers(std::unique_ptr<channel> to_others) : channel_(std::move(to_others)) {
  if (count() == 1) return;
  const std::string place = process_place();
  const std::vector<std::string> all = channel_->gather(std::to_string(::getpid()) + " " + place);
  std::vector<std::pair<int, int>> near;
  for (int i = 0; i < count(); ++i) {
    const std::string& text = all[static_cast<std::size_t>(i)];
    const std::size_t space = text.find(' ');
    is_near_.push_back(text.substr(space + 1) == place);
    if (i == rank() || !is_near_.back()) continue;
    near.emplace_back(i, std::atoi(text.c_str()));
  }
  watch_ = std::make_unique<process_watch>(
      near, [this](const std::vector<int>& gone) { end_without(gone); });
}

workers::~workers() = default;

std::vector<std::string> workers::meet(const std::string& mine) {
  std::vector<std::string> all = channel_->gather(mine);
  if (const std::optional<failure> f = failure_among(all)) throw job_failed(*f);
  return all;
}

std::vector<std::string> workers::exchange(const std::string& mine) {
  std::vector<std::string> all = meet(kGoesOn + mine);
  for (std::string& text : all) text.erase(0, 1);
  return all;
}

failure workers::fail(const failure& mine) {
  try {
    meet(text_of(mine));
  } catch (const job_failed& ended) {
    return ended.why();
  } catch (const std::exception&) {
    // The others cannot be reached any more; waiting for them in the destructors would be for ever.
    say(mine.message);
    std::_Exit(mine.code);
  }
  return mine;
}

void workers::finish() {
  if (count() == 1) return;
  watch_.reset();
  channel_->gather("");
}

void workers::end_without(const std::vector<int>& gone) const {
  // All that see it stay until all have seen it, or some would miss those that end here. The lowest
  // of them talks.
  int lowest = 0;
  while (!is_near_[static_cast<std::size_t>(lowest)] ||
         std::ranges::find(gone, lowest) != gone.end())
    ++lowest;
  if (rank() == lowest) {
    const std::uint64_t step = step_;
    say(listed(gone) + " gone (killed, or out of memory); the same command goes on " +
        (step == 0 ? "from the start" : "after step " + std::to_string(step)));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  std::_Exit(1);
}

}  // namespace pamkit::training
