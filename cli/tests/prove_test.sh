# prove as a program: every statement has the expected verdicts, and a changed file or format does not pass.
source "${BASH_SOURCE[0]%/*}/expect.sh"
proofs=$(cd -- "${BASH_SOURCE[0]%/*}/../../reference/proofs" && pwd -P)

expect 0 'P3_commutes +binary32 ' '' "$PAMKIT" prove --list
expect 2 '' "no proved property 'P99'" "$PAMKIT" prove --property P99
expect 2 '' "no format 'binary33'" "$PAMKIT" prove --format binary33
expect 2 '' 'cannot read .*_form.smt2' "$PAMKIT" prove --proofs "$work"
expect 2 '' 'format: statements about compiled code are about binary32' "$PAMKIT" prove --property code --format e5m2
expect 2 '' 'format: statements about compiled code are about binary32' "$PAMKIT" prove --property P3,code --format e5m2
expect 2 '' 'proofs: statements about compiled code are in no folder' "$PAMKIT" prove --property code --proofs "$proofs"
PAMKIT_Z3=/dev/null expect 3 '' 'z3 is not here' "$PAMKIT" prove --property P3 --format e4m3
PAMKIT_Z3=$work/none expect 3 '' "z3 is not here, PAMKIT_Z3=$work/none is no program" "$PAMKIT" prove --property P3 --format e4m3
# A program that ends without an answer is no time limit.
PAMKIT_Z3=/bin/false expect 3 '' '/bin/false answers neither sat, unsat nor unknown: it ended with 1 and said nothing' \
  "$PAMKIT" prove --property P3 --format e4m3
printf '#!/bin/sh\necho precondition\necho perhaps\n' >vague
printf '#!/bin/sh\nkill -KILL $$\n' >killed
echo nonsense >unreadable
chmod +x vague killed unreadable
PAMKIT_Z3=$work/vague expect 3 '' "vague answers neither .*: it ended with 0 and said 'precondition'" \
  "$PAMKIT" prove --property P3 --format e4m3
PAMKIT_Z3=$work/killed expect 3 '' 'killed answers neither .*: it was ended by signal 9' "$PAMKIT" prove --property P3 --format e4m3
PAMKIT_Z3=$work/unreadable expect 3 '' 'unreadable' "$PAMKIT" prove --property P3 --format e4m3
[[ ! -e report ]] || fail "prove wrote files without a solver"

# However long a time is allowed, an answer within it is one.
cat >yes <<'EOS'
#!/bin/sh
sed -n 's/^(echo "\(.*\)")$/\1/p' | while read -r question; do
  echo "$question"
  if [ "$question" = statement ]; then echo unsat; else echo sat; fi
done
EOS
chmod +x yes
for seconds in 9300000000 18446744073709551615; do
  PAMKIT_Z3=$work/yes expect 0 ' 0 failed' '' "$PAMKIT" prove --property P3 --format e4m3 --timeout "$seconds" --quiet
done

# Of a statement in steps every step has to hold.
answers() { printf '%s\n' "echo '$1'" | sed '1i #!/bin/sh' >steps && chmod +x steps; }
answers $'precondition\nsat\nstatement\nunsat\nstatement\nunsat\nmutant\nsat'
PAMKIT_Z3=$work/steps expect 0 ' 0 failed' '' "$PAMKIT" prove --property P3 --format e4m3
answers $'precondition\nsat\nstatement\nunsat\nstatement\nsat\nstatement\nunsat\nmutant\nsat'
PAMKIT_Z3=$work/steps expect 1 'P3_commutes +e4m3 +sat +sat +sat .*FAILED' '' "$PAMKIT" prove --property P3 --format e4m3

if [[ -z ${PAMKIT_Z3:-} ]] && ! command -v z3 >/dev/null; then
  finish
  echo "not run: the proofs, for want of z3"
  exit 77
fi

# Every statement for the fixed formats and one of the family: the other members take minutes.
expect 0 '^[1-9][0-9]* proved, 0 failed; report/prove.json written$' '' "$PAMKIT" prove \
  --format binary32,bfloat16,binary16,e5m2,e4m3,binary32m7
for word in '"schema": "pamkit.prove/1"' '"spec": "1"' '"environment"' '"verdict": "unsat"' '"vacuity": "sat"' \
  '"mutant": "sat"'; do
  grep --quiet -- "$word" report/prove.json || fail "prove.json lacks $word"
done

# verify takes the record over for the files that were proved, and not otherwise.
small=(--format e5m2 --arithmetic pam --op mul --property P3 --policy flush --overflow infinity)
expect 0 '*' '' "$PAMKIT" verify "${small[@]}" --quiet
grep --quiet '"mode":"proved".*"status":"pass"' report/verify.json || fail "verify has no row of mode proved"
expect 0 '*' '' "$PAMKIT" verify "${small[@]}" --quiet --out elsewhere
grep --quiet '"mode":"proved".*"status":"not-run".*run ./pamkit prove' elsewhere/verify.json ||
  fail "verify claims a proof that is not on record"

# Broken copies: a sum that is one too large, a format whose ONE is off, a statement that is no SMT-LIB.
broken=(--proofs broken --format e4m3 --out broken-report)
fresh() { rm -rf broken && cp -r -- "$proofs" broken; }
fresh
sed -i 's/(+ (M a) (M b) (- ONE) c)/(+ (M a) (M b) (- ONE) c 1)/' broken/integer_form.smt2
expect 1 'P2_adds_encodings .*FAILED' '' "$PAMKIT" prove "${broken[@]}"
grep --quiet -- '"verdict": "sat"' broken-report/prove.json || fail "prove.json hides a failed proof"
fresh
sed -i 's/(define-fun ONE () Int 56)/(define-fun ONE () Int 57)/' broken/formats/e4m3.smt2
expect 1 'link_mul .*FAILED' '' "$PAMKIT" prove "${broken[@]}" --property P3
fresh
sed -i 's/^(assert (is_compensation c))/(assert false)/' broken/P3_commutes.smt2
expect 1 'P3_commutes .*unsat +unsat.*FAILED' '' "$PAMKIT" prove "${broken[@]}" --property P3
fresh
echo '(assert (no such function))' >>broken/P3_commutes.smt2
expect 2 '' 'cannot read P3_commutes for e4m3' "$PAMKIT" prove "${broken[@]}" --property P3
fresh
sed -i '/^; expected/d' broken/P3_commutes.smt2
expect 2 '' "lacks a line '; expected" "$PAMKIT" prove "${broken[@]}"

# A solver that never answers: the time limit is a failure, interruption is 130 without a file.
printf '#!/bin/sh\nexec sleep 100\n' >slow
chmod +x slow
PAMKIT_Z3=$work/slow expect 1 '^0 proved, [1-9][0-9]* failed' '' "$PAMKIT" prove --property P3 --format e4m3 --timeout 1 --jobs 16 --quiet
rm -rf report
PAMKIT_Z3=$work/slow "$PAMKIT" prove --property P3 --format e4m3 >stdout 2>stderr &
job=$!
sleep 1
kill -INT "$job"
wait "$job"
code=$?
[[ $code == 130 ]] || fail "prove ended with $code after SIGINT"
[[ ! -e report ]] || fail "prove wrote files after SIGINT"

finish
