#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace pamkit::reports {

/// Results that several tasks need, each computed by the task that asks first while the others
/// wait. A computation that throws is tried again by the next.
template <class T>
class computed_once {
 public:
  template <class Compute>
  std::shared_ptr<const T> get(const std::string& key, Compute compute) {
    std::shared_ptr<entry> mine;
    {
      const std::lock_guard lock(mutex_);
      std::shared_ptr<entry>& place = entries_[key];
      if (!place) place = std::make_shared<entry>();
      mine = place;
    }
    std::call_once(mine->once, [&] { mine->value = compute(); });
    return mine->value;
  }

 private:
  struct entry {
    std::once_flag once;
    std::shared_ptr<const T> value;
  };
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<entry>> entries_;
};

}  // namespace pamkit::reports
