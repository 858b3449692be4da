#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "run_statistics.hpp"
#include "sentence_counts.hpp"

/// Reading of the folders that training writes: config.json, metrics.jsonl and summary.json, and
/// where they are there statistics.json, and hypotheses.txt with references.txt or sentences.json.

namespace pamkit::reports {

// Names of a run's files.
inline constexpr std::string_view kConfig = "config.json";
inline constexpr std::string_view kMetrics = "metrics.jsonl";
inline constexpr std::string_view kSummary = "summary.json";
inline constexpr std::string_view kStatistics = "statistics.json";

/// Beside run folders: the arms that a recipe should have.
inline constexpr std::string_view kExpected = "expected.txt";

enum class run_status : std::uint8_t {
  finished,    ///< with a summary
  unfinished,  ///< no summary: killed, or still running
  diverged,    ///< a loss, or the value of the summary, is not a number
  unverified,  ///< not trained: its kernels differed from the golden model
  superseded,  ///< finished, and another run of its arm and seed finished later
  unproven,    ///< finished, and its verification failed
  contradicted,  ///< finished, and the BLEU of its sentences is not its value
};

std::string_view name_of(run_status status);

/// A training or validation loss at an optimiser step.
struct loss_point {
  double step = 0;
  double loss = 0;
};

/// How large the data of a run were.
struct example_counts {
  std::string unit;  ///< what is counted: "images"; empty where a run does not say
  std::optional<std::int64_t> training;
  std::optional<std::int64_t> validation;
  std::optional<std::int64_t> test;
  bool tests_on_validation = false;  ///< both are one set
};

/// What is known of one run. Numbers that the files do not give are empty.
struct training_run {
  std::filesystem::path folder;
  std::string device;  ///< "cpu" or "cuda:0"; empty of a run that does not say
  std::string recipe;  ///< "NAME on cuda" of a run on a GPU, which is compared with its like alone
  std::string arithmetic;
  std::string scope;       ///< "matmul" by default
  std::string derivative;  ///< "approx" by default
  std::string format;      ///< "binary32" by default
  std::string seed;
  std::string metric;  ///< "bleu", "accuracy" or "perplexity"
  std::optional<double> value;
  std::optional<double> valid_loss;  ///< of the last epoch that gives one
  std::optional<double> throughput;  ///< median over the steps
  std::string throughput_unit;       ///< "tokens/s" or "images/s"
  std::optional<double>
      step_seconds;  ///< median time of a step: CPU time of one thread, wall time of several
  bool is_cpu_time = false;  ///< what `step_seconds` is
  /// Median wall time of a step over its CPU time, of one thread: 1 where nothing else ran.
  std::optional<double> load;
  std::optional<double> threads;
  std::optional<double> seconds;  ///< of the last record that gives it
  std::int64_t steps = 0;
  std::int64_t epochs = 0;
  std::string signature;
  std::string parameters_sha256;
  std::string verification;  ///< digest
  std::string cpu;           ///< the machine it ran on
  std::string moment_decay;   ///< of the recipe: "plain" or "corrected"
  std::string loss_gradient;  ///< of the recipe: "plain" or "centred"
  std::string commit;  ///< of the program that began it; ends with "-modified" of a changed tree
  std::string last_commit;  ///< of the program that finished it
  std::string finished_at;  ///< date of the summary, as ISO 8601 writes it
  /// What decides the run besides arm and seed, by the path of its key in config.json's "run":
  /// settings of the recipe and the SHA-256 of the data.
  std::map<std::string, std::string> settings;
  run_status status = run_status::unfinished;
  std::optional<std::int64_t> diverged_at;  ///< the first step whose loss is not a number
  std::vector<loss_point> training_losses;
  std::vector<loss_point> validation_losses;
  std::optional<example_counts> examples;
  std::optional<run_statistics> statistics;
  sentence_counts sentences;  ///< of translation
  /// BLEU of `sentences` where it is not the value: which of both is this run's, no file tells.
  std::optional<double> other_bleu;

  /// ARITHMETIC[+SCOPE][+exact][+FORMAT][+corrected][+centred], defaults not written: what runs over several
  /// seeds share. The last is the decay of moments, where the scope has it.
  std::string arm() const;
};

/// Reads one run folder. A last line of metrics.jsonl without its end is what a killed run leaves,
/// and is left out. Throws input_error, one line that names the file, for anything else that is
/// missing or malformed.
training_run read_run(const std::filesystem::path& folder);

/// The run folders among and one or two levels below `directories`, each once, in the order given
/// and then by name, without what a keep_run that was ended left behind. A directory that does
/// not exist, that holds none, or that cannot be looked into gives a line in `problems`.
std::vector<std::filesystem::path> find_runs(const std::vector<std::filesystem::path>& directories,
                                             std::vector<std::string>& problems);

/// The folders with a file kExpected, `directory` and those in it, by name.
std::vector<std::filesystem::path> folders_that_expect(const std::filesystem::path& directory);

}  // namespace pamkit::reports
