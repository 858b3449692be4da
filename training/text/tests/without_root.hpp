#pragma once

#include <unistd.h>

#include <stdexcept>

namespace pamkit::training {

/// While it lives, this process may do only what everybody may, also where root runs it.
class without_root {
 public:
  without_root() : before_(::geteuid()) {
    constexpr uid_t nobody = 65534;
    if (before_ == 0 && ::seteuid(nobody) != 0) {
      throw std::runtime_error("cannot run as another user");
    }
  }
  without_root(const without_root&) = delete;
  without_root& operator=(const without_root&) = delete;
  ~without_root() {
    if (before_ == 0 && ::seteuid(before_) != 0) ::_exit(1);
  }

 private:
  uid_t before_;
};

}  // namespace pamkit::training
