# Profile paper on the command line: what it covers, and that nothing else is silently the default.
source "${BASH_SOURCE[0]%/*}/expect.sh"
paper=(--profile paper)

for operation in mul div mul_da div_da div_db; do
  for arithmetic in pam pam:1.0552; do
    "$PAMKIT" vectors "$operation" "${paper[@]}" --arithmetic "$arithmetic" >vectors.txt || fail "vectors $operation"
    expect 0 ' lines, 0 wrong$' '' "$PAMKIT" check "$operation" "${paper[@]}" --arithmetic "$arithmetic" vectors.txt
    expect 1 ', [0-9]+ wrong$' '' "$PAMKIT" check "$operation" --arithmetic "$arithmetic" --errors 0 vectors.txt
  done
done
# A replay command names the profile.
printf '%s\n' '80000000 3F800000 80000000' >vectors.txt
expect 1 'expected 00000000, .*--profile paper$' '' "$PAMKIT" check mul "${paper[@]}" vectors.txt
replay=$(sed -n 's/.*replay: .\/pamkit //p' stdout)
# shellcheck disable=SC2086
expect 1 'wrong by 0 ulp, the other zero' '' "$PAMKIT" $replay

expect 0 'profile paper, where no policy acts' '' "$PAMKIT" explain mul 00000001 71800000 "${paper[@]}"
for line in 'a . b - ONE . compensation modulo 2.32.*0x32000001' 'golden model +32000001' 'scalar +32000001 .*right' 'simd +not defined'; do
  grep --extended-regexp --quiet "$line" stdout || fail "explain lacks '$line'"
done
expect 0 '"profile": "paper"' '' "$PAMKIT" explain div 3F800000 C0400000 "${paper[@]}" --json -
expect 0 'profile paper' '' "$PAMKIT" list arithmetics
expect 0 '"profiles"' '' "$PAMKIT" list arithmetics --json

# What is not covered is refused by name.
expect 2 '' 'OP: exp2 is not defined under profile paper; defined are div, div_da, div_db, mul, mul_da' "$PAMKIT" vectors exp2 "${paper[@]}"
expect 2 '' 'format bfloat16 is not defined under profile paper' "$PAMKIT" vectors mul --format bfloat16 "${paper[@]}"
expect 2 '' 'arithmetic exact is not defined under profile paper' "$PAMKIT" vectors mul --arithmetic exact "${paper[@]}"
expect 2 '' 'policy gradual, infinity is not defined under profile paper' "$PAMKIT" vectors mul --policy gradual "${paper[@]}"
expect 2 '' 'policy flush, saturate is not defined under profile paper' "$PAMKIT" check mul --overflow saturate "${paper[@]}"
expect 2 '' "no arithmetic 'pam@paper'" "$PAMKIT" vectors mul --arithmetic pam@paper

# verify: its own rows, in the same run as the default's and alone.
rows() { grep --count --extended-regexp "$1" report/verify.json; }
expect 0 ', 0 failed' '' "$PAMKIT" verify --op mul --property P1 --format binary32,bfloat16 --arithmetic pam --count 3000
(($(rows '"profile": *"paper".*"backend": *"scalar".*"status": *"pass"') == 1)) || fail "no row of profile paper passed"
(($(rows '"profile": *"default".*"status": *"pass"') > 1)) || fail "no row of the default profile passed"
expect 0 ', 0 failed' '' "$PAMKIT" verify --profile paper --arithmetic pam,exact
(($(rows '"profile": *"default"') == 0)) || fail "--profile paper has rows of the default"
(($(rows '"property": *"P1".*"backend": *"scalar".*"status": *"pass"') == 5)) || fail "not five operations passed"
for what in 'backend simd: mul is not defined' 'exp2 is not defined' 'softmax is not defined' 'e4m3 is not defined' 'exact is not defined'; do
  grep --quiet "$what under profile paper" report/verify.json || fail "verify.json does not say: $what"
done
expect 2 '' 'nothing to verify: .*no policy is defined under profile paper' "$PAMKIT" verify --profile paper --policy gradual --op mul \
  --format binary32 --arithmetic pam --quiet
expect 0 '"status": *"pass"' '' "$PAMKIT" verify --profile default --op mul --property P1 --format e4m3 --json -
grep --quiet '"paper"' stdout && fail "--profile default has rows of paper"
expect 0 'holds' '' "$PAMKIT" verify --property P1 --op div_db --profile paper --replay 3F800000,C0400000 --backend scalar
expect 0 'backend simd has no mul under profile paper; not run' '' "$PAMKIT" verify --property P1 --op mul --profile paper --replay 3FC00000,3FC00000
grep --quiet 'holds' stdout || fail "no backend replayed a case of profile paper"
# A replay that judges nothing has not passed.
expect 2 '*' '--backend: .*nothing was judged' "$PAMKIT" verify --property P1 --op mul --profile paper --replay 3FC00000,3FC00000 --backend simd
expect 2 '' '--op: ' "$PAMKIT" verify --format bfloat16 --replay 3FC0,3FC0

finish
