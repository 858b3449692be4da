#!/usr/bin/env bash
# usage: check_test.sh DEVICE-CHECK CHECK.PY DRIVER PAMKIT
set -euo pipefail
program=$1 check=$2 driver=$3 pamkit=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() { echo "FAIL: $*" >&2; exit 1; }
# expect CODE COMMAND...: runs it, its output in out and err.
expect() {
  local wanted=$1 code=0
  shift
  "$@" >out 2>err || code=$?
  [[ $code == "$wanted" ]] || fail "$* ended with $code, not $wanted: $(cat err)"
}

export PAMKIT_CUDA_DRIVER=$folder/none.so
expect 3 python3 -B "$check"
grep -q 'no CUDA driver' err || fail "no reason: $(cat err)"
[[ ! -e gpu.json ]] || fail "a file was written without a GPU"
expect 3 "$program" probes
expect 3 "$pamkit" verify --backend cuda --level quick --quiet
expect 2 python3 -B "$check" --only nothing
expect 2 python3 -B "$check" --out nowhere/gpu.json
expect 2 "$program" probes --pairs 0

export PAMKIT_CUDA_DRIVER=$driver PAMKIT_CUDA_CODE=$folder
expect 3 "$program" probes
grep -q 'no device code' err || fail "no reason: $(cat err)"
mkdir -p cubin/sm_80
echo '*' >cubin/sm_80/all.cubin
expect 0 "$program" probes --pairs 300
grep -q '"operation": "mul"' out || fail "no row of mul"
! grep -q '"fail"' out || fail "a probe differs"
expect 0 "$program" determinism --runs 2
grep -q '"differing_runs": 0' out || fail "runs differ"
expect 0 "$program" bench --repetitions 1 --largest 64
grep -q '"kernel": "pamkit_contraction_pam_fast"' out || fail "no row of class fast"
expect 0 "$pamkit" list backends
grep -q '^cuda  *yes' out || fail "the GPU is not listed: $(cat out)"
expect 0 "$pamkit" verify --backend cuda --property P44 --op softmax --level quick

# The page of the committed results is what the program makes of them.
root=$(cd "$(dirname "$check")/../.." && pwd)
(cd "$root" && python3 -B cuda/device/page.py cuda/device/results/h100.json "$folder/page.md") || fail "no page of the results"
diff "$folder/page.md" "$root/docs/gpu.md" || fail "docs/gpu.md: write it anew with cuda/device/page.py"
echo '{"schema": "pamkit.gpu/1", "steps": [{' >torn.json
expect 2 python3 -B "$root/cuda/device/page.py" torn.json page.md
grep -q 'torn.json' err || fail "the file is not named: $(cat err)"
