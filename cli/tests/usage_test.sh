# Options: what is refused, with which exit code, and that one line says what would be right.
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
source "$here/expect.sh"

expect 0 '^pamkit [0-9]+\.[0-9]+\.[0-9]+$' '' "$PAMKIT" --version
expect 0 'verify' '' "$PAMKIT" --help
for command in verify vectors check digest identify explain list report compare; do
  expect 0 'Examples:' '' "$PAMKIT" "$command" --help
  expect 0 'Exit codes:' '' "$PAMKIT" "$command" --help
  expect 0 "^  130  interrupted" '' "$PAMKIT" "$command" --help
done

# The script at the root tells about its tests without building them.
expect 0 'usage: ./pamkit test .CTEST-OPTION' '' timeout 60 "$here/../../pamkit" test --help

expect 2 '' 'no command; there are audit, check' "$PAMKIT"
expect 2 '' "no command 'verfy'.*did you mean 'verify'" "$PAMKIT" verfy
expect 2 '' "no option '--formt'; did you mean '--format'" "$PAMKIT" vectors mul --formt binary32
expect 2 '' "unexpected argument 'x'" "$PAMKIT" check mul file x
expect 2 '' "pamkit: no option '--nope'; see 'pamkit --help'" "$PAMKIT" --nope
expect 2 '' "pamkit: no option '--versoin'; did you mean '--version'" "$PAMKIT" --versoin
expect 2 '' "verify: --out: given twice; one value is needed; see 'pamkit verify --help'" "$PAMKIT" verify --out a --out b
expect 2 '' "verify: --out: given 3 times; one value is needed" "$PAMKIT" verify --out a --out b --out c
expect 2 '' "verify: --out: DIR is missing; see 'pamkit verify --help'" "$PAMKIT" verify --out
expect 2 '' 'verify: --quiet: it takes no such value' "$PAMKIT" verify --quiet=x
expect 2 '' 'explain: A is required' "$PAMKIT" explain mul
expect 0 '^Usage: pamkit explain \[OPTIONS\] OP A \[B\]$' '' "$PAMKIT" explain --help

# A terminal obeys nothing of a name that is told again.
expect 2 '' 'check: a\\x1b\[31mb: No such file' "$PAMKIT" check mul $'a\e[31mb'
grep --quiet $'\e' stderr && fail "a control character of an argument was told as it is"
expect 2 '' 'check: größe: No such file' "$PAMKIT" check mul größe

expect 2 '' "OP: no operation 'mull'; there are .*mul.*did you mean 'mul'" "$PAMKIT" vectors mull
expect 2 '' 'OP: div is not defined for arithmetic l_mul; defined are mul' "$PAMKIT" vectors div --arithmetic l_mul
expect 2 '' "no format 'binary33'.*did you mean 'binary32'" "$PAMKIT" vectors mul --format binary33
for n in 0 24 07 1x -1 ''; do
  expect 2 '' 'binary32mN takes N from 1 to 23' "$PAMKIT" vectors mul --format "binary32m$n"
done
expect 2 '' "no format 'BFLOAT16'.*did you mean 'bfloat16'" "$PAMKIT" vectors mul --format BFLOAT16
expect 2 '' "no arithmetic 'pm'.*did you mean 'pam'" "$PAMKIT" vectors mul --arithmetic pm
for alpha in 2 0.9 1,5 1.x ''; do
  expect 2 '' 'arithmetic' "$PAMKIT" vectors mul --arithmetic "pam:$alpha"
done
expect 2 '' 'l_mul takes no factor' "$PAMKIT" vectors mul --arithmetic l_mul:1.5
expect 2 '' "no policy 'flash'; there are flush, gradual; did you mean 'flush'" "$PAMKIT" vectors mul --policy flash
expect 2 '' "no overflow policy 'wrap'; there are infinity, saturate" "$PAMKIT" vectors mul --overflow wrap
expect 2 '' "no profile 'papr'; there are default, paper; did you mean 'paper'" "$PAMKIT" vectors mul --profile papr
expect 2 '' "no profile 'papr'.*did you mean 'paper'" "$PAMKIT" verify --profile papr
expect 2 '' "no level 'qick'.*did you mean 'quick'" "$PAMKIT" vectors mul --level qick
expect 2 '' 'one value is needed' "$PAMKIT" vectors mul --format binary32,bfloat16
expect 2 '' "'-5' is not a whole number" "$PAMKIT" vectors mul --count=-5
expect 2 '' "'0' is not a whole number from 1" "$PAMKIT" vectors mul --count 0
expect 2 '' "'99999999999999999999' is not a whole number" "$PAMKIT" vectors mul --seed 99999999999999999999
# Lists: an empty item is refused, and shown as it was typed.
for option in --op --property --format --arithmetic --policy --overflow --profile --backend --replay; do
  for list in P3, ,P3 P3,,P4 , ''; do
    expect 2 '' "$option: empty item in '$list'; write NAME or NAME,NAME" "$PAMKIT" verify "$option" "$list"
  done
