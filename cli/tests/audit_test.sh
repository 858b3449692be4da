# audit as a program: the certificate holds for what was compiled here, and a planted refusal ends it with 1.
source "${BASH_SOURCE[0]%/*}/expect.sh"

expect 2 '' "no kind of code 'sas'" "$PAMKIT" audit --kind sas
# A file that is named is there, and is looked at.
for file in nowhere.json . ; do
  expect 2 '' "device-code: $file is no file that can be read" "$PAMKIT" audit --device-code $file
  expect 2 '' "operators: $file is no file that can be read" "$PAMKIT" audit --operators $file
done
touch empty
expect 2 '' 'device-code: it is about ptx and sass, which --kind leaves out' "$PAMKIT" audit --kind x86,operators --device-code empty
expect 2 '' 'operators: it is about operators, which --kind leaves out' "$PAMKIT" audit --kind ptx --operators empty

# What is there: `passed`, or a list of what is refused.
expect 0 '^passed; report/audit.json and audit.html written$' '' "$PAMKIT" audit --kind x86
for word in '"schema": "pamkit.audit/1"' '"spec": "1"' '"environment"' '"operators"' '"not_run"'; do
  grep --quiet -- "$word" report/audit.json || fail "audit.json lacks $word"
done
grep --quiet 'The certificate holds' report/audit.html || fail "audit.html has no verdict"
grep --quiet -E '<script|https?://' report/audit.html && fail "audit.html loads something"

# Device code as cuda/audit writes it.
echo 'a kernel' >'k 1.cu'
made_from="\"made_from\": {\"$PWD/k 1.cu\": \"$(sha256sum 'k 1.cu' | cut -d ' ' -f 1)\"}"
entry() {
  printf "{$made_from,"'"code": [{"unit": "k", "file": "f", "kind": "sass", "architecture": "sm_90", "multiplications": %s,
    "index_multiplications": 1, "instructions": 9, "registers": 32, "spills": 0, "multiplies_by_definition": false, "verdict": "%s"}],
    "refused": [%s]}' "$1" "$2" "$3" >device.json
}
entry 0 'multiplies no data' ''
expect 0 '^sass: 1 kernels, 0 of them multiply data$' '' "$PAMKIT" audit --kind sass --device-code device.json
refusal() { printf '{"kind": "%s", "sentence": "%s"}' "$1" "$2"; }
entry 2 refused "$(refusal sass 'k (sass, sm_90) promises to multiply no data: 2 times, first FMUL')"
expect 1 '^refused: k \(sass, sm_90\) promises' '' "$PAMKIT" audit --kind sass --device-code device.json
grep --quiet 'The certificate does not hold' report/audit.html || fail "audit.html hides a refusal"
expect 1 '"multiplications": 2' '' "$PAMKIT" audit --kind sass --device-code device.json --json -
expect 3 '^passed' '' "$PAMKIT" audit --kind ptx --device-code device.json
# What nvcc is told names no kind of code, and is refused with each, once with both.
for told in 'cuda/x.cubin is compiled with --use_fast_math' 'NVCC_APPEND_FLAGS adds --use_fast_math to what is compiled' \
  'no call of nvcc is on record that makes x'; do
  entry 0 'multiplies no data' "$(refusal nvcc "$told")"
  expect 1 "^refused: $told$" '' "$PAMKIT" audit --kind sass --device-code device.json
  expect 1 "^refused: $told$" '' "$PAMKIT" audit --kind ptx --device-code device.json
  expect 1 '^1 refused; ' '' "$PAMKIT" audit --kind ptx,sass --device-code device.json
  expect 1 "^refused: $told$" '' "$PAMKIT" audit --device-code device.json --quiet
done
grep --quiet 'The certificate does not hold' report/audit.html || fail "audit.html hides what nvcc was told"
echo "{$made_from, \"code\": [], \"refused\": []}" >device.json
expect 3 '^not run: sass' '' "$PAMKIT" audit --kind sass --device-code device.json
for text in 'no json' 7 '{}' '{"code": {}, "refused": []}' '{"code": [7], "refused": []}' '{"code": [], "refused": [7]}' \
  '{"code": [], "refused": ["a sentence"]}' '{"code": [], "refused": [{"sentence": "without a kind"}]}' \
  '{"code": [{"unit": "k", "kind": "sass", "architecture": "sm_90", "multiplications": 0}], "refused": []}'; do
  [[ $text != '{"'* ]] || text="{$made_from, ${text#\{}"
  echo "$text" >device.json
  expect 2 '' '^pamkit audit: device.json: (not JSON|is not what cuda/audit writes)' \
    "$PAMKIT" audit --kind sass --device-code device.json
done

