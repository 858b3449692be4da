#include "pamkit/training/channel.hpp"

#include <cstdlib>

namespace pamkit::training {
namespace {

// What Open MPI's mpirun tells the processes that it starts.
int number_of(const char* variable, int otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr || *text == '\0' ? otherwise : std::atoi(text);
}

class alone : public channel {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  int on_this_machine() const override { return 1; }
  std::vector<std::string> gather(const std::string& mine) override { return {mine}; }
  void send(std::span<const float>, int) override {}
  void receive(std::span<float>, int) override {}
  void broadcast(std::span<float>) override {}
};

}  // namespace

std::unique_ptr<channel> no_channel() { return std::make_unique<alone>(); }

int launched_processes() { return number_of("OMPI_COMM_WORLD_SIZE", 1); }
int launched_rank() { return number_of("OMPI_COMM_WORLD_RANK", 0); }

}  // namespace pamkit::training
