#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "pamkit/training/channel.hpp"

namespace pamkit::training {
namespace {

// Counts are 32-bit integers.
constexpr std::size_t kValuesAtOnce = std::size_t{1} << 28;

void check(int result) {
  if (result == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(result, text, &length);
  throw std::runtime_error("the other workers cannot be reached (" + std::string(text) +
                           "); the same command goes on from the last checkpoint");
}

// Calls move(part, length) for spans of values that a count can hold.
template <class Values, class Move>
void in_pieces(Values values, Move move) {
  while (!values.empty()) {
    const std::size_t length = std::min(values.size(), kValuesAtOnce);
    check(move(values.data(), static_cast<int>(length)));
    values = values.subspan(length);
  }
}

class mpi_channel : public channel {
 public:
  mpi_channel() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    MPI_Comm machine = MPI_COMM_NULL;
    check(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine));
    MPI_Comm_size(machine, &near_);
    MPI_Comm_free(&machine);
  }
  mpi_channel(const mpi_channel&) = delete;
  mpi_channel& operator=(const mpi_channel&) = delete;
  ~mpi_channel() override { MPI_Finalize(); }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int on_this_machine() const override { return near_; }

  std::vector<std::string> gather(const std::string& mine) override {
    const auto length = static_cast<int>(mine.size());
    std::vector<int> lengths(static_cast<std::size_t>(size_));
    MPI_Request request = MPI_REQUEST_NULL;
    check(
        MPI_Iallgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, MPI_COMM_WORLD, &request));
    wait(request);
    std::vector<int> starts(lengths.size());
    int total = 0;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      starts[i] = total;
      total += lengths[i];
    }
    std::string joined(static_cast<std::size_t>(total), '\0');
    check(MPI_Allgatherv(mine.data(), length, MPI_CHAR, joined.data(), lengths.data(),
                         starts.data(), MPI_CHAR, MPI_COMM_WORLD));
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      texts.push_back(
          joined.substr(static_cast<std::size_t>(starts[i]), static_cast<std::size_t>(lengths[i])));
    }
    return texts;
  }

  void send(std::span<const float> values, int to) override {
    in_pieces(values, [&](const float* data, int count) {
      return MPI_Send(data, count, MPI_FLOAT, to, 0, MPI_COMM_WORLD);
    });
  }
  void receive(std::span<float> values, int from) override {
    in_pieces(values, [&](float* data, int count) {
      return MPI_Recv(data, count, MPI_FLOAT, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    });
  }
  void broadcast(std::span<float> values) override {
    in_pieces(values, [&](float* data, int count) {
      return MPI_Bcast(data, count, MPI_FLOAT, 0, MPI_COMM_WORLD);
    });
  }

 private:
  // MPI's own waiting spins, for as long as worker 0 validates: cores that it could use.
  static void wait(MPI_Request& request) {
    using clock = std::chrono::steady_clock;
    constexpr auto busy = std::chrono::milliseconds(1);
    constexpr auto nap = std::chrono::microseconds(100);
    const auto start = clock::now();
    for (int done = 0;;) {
      check(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
      if (done != 0) return;
      if (clock::now() - start < busy) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(nap);
      }
    }
  }

  int rank_ = 0;
  int size_ = 1;
  int near_ = 1;
};

}  // namespace

std::unique_ptr<channel> open_channel() {
  if (launched_processes() <= 1) return no_channel();
  return std::make_unique<mpi_channel>();
}

}  // namespace pamkit::training
