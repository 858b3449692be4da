# Training steps as the bench program measures them, with --quick.
[[ -x $PAMKIT ]] || { echo "NOT RUN: there is no '$PAMKIT'"; exit 77; }
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
source "$here/../../cli/tests/expect.sh"

echo '/* plotly.js stand-in */' >plotly.js
quick=("$PAMKIT" --quick --plotly plotly.js)

expect 0 '^training step pam all translation-small$' '' "$PAMKIT" --list --filter '^training step'
expect 0 '^11 cases checked' '*' "${quick[@]}" --out steps --filter '^training step'
grep --quiet '"baseline": "native"' steps/bench.json || fail "no ratio to native"
grep --quiet '"unit": "steps"' steps/bench.json || fail "no unit of steps"
grep --quiet -E '>[0-9.e+]+ steps/s<' steps/bench.html || fail "no steps a second on the page"

# The instruction set that was asked for is that of the steps too.
expect 0 'speed of the sse4 kernels' '*' "${quick[@]}" --out sse4 --filter '^training step pam matmul' --target sse4

# Text is made for it; a folder that cannot be written to is told.
expect 2 '' 'no temporary folder can be made; set TMPDIR' env TMPDIR=nowhere "${quick[@]}" --out none --filter '^training step pam matmul'
[[ -z $(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'pamkit-bench-*' -user "$(id -un)" -newer plotly.js) ]] || fail "left text"

finish
