#!/usr/bin/env bash
# Verifies pam_mul.v, simulated with Verilator, through the pipe:
#
#   examples/verilog/run.sh [FORMAT...]      (default: e4m3 e5m2 bfloat16 binary32)
#
# every pair of the 8-bit formats, level standard of the others. BUG=1 builds the unit with a planted fault,
# which check has to reject; COUNT=N gives the wider formats N cases. Exit codes are those of pamkit check.
# PAMKIT names the program where it is not ./pamkit.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
pamkit=${PAMKIT:-$here/../../pamkit}
command -v verilator >/dev/null || { echo "run.sh: verilator is missing: apt-get install verilator" >&2; exit 3; }
command -v ccache >/dev/null && export OBJCACHE=ccache  # the run-time library is the same for every format
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# Exponent bits, fraction bits, whether there is an infinity, hexadecimal digits.
declare -A shape=(
  [e4m3]="4 3 0 2" [e5m2]="5 2 1 2" [bfloat16]="8 7 1 4" [binary16]="5 10 1 4" [binary32]="8 23 1 8"
)
(($#)) || set -- e4m3 e5m2 bfloat16 binary32
status=0
for format in "$@"; do
  [[ -n ${shape[$format]:-} ]] || { echo "run.sh: no format '$format'; there are ${!shape[*]}" >&2; exit 2; }
  read -r exponent fraction infinity digits <<<"${shape[$format]}"
  verilator --cc --exe --build -O3 --Mdir "$work/$format" -o unit "$here/pam_mul.v" "$here/testbench.cpp" \
    "-GEXPONENT=$exponent" "-GFRACTION=$fraction" "-GHAS_INFINITY=$infinity" \
    -CFLAGS "-O2 -DDIGITS=$digits" ${BUG:+-DPLANTED_BUG} >"$work/$format.log" 2>&1 ||
    { cat "$work/$format.log" >&2; echo "run.sh: verilator could not build pam_mul for $format" >&2; exit 2; }
  echo "pam_mul for $format:"
  "$pamkit" vectors mul --format "$format" --level standard ${COUNT:+--count "$COUNT"} --operands-only |
    "$work/$format/unit" |
    "$pamkit" check mul --format "$format" --errors 3 || status=$?
done
exit "$status"
