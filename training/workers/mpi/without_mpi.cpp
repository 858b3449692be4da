#include <string>

#include "pamkit/training/channel.hpp"
#include "pamkit/training/input_error.hpp"

namespace pamkit::training {

std::unique_ptr<channel> open_channel() {
  if (launched_processes() <= 1) return no_channel();
  throw input_error("train",
                    "mpirun started " + std::to_string(launched_processes()) +
                        " processes, and this program was built without Open MPI",
                    "install libopenmpi-dev and build again, or start it without mpirun");
}

}  // namespace pamkit::training
