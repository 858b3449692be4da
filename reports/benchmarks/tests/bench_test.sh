# The bench program as a user runs it, with --quick.
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
source "$here/../../../cli/tests/expect.sh"

echo '/* plotly.js stand-in */' >plotly.js
quick=("$PAMKIT" --quick --plotly plotly.js)

# Every case, checked and timed; warnings about a busy machine go to standard error.
expect 0 ' cases checked against the definitions and timed; out/bench.json and bench.html written$' '*' "${quick[@]}" --out out
grep --quiet '"schema": "pamkit.bench/1"' out/bench.json || fail "no schema in bench.json"
for field in name shape class baseline ratio spread threads; do
  grep --quiet "\"$field\": " out/bench.json || fail "no field $field in bench.json"
done
for baseline in ceiling eigen scalar 'multiply, then add' 'plain operands'; do
  grep --quiet "\"baseline\": \"$baseline\"" out/bench.json || fail "no ratio to $baseline"
done
grep --quiet '</html>' out/bench.html || fail "the page is not whole"

# Choices.
expect 0 '^1 cases checked' '*' "${quick[@]}" --quiet --out one --filter '^matmul pam zeros'
grep --quiet '"threads": 2' one/bench.json && fail "two threads unasked"
expect 0 '^1 cases checked' '*' "${quick[@]}" --quiet --out one --filter '^matmul pam zeros' --threads 1,2
grep --quiet '"threads": 2' one/bench.json || fail "no row with two threads"
expect 0 '^matmul pam plain 64x64x64$' '' "$PAMKIT" --list --filter 'plain 64x'
expect 0 'speed of the sse4 kernels' '*' "${quick[@]}" --out sse4 --filter '^matmul pam plain' --target sse4
grep --quiet '"instruction_set": "sse4"' sse4/bench.json || fail "another instruction set"

# What must be reached, and tables in Markdown.
echo '{"aims": [{"baseline": "ceiling", "ratio": 2e9, "least": 1e9, "reason": "none"}]}' >fast.json
expect 0 'aim 2000000000.00: not reached, and below 1000000000.00' '*' "${quick[@]}" --out one --filter '^matmul pam zeros' --aims fast.json --markdown one.md
expect 1 '^1 ratios below what they must be$' '*' "${quick[@]}" --out one --filter '^matmul pam zeros' --aims fast.json --check
sed -i 's/1e9/1e-9/' fast.json
expect 0 '^0 ratios below what they must be$' '*' "${quick[@]}" --out one --filter '^matmul pam zeros' --aims fast.json --check
grep --quiet -E '^\| matmul \| pam \| zeros \| 64x64x64 \| 1 \| ceiling \| [0-9.]+ \(too slow\) \| 1000000000.00 \| 2000000000.00 \|$' one.md ||
  fail "no row of what is aimed for in Markdown"

# Bad input.
expect 2 '' "no case matches 'nothing'" "${quick[@]}" --filter nothing
expect 2 '' "'\(' is no regular expression" "${quick[@]}" --filter '('
expect 2 '' "no instruction set 'mmx'" "${quick[@]}" --target mmx
expect 2 '' 'nowhere.json: cannot be read' "${quick[@]}" --aims nowhere.json
echo '{"aims": [{"ratio": 1}]}' >aims.json
expect 2 '' 'aims.json: entry 1' "${quick[@]}" --aims aims.json
mkdir other && echo '{}' >other/bench.json
expect 2 '' 'other/bench.json exists and was not written by pamkit' "${quick[@]}" --out other
[[ $(cat other/bench.json) == '{}' ]] || fail "a file of somebody else's was overwritten"
rm other/bench.json && echo mine >other/bench.html
expect 2 '' 'other/bench.html exists and was not written by pamkit' "${quick[@]}" --out other
expect 2 '' 'cannot write plotly.js/bench.json: .*plotly.js is no folder' "${quick[@]}" --out plotly.js
expect 2 '' 'nowhere: cannot be read' "${quick[@]}" --aims nowhere
expect 2 '' 'cannot write both out/bench.json and ./out/bench.json' "${quick[@]}" --out out --markdown ./out/bench.json
for seconds in 0 -1 inf nan x; do
  expect 2 '' "'$seconds' is no number of seconds from 0 to 1000000" "$PAMKIT" --seconds "$seconds"
done
expect 2 '' "no instruction set 'scalar'" "${quick[@]}" --target scalar
"$PAMKIT" --list >/dev/full 2>full && fail "a full standard output is passed over"
grep --quiet 'standard output: No space left' full || fail "nothing said of a full standard output"
expect 2 'out/bench.json written$' '*' "$PAMKIT" --quick --quiet --out out --filter '^mul pam' --plotly nowhere.js
[[ ! -e out2 ]] || fail "left files"

finish
