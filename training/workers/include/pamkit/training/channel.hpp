#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace pamkit::training {

/// How the processes of one training job reach each other. Ranks count from 0. All processes make
/// the same calls in the same order. What it throws says that the others cannot be reached any
/// more.
class channel {
 public:
  virtual ~channel() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Processes of the job on this machine.
  virtual int on_this_machine() const = 0;

  /// Every process's text in the order of ranks, at each. Waits for all of them without keeping a
  /// core busy.
  virtual std::vector<std::string> gather(const std::string& mine) = 0;

  /// Values to one process, which receives as many. They go together soon: neither waits long.
  virtual void send(std::span<const float> values, int to) = 0;
  virtual void receive(std::span<float> values, int from) = 0;

  /// Rank 0's values at each process.
  virtual void broadcast(std::span<float> values) = 0;
};

/// The channel of a process that was started alone.
std::unique_ptr<channel> no_channel();

/// This process's channel: over Open MPI where mpirun started it as one of several. Throws
/// input_error where it did and the program was built without Open MPI. Called once.
std::unique_ptr<channel> open_channel();

/// How many processes mpirun started together with this one, itself included, and its number among
/// them; 1 and 0 where it was started alone. Known before the channel is.
int launched_processes();
int launched_rank();

}  // namespace pamkit::training
