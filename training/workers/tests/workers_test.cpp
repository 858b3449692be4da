#include "pamkit/training/workers.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <future>
#include <optional>

#include "process_watch.hpp"
#include "thread_channels.hpp"

namespace pamkit::training::test {
namespace {

TEST(Workers, AloneExchangesWithItself) {
  workers one(no_channel());
  EXPECT_TRUE(one.is_first());
  EXPECT_EQ(one.exchange("a"), (std::vector<std::string>{"a"}));
  EXPECT_EQ(one.from_first("b"), "b");
}

// What each of three workers learns of the end of a job. The workers are threads here; each watches
// this one process.
std::vector<failure> ends_of(const std::vector<std::optional<failure>>& failures) {
  meeting_place at(static_cast<int>(failures.size()));
  std::vector<failure> ends(failures.size());
  as_job(at, [&](channel& c) {
    const auto rank = static_cast<std::size_t>(c.rank());
    workers job(std::make_unique<thread_channel>(at, c.rank()));
    EXPECT_EQ(job.exchange(std::to_string(rank)), (std::vector<std::string>{"0", "1", "2"}));
    EXPECT_EQ(job.from_first(rank == 0 ? "first" : "another"), "first");
    if (failures[rank]) {
      ends[rank] = job.fail(*failures[rank]);
    } else {
      try {
        job.exchange("goes on");
        ADD_FAILURE() << "nobody failed";
      } catch (const job_failed& ended) {
        ends[rank] = ended.why();
      }
    }
    job.finish();
  });
  return ends;
}

TEST(Workers, AllEndWithTheFailureOfOne) {
  for (const failure& end :
       ends_of({std::nullopt, failure{2, "a.JPEG: is damaged"}, std::nullopt})) {
    EXPECT_EQ(end.code, 2);
    EXPECT_EQ(end.message, "worker 1: a.JPEG: is damaged");
  }
  for (const failure& end : ends_of({failure{2, "same"}, failure{2, "same"}, failure{2, "same"}})) {
    EXPECT_EQ(end.message, "same");
  }
}

TEST(Workers, TwoComesBeforeOneBeforeThreeBeforeAnInterruption) {
  const failure none{130, "interrupted"};
  for (const auto& [first, second, code] :
       {std::array{1, 2, 2}, std::array{3, 1, 1}, std::array{130, 3, 3}, std::array{2, 1, 2}}) {
    for (const failure& end : ends_of({failure{first, "a"}, failure{second, "b"}, none})) {
      EXPECT_EQ(end.code, code);
      EXPECT_EQ(end.message, code == first ? "a" : "worker 1: b");
    }
  }
}

TEST(Workers, AloneAFailureIsItsOwn) {
  workers one(no_channel());
  const failure f = one.fail({2, "file: is damaged"});
  EXPECT_EQ(f.code, 2);
  EXPECT_EQ(f.message, "file: is damaged");
}

TEST(ProcessWatch, SeesAProcessThatIsKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  std::promise<std::vector<int>> gone;
  process_watch watch({{3, child}}, [&](const std::vector<int>& ranks) { gone.set_value(ranks); });
  std::future<std::vector<int>> told = gone.get_future();
  EXPECT_EQ(told.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  ::kill(child, SIGKILL);
  ASSERT_EQ(told.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(told.get(), (std::vector<int>{3}));
  ::waitpid(child, nullptr, 0);
}

TEST(ProcessWatch, EndsWithoutACallWhereNobodyIsMissed) {
  bool called = false;
  {
    const process_watch watch({{0, ::getpid()}}, [&](const std::vector<int>&) { called = true; });
  }
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace pamkit::training::test
