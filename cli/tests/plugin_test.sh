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
#include <stdlib.h>
static int defines(const char* o, const char* a) { return o[0] == 'm' && o[1] == 'u' && o[3] == 0 && a[0] == 'p'; }
static int deeper(volatile int* above, int depth) {
  volatile int here[256];
  here[0] = *above + depth;
  return deeper(here, depth + 1) + here[0];
}
static int compute(const pamkit_plugin_rules* r, const uint32_t* a, const uint32_t* b, uint32_t* out, size_t n) {
  (void)r; (void)a; (void)b; (void)n; (void)out; (void)deeper; (void)exit;
  COMPUTE;
  return 5;
}
#ifdef LOAD
__attribute__((constructor)) static void load(void) { LOAD; }
#endif
const pamkit_implementation* pamkit_plugin(void) {
  static const pamkit_implementation self = {ABI, "odd", defines, compute, 0};
  ENTER;
  return &self;
}
EOC
# odd NAME FLAG...: a library that does in a call, when it is loaded or asked for itself what the flags say.
odd() {
  local name=$1 macro
  shift
  local flags=(-Wno-infinite-recursion)
  for macro in ABI=PAMKIT_PLUGIN_ABI COMPUTE= ENTER=; do
    [[ " $*" == *" -D${macro%=*}="* ]] || flags+=("-D$macro")
  done
  library "$name" odd.c "${flags[@]}" "$@"
}
odd abi.so -DABI=99u
expect 2 '' 'abi.so is built for interface 99; build it again' "${verify[@]}" --backend ./abi.so
odd fails.so
expect 2 '' 'fails.so: mul on .* operands failed with 5' "${verify[@]}" --backend ./fails.so --jobs 1
odd crash.so '-DCOMPUTE=*(volatile int*)0 = 1'
expect 2 '' 'crash.so crashed in mul on' "${verify[@]}" --backend ./crash.so --jobs 1
odd deep.so '-DCOMPUTE=return deeper(&(int){0}, 0)'
expect 2 '' 'deep.so crashed in mul on' "${verify[@]}" --backend ./deep.so --jobs 1
odd aborts.so -DENTER='abort()'
expect 2 '' 'aborts.so crashed in pamkit_plugin;' "${verify[@]}" --backend ./aborts.so
odd null.so -DENTER='return 0'
expect 2 '' 'null.so: pamkit_plugin returned null' "${verify[@]}" --backend ./null.so
odd wild.so -DENTER='return (const pamkit_implementation*)(uintptr_t)12345'
expect 2 '' 'wild.so crashed in a look at what pamkit_plugin returned' "${verify[@]}" --backend ./wild.so
odd load-crash.so -DLOAD='abort()'
expect 2 '' 'load-crash.so crashed in what it does when it is loaded' "${verify[@]}" --backend ./load-crash.so

# An exit is no end of a run in which all is well.
odd exits.so -DCOMPUTE='exit(0)'
expect 2 '' 'exits.so ended the program in mul on .* does not call exit' "${verify[@]}" --backend ./exits.so
expect 2 '*' 'exits.so ended the program in mul on binary32' "$PAMKIT" explain mul 1.5 1.5 --backend ./exits.so
odd quick.so -DCOMPUTE='void quick_exit(int); quick_exit(0)'
expect 2 '' 'quick.so ended the program in mul on' "${verify[@]}" --backend ./quick.so
odd enter-exit.so -DENTER='exit(0)'
expect 2 '' 'enter-exit.so ended the program in pamkit_plugin' "${verify[@]}" --backend ./enter-exit.so
odd load-exit.so -DLOAD='exit(0)'
expect 2 '' 'load-exit.so ended the program in what it does when it is loaded' "${verify[@]}" --backend ./load-exit.so

finish
