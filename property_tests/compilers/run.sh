#!/usr/bin/env bash
# Builds the programs that compare digests, and kernels with definitions, with each compiler and level, and runs them:
#
#   property_tests/compilers/run.sh [--work DIR] [COMPILER:LEVEL[:STEP]...]
#
# Without a list those that fit a test run: the far ends, g++ without optimisation and clang++ with. STEP N compares
# every N-th digest, and every N-th case of unoptimised code, which is slow. All there are:
#
#   run.sh g++:-O0:7 g++:-O1 g++:-O3 clang++:-O0:7 clang++:-O1 clang++:-O3 aarch64-linux-gnu-g++:-O2
#
# clang++ also reads the golden model, which these programs do not have in them, without making code.
#
# A compiler for another processor gets its libraries from sysroot.sh, and its program is run by qemu-user.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
work=$root/build/compilers
if [[ ${1:-} == --work ]]; then
  work=$2
  shift 2
fi
(($#)) || set -- g++:-O0:11 clang++:-O2:3 aarch64-linux-gnu-g++:-O2:7

# cross_compiler COMPILER: sets `cmake_options` and `runner` for a compiler of another processor.
cross_compiler() {
  local machine processor architecture sysroot
  machine=$("$1" -dumpmachine)
  processor=${machine%%-*}
  cmake_options=("-DCMAKE_CXX_COMPILER=$1")
  runner=()
  [[ $processor != "$(uname -m)" ]] || return 0
  runner=("qemu-$processor" -L "/usr/$machine" -E "LD_LIBRARY_PATH=$work/sysroot-$processor/root/usr/lib/$machine")
  command -v -- "${runner[0]}" >/dev/null || { echo "NOT RUN: ${runner[0]} is missing"; return 77; }
  architecture=${processor/aarch64/arm64}
  sysroot=$work/sysroot-$processor
  bash "$here/sysroot.sh" "$architecture" "$sysroot" || return
  cmake_options=("-DCMAKE_TOOLCHAIN_FILE=$here/cross.cmake" "-DPAMKIT_CROSS_COMPILER=$1" "-DPAMKIT_SYSROOT=$sysroot")
}

mkdir -p -- "$work"
work=$(cd -- "$work" && pwd)

status=0
missing=0
for configuration in "$@"; do
  IFS=: read -r compiler level step <<<"$configuration"
  command -v -- "$compiler" >/dev/null || { echo "NOT RUN: $compiler is missing"; missing=1; continue; }
  cross_compiler "$compiler" || { missing=1; continue; }
  dir=$work/$compiler$level
  mkdir -p -- "$dir"
  if ! { cmake -S "$root" -B "$dir" -G Ninja "${cmake_options[@]}" -DCMAKE_BUILD_TYPE=None \
    "-DCMAKE_CXX_FLAGS=$level" -DBUILD_TESTING=OFF -DCMAKE_EXPORT_COMPILE_COMMANDS=ON && ninja -C "$dir" pamkit_digest_check pamkit_kernel_check; } >"$dir/log" 2>&1; then
    tail -n 40 -- "$dir/log"
    echo "$compiler $level: could not be built"
    exit 1
  fi
  echo "$compiler $level: $("$compiler" --version | head -n 1)"
  "${runner[@]}" "$dir/bin/pamkit_digest_check" ${step:+"$step"} || status=1
  cases=
  [[ $level != -O0 ]] || cases=$step
  "${runner[@]}" "$dir/bin/pamkit_kernel_check" ${cases:+"$cases"} || status=1
  [[ $compiler != clang* ]] || python3 -B "$here/syntax.py" "$dir" reference || status=1
done
((status)) && exit 1
exit $((missing ? 77 : 0))
