# Somebody's own implementation as a shared library: the right one passes, broken ones are rejected or refused.
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
compiler=$(command -v cc || command -v gcc) || { echo "NOT RUN: a C compiler is missing"; exit 77; }
source "$here/expect.sh"
root=$here/../..

# library NAME SOURCE FLAG...
library() {
  local name=$1 source=$2
  shift 2
  "$compiler" -std=c99 -O2 -Wall -Wextra -Wpedantic -Werror -shared -fPIC "-I$root/c_api/include" "$@" -o "$name" "$source" ||
    fail "$source could not be built"
}
verify=("$PAMKIT" verify --op mul,div,matmul --arithmetic pam,pam:1.0552 --out .)

library right.so "$root/examples/plugin/pam_plugin.c"
expect 0 ' 0 failed,' '' "${verify[@]}" --backend ./right.so
grep --quiet '"P1","operation":"div","format":"binary32m7".*"pam_plugin".*"status":"pass"' verify.json ||
  fail "div of the plug-in was not verified"
grep --quiet '"P44","operation":"matmul".*"pam_plugin".*"status":"pass"' verify.json ||
  fail "matmul of the plug-in was not verified"
expect 0 ' 0 failed,' '' "${verify[@]}" --backend "$PWD/right.so,scalar" --format e5m2

library broken.so "$root/examples/plugin/pam_plugin.c" -DBROKEN
expect 1 'P1' '' "${verify[@]}" --backend ./broken.so

echo 'int nothing;' >nothing.c
library nothing.so nothing.c
expect 2 '' 'backend: ./nothing.so exports no pamkit_plugin' "${verify[@]}" --backend ./nothing.so
expect 2 '' 'backend: ./none.so: .*name a shared library' "${verify[@]}" --backend ./none.so

cat >odd.c <<'EOC'
#include <pamkit_plugin.h>
static int defines(const char* o, const char* a) { return o[0] == 'm' && o[1] == 'u' && o[3] == 0 && a[0] == 'p'; }
static int compute(const pamkit_plugin_rules* r, const uint32_t* a, const uint32_t* b, uint32_t* out, size_t n) {
  (void)r; (void)a; (void)b; (void)n; (void)out;
#ifdef CRASH
  *(volatile int*)0 = 1;
#endif
  return 5;
}
const pamkit_implementation* pamkit_plugin(void) {
  static const pamkit_implementation self = {ABI, "odd", defines, compute, 0};
  return &self;
}
EOC
library abi.so odd.c -DABI=99u
expect 2 '' 'abi.so is built for interface 99; build it again' "${verify[@]}" --backend ./abi.so
library fails.so odd.c -DABI=PAMKIT_PLUGIN_ABI
expect 2 '' 'fails.so: mul failed with 5' "${verify[@]}" --backend ./fails.so --jobs 1
library crash.so odd.c -DABI=PAMKIT_PLUGIN_ABI -DCRASH
expect 2 '' 'crash.so crashed in mul on' "${verify[@]}" --backend ./crash.so --jobs 1

finish
