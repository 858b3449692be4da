# Comparisons of runs: files whole or absent, arms that are missing or broken shown as such, foreign files spared.
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
source "$here/expect.sh"

echo '/* plotly.js stand-in */' >plotly.js

# run ARITHMETIC VALUE: a run folder.
run() {
  local folder=runs/$1-1 described
  described='"recipe":"r","arithmetic":"'$1'","scope":"matmul","derivative":"approx","format":"binary32","seed":1'
  mkdir -p "$folder"
  echo '{"schema":"pamkit.run_config/1","run":{'"$described"'}}' >"$folder/config.json"
  echo '{"kind":"step","step":1,"epoch":1,"loss":2.5,"tokens_per_second":100,"seconds":1}' >"$folder/metrics.jsonl"
  echo '{"schema":"pamkit.run/1",'"$described"',"status":"complete","metric":"bleu","value":'"$2"',"verification":"00"}' >"$folder/summary.json"
}
run exact 28.5
run pam 27.25
run l_mul null

expect 0 '^3 runs compared; out/compare.json and out/index.html and page.md written$' '' \
  "$PAMKIT" compare runs --out out --plotly plotly.js --markdown page.md --expect 'exact,adder'
grep --quiet '^| pam | 1 | bleu | 27.2500 | -1.2500 |' page.md || fail "page.md has no row of pam: $(cat page.md)"
grep --quiet '^| l\\_mul | diverged | bleu | – |' page.md || fail "page.md does not show the diverged arm"
grep --quiet '^| l\\_mul | 1 | diverged | – |' page.md || fail "page.md does not show the diverged run"
grep --quiet '^| adder | not run |' page.md || fail "page.md does not show the missing arm"
grep --quiet 'compare runs --out out --plotly plotly.js --markdown page.md' page.md || fail "page.md lacks its command"
expect 0 'adder +not run' '' "$PAMKIT" compare runs --out out --plotly plotly.js --expect adder

# Written again over itself, but over nothing else.
expect 0 'page.md written$' '' "$PAMKIT" compare runs --out out --plotly plotly.js --markdown page.md --quiet
echo 'my notes' >notes.md
expect 2 '' 'notes.md exists and was not written by pamkit' \
  "$PAMKIT" compare runs --out out --plotly plotly.js --markdown notes.md
[[ $(cat notes.md) == 'my notes' ]] || fail "notes.md was replaced"
expect 0 'notes.md written$' '' "$PAMKIT" compare runs --out out --plotly plotly.js --markdown notes.md --quiet --force

mkdir mine
echo '<p>my own page</p>' >mine/index.html
expect 2 '' 'mine/index.html exists and was not written by pamkit' \
  "$PAMKIT" compare runs --out mine --plotly plotly.js --quiet
[[ $(cat mine/index.html) == '<p>my own page</p>' ]] || fail "mine/index.html was replaced"
expect 0 'mine/index.html written$' '' "$PAMKIT" compare runs --out mine --plotly plotly.js --quiet --force
expect 0 'mine/index.html written$' '' "$PAMKIT" compare runs --out mine --plotly plotly.js --quiet

# No page without plotly.js, but the tables.
expect 2 'few/compare.json and few.md written$' 'the page was not written' \
  "$PAMKIT" compare runs --out few --plotly nowhere.js --markdown few.md --quiet
[[ ! -e few/index.html ]] || fail "a page without plotly.js"

# A damaged run costs its own row; a file is whole or absent.
echo '{' >runs/pam-1/statistics.json
expect 2 '^2 runs compared' 'runs/pam-1/statistics.json: not JSON' \
  "$PAMKIT" compare runs --out out --plotly plotly.js --quiet
rm runs/pam-1/statistics.json
cp runs/pam-1/summary.json good.json
echo '{"schema":1}' >runs/pam-1/summary.json
expect 2 '^2 runs compared' 'runs/pam-1/summary.json: schema is not' \
  "$PAMKIT" compare runs --out out --plotly plotly.js --quiet
mv good.json runs/pam-1/summary.json

# So do a configuration that says nothing, and metrics that end before the run did.
damaged() {
  local file=$1 text=$2
  cp "runs/pam-1/$file" good
  printf '%s' "$3" >"runs/pam-1/$file"
  expect 2 '^2 runs compared' "runs/pam-1/$text" "$PAMKIT" compare runs --out out --plotly plotly.js --quiet
  mv good "runs/pam-1/$file"
}
damaged config.json 'config.json: schema is not pamkit.run_config/1' '{}'
damaged config.json 'config.json: "run" is missing' '{"schema":"pamkit.run_config/1"}'
sed -i 's/"status"/"steps":2,"status"/' runs/pam-1/summary.json
step='{"kind":"step","step":1,"epoch":1,"loss":2.5,"tokens_per_second":100,"seconds":1}
'
last=${step/:1/:2}
damaged metrics.jsonl 'metrics.jsonl: it ends at step 1, and summary.json says 2' "$step"
damaged metrics.jsonl 'metrics.jsonl: its last line is cut' "$step${last%?????}"
damaged metrics.jsonl 'metrics.jsonl: the record of the last epoch is missing' "$step$last"
printf '%s' "$step$last${last/step/epoch}" >runs/pam-1/metrics.jsonl
expect 0 '^3 runs compared' '' "$PAMKIT" compare runs --out out --plotly plotly.js --quiet
expect 2 '' 'cannot write full/compare.json' bash -c \
  'trap "" XFSZ; ulimit -f 1; exec "$PAMKIT" compare runs --out full --plotly plotly.js --markdown full.md'
[[ -z $(ls -A full) && ! -e full.md ]] || fail "a full disk left $(ls -A full)"

# The committed page of results is what the committed runs give, but for the program and machine that made it.
root=$(cd -- "$here/../.." && pwd)
tables() { sed '/^| \(version\|commit\|compiler\|flags\|cpu\|gpu\|date\) |/d; /^    \.\/pamkit compare/d' "$1"; }
(cd "$root" && "$PAMKIT" compare training/results --out "$OLDPWD/results" --plotly "$OLDPWD/plotly.js" \
  --markdown "$OLDPWD/results.md" --quiet) || fail "the committed runs cannot be compared"
diff <(tables "$root/docs/results.md") <(tables results.md) ||
  fail "docs/results.md: write it anew: ./pamkit compare training/results --markdown docs/results.md --force"
(cd "$root" && python3 -B training/tuning/page.py training/tuning/adder training/results \
  "$OLDPWD/settings.md") || fail "no page of the settings tried"
diff "$root/docs/adder-settings.md" settings.md ||
  fail "docs/adder-settings.md: write it anew: training/tuning/page.py training/tuning/adder training/results docs/adder-settings.md"

finish
