/// Compares the golden digests that this compiler's code gives with the committed ones: the definitions,
/// and the vector kernels on every instruction set of the machine. One argument: every so many digests.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "pamkit/properties/digest.hpp"
#include "pamkit/properties/suite.hpp"
#include "pamkit/simd.hpp"

namespace {

using namespace pamkit;
using namespace pamkit::properties;

struct tally {
  unsigned long compared = 0;
  unsigned long differing = 0;
};

// One digest by one backend, if it has the operation.
void compare(const digest_item& item, const digest_cases& cases, const backend& b,
             const std::string& golden, std::string_view target, tally& t) {
  const digest_functions functions = functions_for(item, b);
  if (!functions) return;
  ++t.compared;
  const std::string got = cases.digest(cases.results(functions));
  if (got == golden) return;
  ++t.differing;
  std::printf("%s on %.*s: %s instead of %s\n", item.arguments().c_str(),
              static_cast<int>(target.size()), target.data(), got.c_str(), golden.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned long step = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1;
  if (step == 0) return 2;
  digest_operands operands;
  tally t;
  unsigned long index = 0;
  for (const digest_group group : all_digest_groups) {
    for (const digest_item& item : digest_items(group, default_arithmetics())) {
      const auto golden = committed_digests().find(item.arguments());
      if (golden == committed_digests().end() || index++ % step != 0) continue;
      const digest_cases cases(item, operands);
      compare(item, cases, scalar_backend(), golden->second, "scalar", t);
      for (const std::string_view target : simd_targets()) {
        if (target == "scalar") continue;
        use_simd_target(target);
        compare(item, cases, simd_backend(), golden->second, target, t);
      }
      use_simd_target("");
    }
  }
  std::printf("%lu digests, %lu differ\n", t.compared, t.differing);
  if (t.compared == 0) return 2;
  return t.differing == 0 ? 0 : 1;
}
