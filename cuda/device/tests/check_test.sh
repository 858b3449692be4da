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

export PAMKIT_CUDA_DRIVER=$driver PAMKIT_CUDA_CODE=$folder PAMKIT_LATE_STREAMS=1
expect 3 "$program" probes
grep -q 'no device code' err || fail "no reason: $(cat err)"
mkdir -p cubin/sm_80
echo '*' >cubin/sm_80/all.cubin
expect 0 "$program" probes --pairs 300
grep -q '"operation": "mul"' out || fail "no row of mul"
! grep -q '"fail"' out || fail "a probe differs"
grep -q '"gradual, saturate"' out || fail "not under every policy: $(head -30 out)"
expect 0 "$program" determinism --runs 2
grep -q '"differing_runs": 0' out || fail "runs differ"
grep -q '"streams": 2' out || fail "on one stream: $(cat out)"
grep -q '"kernels_not_launched": \[\]' out || fail "not every kernel: $(cat out)"
for kernel in pamkit_contraction_pam_slopes pamkit_conv2d_adder pamkit_softmax_pam pamkit_column_block_sums; do
  grep -q "\"$kernel[a-z_]*\": [0-9]*" out || fail "$kernel is not listed: $(cat out)"
done
expect 1 "$program" determinism --runs 2 --leave-out pamkit_adamw_step_pam
grep -A1 '"kernels_not_launched"' out | grep -q pamkit_adamw_step_pam || fail "a kernel that is not launched is not named: $(cat out)"
expect 0 "$program" bench --repetitions 1 --largest 64
grep -q '"kernel": "pamkit_contraction_pam_fast"' out || fail "no row of class fast"
expect 0 "$pamkit" list backends
grep -q '^cuda  *yes' out || fail "the GPU is not listed: $(cat out)"
expect 0 "$pamkit" verify --backend cuda --property P44 --op softmax --level quick

# Sources that were never built: each step fails with its reason, and what cannot be run is no pass.
mkdir -p tree/cuda/device taken
cp "$check" tree/cuda/device/
# says FILE STEP KEY PATTERN: what the file has of a step.
says() {
  python3 -B - "$@" <<'EOF' || fail "$2 of $1: $3 is not '$4': $(cat "$1")"
import json, re, sys
path, name, key, pattern = sys.argv[1:]
step = next(s for s in json.load(open(path))["steps"] if s["step"] == name)
sys.exit(re.search(pattern, str(step[key])) is None)
EOF
}
expect 1 python3 -B tree/cuda/device/check.py --only bench
! grep -q Traceback err || fail "a traceback: $(cat err)"
says gpu.json bench status fail
says gpu.json bench reason 'pamkit-device-check: No such file'
says gpu.json bench command 'check.py.*--only.*bench'
expect 1 python3 -B tree/cuda/device/check.py --only build,probes --out build.json
says build.json build status fail
says build.json probes status not-run
expect 3 python3 -B "$check" --only operators --python false --out operators.json
says operators.json operators status not-run
says operators.json operators commit '^[0-9a-f]{40}|^$'
grep -q 'operators not-run: .*no torch' out || fail "the last line does not say what was not run: $(cat out)"
expect 2 python3 -B "$check" --only operators --python false --out taken
[[ $(wc -l <err) == 1 && ! -e taken.part ]] || fail "a folder as --out: $(ls; cat err)"

# The page of the committed results is what the program makes of them.
root=$(cd "$(dirname "$check")/../.." && pwd)
(cd "$root" && python3 -B cuda/device/page.py cuda/device/results/h100.json "$folder/page.md") || fail "no page of the results"
diff "$folder/page.md" "$root/docs/gpu.md" || fail "docs/gpu.md: write it anew with cuda/device/page.py"
# Of steps that failed the page has the reason.
expect 0 python3 -B "$root/cuda/device/page.py" gpu.json page.md
grep -q '| bench | fail: .*No such file' page.md || fail "no reason on the page: $(cat page.md)"
# Measured 0.5 of the baseline where the model says 30 of 120 terms.
cat >audit.json <<'EOF'
{"code": [{"unit": "a", "architecture": "sm_90", "predicted_terms_per_clock": 30.0}, {"unit": "ptx", "architecture": "sm_90"},
          {"unit": "b", "architecture": "sm_90", "predicted_terms_per_clock": 120.0, "is_baseline": true},
          {"unit": "b", "architecture": "sm_80", "predicted_terms_per_clock": 60.0, "is_baseline": true}]}
EOF
cat >measured.json <<'EOF'
{"schema": "pamkit.gpu/1", "device": "x", "steps": [{"step": "bench", "status": "pass", "seconds": 1, "device": {"architecture": "sm_90"},
 "bench": {"repetitions": 1, "rows": [{"size": 1, "kernel": "a", "milliseconds": 1, "speed_over_baseline_contraction_fused": 0.5}]}}]}
EOF
expect 0 python3 -B "$root/cuda/device/predictions.py" audit.json predictions.json
expect 0 python3 -B "$root/cuda/device/page.py" measured.json page.md predictions.json
grep -q '`a`.* 0.50 | 0.25 | 2.00 |' page.md || fail "not the prediction: $(cat page.md)"
sed -i 's/, "is_baseline": true//' audit.json
expect 2 python3 -B "$root/cuda/device/predictions.py" audit.json none.json
grep -q '0 baselines' err || fail "no reason: $(cat err)"
echo '{"schema": "pamkit.gpu/1", "steps": [{' >torn.json
expect 2 python3 -B "$root/cuda/device/page.py" torn.json page.md
grep -q 'torn.json' err || fail "the file is not named: $(cat err)"
