#pragma once

#if defined(__SANITIZE_THREAD__)
#define PAMKIT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PAMKIT_TSAN 1
#endif
#endif

#if defined(PAMKIT_TSAN)
extern "C" {
void AnnotateIgnoreSyncBegin(const char* file, int line);
void AnnotateIgnoreSyncEnd(const char* file, int line);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif

namespace pamkit::cuda {

/// While it lives, ThreadSanitizer takes no notice of what the thread does, neither as accesses nor
/// as an order between threads: they wait for each other in time, and nothing that one has written
/// is known to be there for the other. Without ThreadSanitizer it is nothing.
class unordered_section {
 public:
  unordered_section() {
#if defined(PAMKIT_TSAN)
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    AnnotateIgnoreSyncBegin(__FILE__, __LINE__);
#endif
  }
  ~unordered_section() {
#if defined(PAMKIT_TSAN)
    AnnotateIgnoreSyncEnd(__FILE__, __LINE__);
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
#endif
  }
  unordered_section(const unordered_section&) = delete;
  unordered_section& operator=(const unordered_section&) = delete;
};

}  // namespace pamkit::cuda