done
expect 2 '' "--op: empty item in ''" "$PAMKIT" verify --op mul --op ''
expect 2 '' "--op: empty item in 'mul,'" "$PAMKIT" verify --op exp2 --op mul,
expect 2 '' "--property: empty item in 'P3,'" "$PAMKIT" prove --property P3,
expect 2 '' "--format: empty item in 'e4m3,,e5m2'" "$PAMKIT" prove --format e4m3,,e5m2
expect 2 '' "--kind: empty item in 'x86,'" "$PAMKIT" audit --kind x86,
expect 0 'P3_commutes +e5m2' '' "$PAMKIT" prove --list --property P2 --property P3,P4 --format e5m2
expect 2 '' "no backend 'simt'.*did you mean 'simd'" "$PAMKIT" verify --backend simt
expect 2 '' "no property 'P99'" "$PAMKIT" verify --property P99
expect 2 '' "shard: '3/2' is no part; write I/N with I from 1 to N" "$PAMKIT" verify --shard 3/2
expect 2 '' "shard: '1/1000000000' is no part; .* N at most 1000000" "$PAMKIT" verify --shard 1/1000000000
expect 2 '' 'KIND is missing; there are formats' "$PAMKIT" list
expect 2 '' "no kind 'format'.*did you mean 'formats'" "$PAMKIT" list format
expect 2 '' 'mul takes two operands, not 1' "$PAMKIT" explain mul 3FC00000
expect 2 '' "A: '3FC' is no binary32 operand; write 8 hexadecimal digits" "$PAMKIT" explain mul 3FC 3FC00000
expect 2 '' "low 16 bits set, which binary32m7 drops" "$PAMKIT" explain exp2 3F800001 --format binary32m7

for kind in formats arithmetics operations properties backends recipes; do
  expect 0 . '' "$PAMKIT" list "$kind"
  expect 0 '"schema": "pamkit.list/1"' '' "$PAMKIT" list "$kind" --json
  expect 0 '"spec": "1"' '' "$PAMKIT" list --json "$kind"
  expect 0 '' '' "$PAMKIT" list "$kind" --json "$kind.json"
  grep --quiet '"environment"' "$kind.json" || fail "$kind.json has no environment"
done
expect 0 'never_above_product' '' "$PAMKIT" list arithmetics

# Results that cannot be written.
expect 2 '*' 'standard output: No space left' bash -c '"$PAMKIT" list formats >/dev/full'
expect 2 '*' 'standard output: No space left' bash -c '"$PAMKIT" vectors mul --count 100 >/dev/full'
# Also where a complaint follows the results.
expect 2 '*' '*' bash -c '"$PAMKIT" explain mul 3FC00000 3FC00000 --backend cuda,scalar >/dev/full'
grep --quiet 'standard output: No space left' stderr || fail "explain's results were lost without a word"
expect 2 '' 'missing/formats.json|cannot write' "$PAMKIT" list formats --json /proc/formats.json
expect 2 '' 'is no folder' "$PAMKIT" verify --out /dev/null/x
echo precious >verify.json
expect 2 '' 'verify.json exists and was not written by pamkit' "$PAMKIT" verify --out .
[[ $(<verify.json) == precious ]] || fail "verify.json was replaced"

# An instruction set that the environment names.
expect 2 '' 'PAMKIT_SIMD_TARGET=abacus: no instruction set of this build and machine; these are:.* scalar' env PAMKIT_SIMD_TARGET=abacus "$PAMKIT" list backends
expect 0 'scalar' '' env PAMKIT_SIMD_TARGET=scalar "$PAMKIT" list backends

finish
