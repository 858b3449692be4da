#include "pamkit/proofs/solver.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <vector>

extern char** environ;

namespace pamkit::proofs {
namespace {

using clock = std::chrono::steady_clock;

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error(what + ": " + std::strerror(error));
}

// A file without a name that holds `text`, opened for reading from its start.
int unnamed_file(const std::string& text) {
  std::string name = (std::filesystem::temp_directory_path() / "pamkit-proof.XXXXXX").string();
  const int file = mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) fail("cannot make " + name, errno);
  unlink(name.c_str());
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(file, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR) {
      const int error = errno;
      close(file);
      fail("cannot write " + name, error);
    }
    if (n > 0) done += static_cast<std::size_t>(n);
  }
  lseek(file, 0, SEEK_SET);
  return file;
}

struct ended_program {
  std::string output;
  bool was_killed = false;  // by the limit, or because it should stop
  int status = 0;           // as waitpid tells it
};

// What the program prints, until it ends, the limit has passed or it should stop; then it is
// killed.
ended_program output_of(std::vector<std::string> command, const std::string& input,
                        std::chrono::duration<double> limit,
                        const std::function<bool()>& should_stop) {
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int in = unnamed_file(input);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail("cannot make a pipe", errno);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    fail("cannot run " + command[0], error);
  }
  ended_program program;
  const clock::time_point start = clock::now();
  char buffer[4096];
  while (true) {
    if (clock::now() - start >= limit || should_stop()) {
      kill(child, SIGKILL);
      program.was_killed = true;
      break;
    }
    pollfd waiting{ends[0], POLLIN, 0};
    if (poll(&waiting, 1, 50) <= 0) continue;
    const ssize_t n = read(ends[0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    program.output.append(buffer, static_cast<std::size_t>(n));
  }
  close(ends[0]);
  while (waitpid(child, &program.status, 0) < 0 && errno == EINTR) {
  }
  return program;
}

// What a program that gave no answer gave instead.
std::string last_words(const ended_program& program) {
  constexpr std::size_t kMostShown = 80;
  const std::string how = WIFSIGNALED(program.status)
                              ? "was ended by signal " + std::to_string(WTERMSIG(program.status))
                              : "ended with " + std::to_string(WEXITSTATUS(program.status));
  const std::string line = program.output.substr(0, program.output.find('\n'));
  return how +
         (line.empty() ? " and said nothing" : " and said '" + line.substr(0, kMostShown) + "'");
}

}  // namespace

std::optional<std::string> find_solver() {
  const char* named = std::getenv("PAMKIT_Z3");
  if (named != nullptr && *named != '\0') {
    if (access(named, X_OK) == 0 && !std::filesystem::is_directory(named)) return named;
    return std::nullopt;
  }
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string program = folder + "/z3";
    if (!folder.empty() && access(program.c_str(), X_OK) == 0) return program;
  }
  return std::nullopt;
}

std::string solver_version(const std::string& solver) {
  const std::string text =
      output_of({solver, "--version"}, "", std::chrono::seconds(20), [] { return false; }).output;
  return text.substr(0, text.find('\n'));
}

verdicts run_solver(const std::string& solver, const std::string& script,
                    std::chrono::duration<double> limit, const std::function<bool()>& should_stop) {
  const clock::time_point start = clock::now();
  // In megabytes; far more than any of these statements takes.
  constexpr const char* kMemory = "-memory:1500";
  const ended_program program = output_of({solver, "-in", kMemory}, script, limit, should_stop);
  std::istringstream lines(program.output);
  verdicts v;
  v.seconds = std::chrono::duration<double>(clock::now() - start).count();
  std::string* asked = nullptr;
  for (std::string line; std::getline(lines, line);) {
    if (line == "precondition") {
      asked = &v.vacuity;
    } else if (line == "statement") {
      // A statement in steps is asked in several; the first answer that is not unsat stays.
      const bool is_open = v.statement == "timeout" || v.statement == "unsat";
      asked = is_open ? &v.statement : nullptr;
      if (is_open) v.statement = "timeout";
    } else if (line == "mutant") {
      asked = &v.mutant;
    } else if (asked != nullptr && (line == "sat" || line == "unsat" || line == "unknown")) {
      *asked = line;
      asked = nullptr;
    } else if (line.starts_with("(error")) {
      if (v.error.empty()) v.error = line;
    } else {
      v.rest += line;
    }
  }
  const bool lacks_answer =
      v.vacuity == "timeout" || v.statement == "timeout" || v.mutant == "timeout";
  if (lacks_answer && !program.was_killed && v.error.empty()) {
    throw std::runtime_error(solver + " answers neither sat, unsat nor unknown: it " +
                             last_words(program) + "; name a z3 by PAMKIT_Z3");
  }
  return v;
}

}  // namespace pamkit::proofs
