# verify as a program: its files, exit codes, replay and interruption. What it verifies is tested elsewhere.
source "${BASH_SOURCE[0]%/*}/expect.sh"
small=(--format e5m2 --arithmetic pam --op mul --property P1,P3,P4 --policy flush --overflow infinity)

expect 0 '^[0-9]+ passed, 0 failed, [0-9]+ not promised, [0-9]+ not run; report/verify.json written$' '' \
  "$PAMKIT" verify "${small[@]}" --junit out/verify.xml --json copy.json
for word in '"schema": *"pamkit.verify/1"' '"spec": *"1"' '"environment"' '"results"' '"status": *"pass"'; do
  grep --quiet -- "$word" report/verify.json || fail "verify.json lacks $word"
done
grep --quiet '<testsuite' out/verify.xml || fail "no JUnit"
[[ -s copy.json ]] || fail "no copy by --json"
expect 0 '^\{' '' "$PAMKIT" verify "${small[@]}" --json -
expect 0 '^[0-9]+ passed' '' "$PAMKIT" verify "${small[@]}" --quiet
(($(wc -l <stdout) == 1)) || fail "--quiet prints more than the closing line"

# A backend that is not here: 3, and the others run. Where the machine lacks what it needs, the driver says what.
PAMKIT_CUDA_DRIVER=$work/none.so expect 3 '^[1-9][0-9]* passed, 0 failed' \
  "cuda is not here: it needs the CUDA part of pamkit and a GPU; no CUDA driver: .*$work/none.so" \
  "$PAMKIT" verify "${small[@]}" --backend scalar,cuda
expect 3 '^[1-9][0-9]* passed, 0 failed' 'cuda is not here' "$PAMKIT" verify "${small[@]}" --backend scalar,cuda
grep --quiet '"not-run"' report/verify.json || fail "the missing backend is not in verify.json"
expect 3 '^0 passed, 0 failed, 0 not promised, 1 not run' 'torch is not here' "$PAMKIT" verify "${small[@]}" --backend torch
# 2 before 3.
expect 2 '' '*' "$PAMKIT" verify --backend cuda --op mull

# Where nothing is judged nothing is verified.
for rules in '--arithmetic exact --op mul' '--op exp' '--op mul --format e4m3' '--op mul --policy gradual'; do
  read -ra words <<<"$rules"
  expect 2 '' 'nothing to verify' "$PAMKIT" verify --profile paper "${words[@]}" --out none
done
expect 2 '' 'nothing to verify: no statement could be run \(1 of them\): .' \
  "$PAMKIT" verify --profile paper --arithmetic exact --op mul --out none
[[ ! -e none ]] || fail "verify wrote files about nothing"

# One case again.
expect 0 'holds' '' "$PAMKIT" verify --property P4 --format bfloat16 --replay 3FC0,3FC0,4040 --backend scalar
expect 2 '' 'is no bfloat16 encoding' "$PAMKIT" verify --property P4 --format bfloat16 --replay 3FC00000,3FC0,4040
expect 2 '' '*' "$PAMKIT" verify --property P4 --format bfloat16 --replay 3FC0 --backend scalar

# One statement of several, by its key; sums speak of operands widened to binary32.
expect 0 'P45.padding: .*' '' "$PAMKIT" verify --property P45.padding --op matmul --shape 1x1x1x2 \
  --format bfloat16 --replay 3F800000,40000000,40400000,3FC00000 --backend scalar
expect 0 'holds' '' "$PAMKIT" verify --property P46.order --op sum --replay 3F800000,5D800000,DD800000 --backend scalar
expect 0 'outside of the property' '' "$PAMKIT" verify --property P36.near --format e4m3 --replay 3C --backend scalar
expect 2 '' "no property 'P45.paddin'" "$PAMKIT" verify --property P45.paddin

# Why nothing is run: what holds of most that was asked for, and not what its first arithmetic lacks.
expect 2 '' 'no statement could be run \([0-9]+ of them\): it is about binary32$' \
  "$PAMKIT" verify --property P36 --format bfloat16 --backend scalar

# What would change nothing, or judge nothing, is refused.
replay=(verify --property P4 --format bfloat16 --replay 3FC0,3FC0,4040 --backend scalar)
for option in '--level quick' '--seed 1' '--count 1' '--jobs 1' '--errors 1' '--shard 1/1' '--out x' '--json x' '--junit x' \
  --fresh --quiet --force; do
  read -ra words <<<"$option"
  expect 2 '' "verify: ${words[0]}: --replay judges one case and writes no file; leave it out" "$PAMKIT" "${replay[@]}" "${words[@]}"
done
expect 2 '' "no property 'P4' of an operation 'exp'" "$PAMKIT" "${replay[@]}" --op exp
expect 2 '' "no property 'P4'.* with this --derivative and --shape" "$PAMKIT" "${replay[@]}" --derivative exact
expect 2 '' "no property 'P4'.* with this --derivative and --shape" "$PAMKIT" "${replay[@]}" --shape 1x1x1x2
for option in '--derivative exact' '--shape 1x1x1x2'; do
  read -ra words <<<"$option"
  expect 2 '' "no property 'P1'" "$PAMKIT" verify --op mul --replay 3FC00000,3FC00000 "${words[@]}"
done
for option in '--op bmm' '--op matmul --derivative exact'; do
  read -ra words <<<"$option"
  expect 2 '' "no property 'P45.padding'" "$PAMKIT" verify --property P45.padding "${words[@]}" --shape 1x1x1x2 \
    --replay 3F800000,40000000,40400000,3FC00000 --backend scalar
done
expect 2 '' '--derivative: .*--replay' "$PAMKIT" verify --property P1 --derivative exact
expect 2 '' '--shape: .*--replay' "$PAMKIT" verify --property P1 --shape 1x1x1x2
expect 2 '' '--fresh: .*--level exhaustive' "$PAMKIT" verify --property P1 --fresh
expect 2 '' '--fresh: .*--level exhaustive' "$PAMKIT" verify --property P1 --fresh --level standard
[[ ! -e report/verify.journal ]] || fail "a refused run left a journal"

# Interrupted: 130, and no file.
rm -rf report
"$PAMKIT" verify --level standard >stdout 2>stderr &
job=$!
sleep 1
kill -INT "$job"
wait "$job"
code=$?
[[ $code == 130 ]] || fail "verify ended with $code after SIGINT"
[[ ! -e report ]] || fail "verify wrote files after SIGINT: $(ls report)"
(($(wc -l <stderr) == 1)) || fail "verify said after SIGINT: $(head -c 300 stderr)"

finish
