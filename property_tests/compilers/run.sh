#!/usr/bin/env bash
# Builds the digest program with each compiler and level, and runs it:
#
#   property_tests/compilers/run.sh [--work DIR] [COMPILER:LEVEL[:STEP]...]
#
# Without a list those that fit a test run: the far ends, g++ without optimisation and clang++ with. STEP N compares
# every N-th digest; unoptimised code is slow. All there are:
#
#   run.sh g++:-O0:7 g++:-O1 g++:-O3 clang++:-O0:7 clang++:-O1 clang++:-O3
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
work=$root/build/compilers
if [[ ${1:-} == --work ]]; then
  work=$2
  shift 2
fi
(($#)) || set -- g++:-O0:11 clang++:-O2:3

status=0
missing=0
for configuration in "$@"; do
  IFS=: read -r compiler level step <<<"$configuration"
  command -v -- "$compiler" >/dev/null || { echo "NOT RUN: $compiler is missing"; missing=1; continue; }
  dir=$work/$compiler$level
  mkdir -p -- "$dir"
  if ! { cmake -S "$root" -B "$dir" -G Ninja "-DCMAKE_CXX_COMPILER=$compiler" -DCMAKE_BUILD_TYPE=None \
    "-DCMAKE_CXX_FLAGS=$level" -DBUILD_TESTING=OFF && ninja -C "$dir" pamkit_digest_check; } >"$dir/log" 2>&1; then
    tail -n 40 -- "$dir/log"
    echo "$compiler $level: could not be built"
    exit 1
  fi
  echo "$compiler $level: $("$compiler" --version | head -n 1)"
  "$dir/bin/pamkit_digest_check" ${step:+"$step"} || status=1
done
((status)) && exit 1
exit $((missing ? 77 : 0))
