# audit as a program: the certificate holds for what was compiled here, and a planted refusal ends it with 1.
source "${BASH_SOURCE[0]%/*}/expect.sh"

expect 2 '' "no kind of code 'sas'" "$PAMKIT" audit --kind sas
expect 3 '^not run: sass' '' "$PAMKIT" audit --kind sass --device-code nowhere.json
expect 3 '^not run: ptx' '' "$PAMKIT" audit --kind ptx --device-code nowhere.json

# What is there: `passed`, or a list of what is refused.
expect 0 '^passed; report/audit.json and audit.html written$' '' "$PAMKIT" audit
for word in '"schema": "pamkit.audit/1"' '"spec": "1"' '"environment"' '"operators"' '"not_run"'; do
  grep --quiet -- "$word" report/audit.json || fail "audit.json lacks $word"
done
grep --quiet 'The certificate holds' report/audit.html || fail "audit.html has no verdict"
grep --quiet -E '<script|https?://' report/audit.html && fail "audit.html loads something"

# Device code as cuda/audit writes it.
entry() {
  printf '{"code": [{"unit": "k", "file": "f", "kind": "sass", "architecture": "sm_90", "multiplications": %s,
    "index_multiplications": 1, "instructions": 9, "registers": 32, "spills": 0, "multiplies_by_definition": false, "verdict": "%s"}],
    "refused": [%s]}' "$1" "$2" "$3" >device.json
}
entry 0 'multiplies no data' ''
expect 0 '^sass: 1 kernels, 0 of them multiply data$' '' "$PAMKIT" audit --kind sass --device-code device.json
entry 2 refused '"k (sass, sm_90) promises to multiply no data: 2 times, first FMUL"'
expect 1 '^refused: k \(sass, sm_90\) promises' '' "$PAMKIT" audit --kind sass --device-code device.json
grep --quiet 'The certificate does not hold' report/audit.html || fail "audit.html hides a refusal"
expect 1 '"multiplications": 2' '' "$PAMKIT" audit --kind sass --device-code device.json --json -
echo 'no json' >device.json
expect 2 '' 'device.json' "$PAMKIT" audit --kind sass --device-code device.json

finish
