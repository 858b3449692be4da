# The judge of compiled objects on objects with planted instructions: $FUSED, $MULTIPLICATION, $DIVISION, $ADDITIONS.
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
source "$here/../../../cli/tests/expect.sh"
: "${FUSED:?}" "${MULTIPLICATION:?}" "${DIVISION:?}" "${ADDITIONS:?}"

expect 0 '^passed: 1 objects, .* 0 multiplying instructions excused, 0 refused$' '' "$PAMKIT" "$ADDITIONS"
expect 1 '^refused: .* (vfmadd|fmadd|fmla).* \(fused multiply-add\), .* in planted_fused\(float' '' "$PAMKIT" "$FUSED"
expect 1 '^refused: .* (v?mul[sp]s|fmul) \(multiplication\), .* in planted_multiplication\(float' '' "$PAMKIT" "$MULTIPLICATION"
expect 1 '^refused: .* (v?divss|fdiv) \(division\), .* in planted_division\(float' '' "$PAMKIT" "$DIVISION"
# A planted object among good ones is found, and named.
printf '%s\n' "$ADDITIONS" "$MULTIPLICATION" "$ADDITIONS" >list
expect 1 '^REFUSED: 3 objects' '' "$PAMKIT" --list list

# Excuses: for the place, not elsewhere, never for FMA; one that excuses nothing is refused.
excuse() { printf '{"excuses":[{"unit":"%s","function":"%s","instruction":"%s","reason":"a test"}]}' "$@" >excuses.json; }
excuse '.*' 'planted_multiplication.*' 'v?mul.*|fmul'
expect 0 '"excused_multiplications": [1-9]' '' "$PAMKIT" --excuses excuses.json --json - "$MULTIPLICATION"
expect 0 '[1-9][0-9]* multiplying instructions excused, 0 refused' '' "$PAMKIT" --excuses excuses.json "$MULTIPLICATION"
expect 1 '^refused: .*planted_division' '' "$PAMKIT" --excuses excuses.json "$MULTIPLICATION" "$DIVISION"
expect 1 'excuses nothing; remove it' '' "$PAMKIT" --excuses excuses.json "$ADDITIONS"
excuse '.*' '.*' '.*'
expect 1 'fused multiply-add' '' "$PAMKIT" --excuses excuses.json "$FUSED"

expect 1 '"schema": "pamkit.audit/1"' '' "$PAMKIT" --json - "$DIVISION"
grep --quiet '"multiplications": 1' stdout || fail "the division is not in the JSON"

# Loops.
expect 0 'additions\(.* 1 (v?addss xmm|fadd) memory' '' "$PAMKIT" --loop 'additions.*' --loop-allows '.*' "$ADDITIONS"
expect 1 '(addss xmm|fadd) memory \(refused\)' '' "$PAMKIT" --loop 'additions.*' --loop-allows 'j.*|add|cmp' "$ADDITIONS"
expect 2 '' "no function with a loop matches 'nothing'" "$PAMKIT" --loop nothing "$ADDITIONS"

# What cannot be judged is not passed.
expect 2 '' 'no object file was named' "$PAMKIT"
expect 2 '' 'nowhere.o: no such file' "$PAMKIT" nowhere.o
echo 'not code' >text.o
expect 2 '' 'text.o: .*cannot disassemble it' "$PAMKIT" text.o
expect 2 '' 'nowhere.json: cannot be read' "$PAMKIT" --excuses nowhere.json "$ADDITIONS"
excuse '(' '.*' '.*'
expect 2 '' 'is no regular expression' "$PAMKIT" --excuses excuses.json "$ADDITIONS"
echo '{"excuses":[{"unit":"x"}]}' >excuses.json
expect 2 '' 'excuses.json: entry 1' "$PAMKIT" --excuses excuses.json "$ADDITIONS"
expect 3 '' 'no-objdump is not there' "$PAMKIT" --objdump no-objdump "$ADDITIONS"

finish
