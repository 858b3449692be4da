#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "copy_task.hpp"
#include "pamkit/training/run.hpp"
#include "thread_channels.hpp"

namespace pamkit::training::test {
namespace {

// One number that is trained. From update `other_from` on every worker but the first computes it
// otherwise.
class number_task : public task {
 public:
  number_task(const own_parts& own, std::uint64_t other_from)
      : own_(own), other_from_(other_from), all_(1), number_(all_.add_constant("number", {1}, 1)) {}

  parameter_list& parameters() override { return all_; }
  part_result forward_backward(std::uint64_t step, const batch_part&) override {
    number_.mutable_grad() = at::ones({1});
    if (own_.first > 0 && step >= other_from_) {
      const at::NoGradGuard no_grad;
      number_.add_(1);
    }
    return {1, 1, 2};
  }
  void sample_passes() override {}
  validation_result validate() override { return {1, "perplexity", 1}; }
  std::optional<test_result> test(const std::filesystem::path&, const go_on&) override {
    return test_result{"perplexity", 1, "", {}, 0};
  }

 private:
  own_parts own_;
  std::uint64_t other_from_;
  parameter_list all_;
  at::Tensor number_;
};

class number_data : public dataset {
 public:
  explicit number_data(std::uint64_t other_from) : other_from_(other_from) {}
  nlohmann::ordered_json identity() const override { return {{"corpus_sha256", "none"}}; }
  nlohmann::ordered_json sizes() const override { return nlohmann::ordered_json::object(); }
  std::size_t updates_per_epoch() const override { return 4; }
  std::string items() const override { return "tokens"; }
  std::unique_ptr<task> make_task(const arm&, std::uint64_t, std::uint64_t,
                                  const own_parts& own) const override {
    return std::make_unique<number_task>(own, other_from_);
  }
  void save(const std::filesystem::path&) const override {}

 private:
  std::uint64_t other_from_;
};

TEST(WorkersSave, ACheckpointThatTheyDisagreeOnIsNotWritten) {
  const copy_task scratch;
  const recipe what =
      load_recipe("charlm", {"training.steps=4", "training.parts=2", "checkpoint.steps=1"});
  const number_data data(2);
  meeting_place at(2);
  std::vector<std::string> ends(2);
  as_job(at, [&](channel& c) {
    workers job(std::make_unique<thread_channel>(at, c.rank()));
    try {
      run_training({.what = what,
                    .data = data,
                    .products = arm("native", derivative::approx),
                    .seed = 1,
                    .out = scratch.folder() / "runs",
                    .force = false,
                    .progress = {},
                    .note = [](const std::string&) {},
                    .job = job});
    } catch (const std::runtime_error& refused) {
      ends[static_cast<std::size_t>(c.rank())] = refused.what();
    }
    job.finish();
  });
  for (const std::string& end : ends) {
    EXPECT_NE(end.find("after step 3 worker 1 has other parameters"), std::string::npos) << end;
  }
  const auto checkpoints = checkpoints_of(scratch.folder() / "runs" / "native-1");
  ASSERT_FALSE(checkpoints.empty());
  EXPECT_EQ(checkpoints.back().filename(), "checkpoint-0000000002.bin");
}

}  // namespace
}  // namespace pamkit::training::test
