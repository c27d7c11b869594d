// Starts a program and holds the ends of its pipes.
//
// No shell, no inherited descriptor but 0 to 2, no inherited environment, default signals, a session and
// process group of its own, and an end when creel's thread that started it ends. The child is made with
// vfork: a copy of the memory map of a gateway that holds a backlog would cost more than most programs.
#pragma once

#include <sys/types.h>

#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/model.h"

namespace creel {

// An open descriptor; -1 is none.
class Descriptor {
 public:
  explicit Descriptor(int descriptor = -1) : descriptor_(descriptor) {}
  Descriptor(Descriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }
  void close();

 private:
  int descriptor_;
};

// Whom a program runs as.
struct ProgramUser {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;
};

// A program as it is started for every delivery.
struct Program {
  std::vector<std::string> command;
  std::vector<std::string> environment;  // "NAME=value"
  std::string directory;
  std::optional<ProgramUser> user;  // nothing: creel's own
};

// Looks its user up, which may ask the network. The error is a sentence.
std::expected<Program, std::string> prepare_program(const ExecSettings& settings);

struct Process {
  pid_t id = -1;      // also of its group; to be waited for
  Descriptor ended;   // readable once it has ended; none where the kernel has no such thing
  Descriptor input;   // of its standard input, non-blocking
  Descriptor output;  // of its standard output and error together, non-blocking
};

// `variables` come after the program's own. Blocks until the program runs or could not be started; the error
// is a sentence. The calling thread has to outlive the program, which is killed with it.
std::expected<Process, std::string> start_process(const Program& program,
                                                  const std::vector<std::string>& variables);

}  // namespace creel