# What was made from other sources is no certificate about these, nor is what does not say.
entry 0 'multiplies no data' ''
for text in '"made_from": {}' '"made_from": 7' '"made_from": {"k 1.cu": 7}' '"by": "hand"'; do
  sed "s|\"made_from\": {[^}]*}|$text|" device.json >other.json
  expect 2 '' '^pamkit audit: other.json: is not what cuda/audit writes' "$PAMKIT" audit --kind sass --device-code other.json
done
echo 'another kernel' >'k 1.cu'
expect 2 '' "^pamkit audit: device.json: made from another $PWD/k 1.cu; ./pamkit audit makes it anew$" \
  "$PAMKIT" audit --kind ptx,sass --device-code device.json
rm 'k 1.cu'
expect 2 '' 'made from another' "$PAMKIT" audit --device-code device.json
echo 'a kernel' >'k 1.cu'
expect 0 '^passed' '' "$PAMKIT" audit --kind sass --device-code device.json

# A page of somebody else's stays.
mkdir mine && echo '<p>my own page</p>' >mine/audit.html
expect 2 '' 'mine/audit.html exists and was not written by pamkit' "$PAMKIT" audit --kind x86 --out mine
[[ $(cat mine/audit.html) == '<p>my own page</p>' ]] || fail "mine/audit.html was replaced"
expect 0 'mine/audit.json and audit.html written' '' "$PAMKIT" audit --kind x86 --out mine --force
expect 0 'mine/audit.json and audit.html written' '' "$PAMKIT" audit --kind x86 --out mine

# Operators of training steps as pamkit-train writes them, with what this program says of itself.
environment=$(sed -n '/"environment": {/,/}/p' report/audit.json)
steps() {
  printf '{"schema": "pamkit.operators/1", "spec": "1", %s "scopes": ["norm", "all"], "steps": [' "$environment"
  printf '{"recipe": "r", "arithmetic": "exact", "scope": "norm", "derivative": "approx",
    "multiplies_by_definition": "ordinary", "operators": [%s], "not_counted": []},' "$(row aten::mm 9 '"norm"')"
  printf '{"recipe": "r", "arithmetic": "pam", "scope": "norm", "derivative": "approx",
    "multiplies_by_definition": null, "operators": [%s], "not_counted": [%s]},' "$1" "$2"
  printf '{"recipe": "r", "arithmetic": "pam", "scope": "all", "derivative": "approx",
    "multiplies_by_definition": null, "operators": [%s], "not_counted": []}]}' "$3"
}
row() {
  printf '{"operator": "%s", "place": "forward", "arithmetic": "exact", "calls": 3, "terms": 0, "additions": 0,
    "multiplications": %s, "quotients": 0, "reason": "a reason", "replaced_by": %s}' "$1" "$2" "$3"
}
audit_steps() { expect "$1" "$2" "$3" "$PAMKIT" audit --kind operators --operators steps.json; }

steps "$(row aten::mul 7 '"all"')" '' '' >steps.json
audit_steps 0 '^operators: pam\+norm: 7 multiplications and 0 quotients left in one step of each of 1 recipes$' ''
audit_steps 0 '^operators: pam\+all: 0 multiplications and 0 quotients left in one step of each of 1 recipes$' ''
tr -d '\n ' <report/audit.json | grep --quiet -- \
  '"operators":\[.*{"scope":"norm","operator":"aten::mul","place":"forward","multiplications":7[.0]*,"reason":"areason"' ||
  fail "an operator of audit.json has not the fields of pamkit.audit/1: $(cat report/audit.json)"
grep --quiet '"reason": "a reason"' report/audit.json || fail "audit.json does not say why something is left"
grep --quiet '<td data-label="reason">a reason</td>' report/audit.html || fail "audit.html does not say why something is left"
steps '' '' "$(row aten::mul 7 '"all"')" >steps.json
audit_steps 1 '^refused: r, pam\+all: aten::mul \(forward, 3 times\) has 7 multiplications' ''
grep --quiet 'The certificate does not hold' report/audit.html || fail "audit.html hides a refused operator"
steps '' '"aten::erfinv"' '' >steps.json
audit_steps 1 '^refused: r, pam\+norm: aten::erfinv runs, and what it multiplies is not known$' ''
steps "$(row aten::_softmax 7 '"norm"')" '' '' >steps.json
audit_steps 1 '^refused: r, pam\+norm: aten::_softmax' ''

steps '' '' '' >steps.json
audit_steps 0 '^passed' ''
expect 0 '^passed' '' "$PAMKIT" audit --operators steps.json --device-code device.json
sed 's/"commit": "/&another/' steps.json >other.json && mv other.json steps.json
audit_steps 2 '' 'steps.json: made by version .*commit another.*/pamkit audit makes it anew'
steps '' '' '' | head --bytes=-9 >steps.json
audit_steps 2 '' 'steps.json: not JSON'
steps '' '' '' | sed 's/"not_counted"/"counted"/' >steps.json
audit_steps 2 '' 'steps.json: is not whole: .*not_counted'

finish
