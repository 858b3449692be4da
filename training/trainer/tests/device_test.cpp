#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "copy_task.hpp"

/// Training on a GPU as far as a machine without one can show it.

namespace pamkit::training::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json config_of(const fs::path& run) {
  std::ifstream file(run / "config.json");
  return json::parse(file);
}

void write_config(const fs::path& run, const json& config) {
  std::ofstream(run / "config.json") << config.dump(2);
}

TEST(Device, CudaWithoutAGpuIsOneLineAndItsOwnExitCode) {
  const copy_task task;
  setenv("PAMKIT_CUDA_DRIVER", (task.folder() / "none.so").c_str(), 1);
  const auto result = run_program(
      task, with(task.train_arguments("runs", "pam"), {"--steps", "2", "--device", "cuda"}));
  unsetenv("PAMKIT_CUDA_DRIVER");
  EXPECT_EQ(result.exit_code, 3) << result.standard_error;
  EXPECT_EQ(result.standard_error.find("pamkit: --device cuda: "), 0U) << result.standard_error;
  EXPECT_EQ(result.standard_error.find('\n'), result.standard_error.size() - 1)
      << result.standard_error;
  EXPECT_FALSE(fs::exists(task.folder() / "runs" / "pam-1"));
  EXPECT_EQ(
      run_program(task, with(task.train_arguments("runs", "pam"), {"--device", "tpu"})).exit_code,
      2);
}

TEST(Device, IsPartOfWhatDecidesARun) {
  const copy_task task;
  const auto arguments = with(task.train_arguments("runs", "pam"), {"--steps", "2"});
  ASSERT_EQ(run_program(task, arguments).exit_code, 0);
  const fs::path run = task.folder() / "runs" / "pam-1";
  json config = config_of(run);
  EXPECT_EQ(config.at("run").at("device"), "cpu");
  EXPECT_EQ(summary_of(run).at("device"), "cpu");
  config["run"]["device"] = "cuda:0";
  write_config(run, config);
  const auto other = run_program(task, arguments);
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_NE(other.standard_error.find("this run has device = \"cuda:0\", asked is \"cpu\""),
            std::string::npos)
      << other.standard_error;
  // Of a time when there was no choice.
  config["run"].erase("device");
  write_config(run, config);
  EXPECT_EQ(run_program(task, arguments).exit_code, 0);
}

}  // namespace
}  // namespace pamkit::training::test
