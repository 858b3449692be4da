# The report's files: complete, alike, made again without measuring, whole or absent; the figures are drawn.
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
source "$here/expect.sh"

echo '/* plotly.js stand-in */' >plotly.js
small=(--level quick --format bfloat16,e4m3 --op mul,exp2,exp --arithmetic pam,pam:1.0552,l_mul --quiet)
expect 0 'out/report.json, report.csv and index.html written$' '' \
  "$PAMKIT" report "${small[@]}" --out out --plotly plotly.js

# As many lines as entries, and the columns' names.
lines=$(wc -l <out/report.csv)
entries=$(sed --quiet '/^ "bounds": \[/,/^ \]/p' out/report.json | grep --count '^   "metric": ')
((entries > 100)) || fail "report.json has $entries bounds"
((lines == entries + 1)) || fail "report.csv has $lines lines for $entries bounds"
head -n 1 out/report.csv | grep --quiet '^operation,format,arithmetic,policy,domain,' || fail "report.csv has no header"

# Made again from the file: the same bytes but for the command in the page's foot.
expect 0 'written$' '' "$PAMKIT" report --from out/report.json --out again --plotly plotly.js --quiet
cmp --silent out/report.json again/report.json || fail "report.json differs when it is made again"
cmp --silent out/report.csv again/report.csv || fail "report.csv differs when it is made again"

# The committed results of the planted faults are there unasked.
grep --quiet 'rejected by the suite at level standard' out/index.html || fail "the committed planted faults are not in the page"

# Attachments, good and bad.
echo '{"schema":"pamkit.mutants/1","level":"standard","mutants":[{"name":"carry","verdict":"killed","killed_by":["P2"]}]}' \
  >mutants.json
expect 0 'written$' '' "$PAMKIT" report --from out/report.json --mutants mutants.json --out again --plotly plotly.js --quiet
grep --quiet '<b>1 of 1</b> rejected' again/index.html || fail "the planted faults are not in the page"
sed 's/"level"/"emulator":"00","level"/' mutants.json >older.json
expect 0 'written$' '' "$PAMKIT" report --from out/report.json --mutants older.json --out again --plotly plotly.js --quiet
grep --quiet 'sources have changed since' again/index.html || fail "results of another emulator do not say so"
expect 2 '' 'mutants.json: no pamkit.prove/1; name a file of that schema' \
  "$PAMKIT" report --from out/report.json --proofs mutants.json --out bad --plotly plotly.js
expect 2 '' 'no pamkit.report/1' "$PAMKIT" report --from mutants.json --out bad --plotly plotly.js
expect 2 '' 'nowhere.json: cannot be read: No such file' "$PAMKIT" report --from nowhere.json --out bad --plotly plotly.js
sed 's/"metric": "min_relative"/"metric": 7/' out/report.json >broken.json
expect 2 '' 'broken.json: no pamkit.report/1' "$PAMKIT" report --from broken.json --out bad --plotly plotly.js
sed '0,/"value": [-0-9.e]*,/s//"value": null,/' out/report.json >broken.json
expect 2 '' 'broken.json: no pamkit.report/1' "$PAMKIT" report --from broken.json --out bad --plotly plotly.js
for change in 'd["histograms"] = "x"' 'd["maps"] = {}' 'd["curves"] = [1]' 'd["histograms"][0]["counts"] = "x"' \
  'd["bands"] = "x"' 'd["not_measured"] = None' 'd["definitions"] = []'; do
  python3 -c "import json; d = json.load(open('out/report.json')); $change; json.dump(d, open('broken.json', 'w'))" ||
    fail "no such change: $change"
  expect 2 '' 'broken.json: no pamkit.report/1' "$PAMKIT" report --from broken.json --out bad --plotly plotly.js
done
sed 's/"spec": "1"/"spec": "2"/' out/report.json >other.json
expect 2 '' 'other.json: is of another specification than "1"' \
  "$PAMKIT" report --from other.json --out bad --plotly plotly.js
for option in '--op mul' '--format e4m3' '--arithmetic pam' '--policy flush' '--level quick' '--seed 1' '--jobs 1'; do
  read -ra words <<<"$option"
  expect 2 '' "report: ${words[0]}: --from measures nothing; leave it out" \
    "$PAMKIT" report --from out/report.json --out bad --plotly plotly.js "${words[@]}"
done
head -c 5000 out/report.json >cut.json
expect 2 '' 'cut.json: not JSON' "$PAMKIT" report --from cut.json --out bad --plotly plotly.js
[[ ! -e bad ]] || fail "bad input left files: $(ls bad)"

# Somebody else's files stay.
for file in index.html report.csv report.json; do
  rm -rf mine && mkdir mine && echo 'my notes' >mine/$file
  expect 2 '' "mine/$file exists and was not written by pamkit" \
    "$PAMKIT" report --from out/report.json --out mine --plotly plotly.js
  [[ $(cat mine/$file) == 'my notes' && $(ls mine) == "$file" ]] || fail "mine/$file was replaced"
  expect 0 'written$' '' "$PAMKIT" report --from out/report.json --out mine --plotly plotly.js --quiet --force
  expect 0 'written$' '' "$PAMKIT" report --from out/report.json --out mine --plotly plotly.js --quiet
done

# Without plotly.js the data are written and the page is not.
expect 2 'no-page/report.json, report.csv written$' 'the page was not written' \
  "$PAMKIT" report --from out/report.json --out no-page --plotly nowhere.js --quiet
[[ -s no-page/report.csv && ! -e no-page/index.html ]] || fail "without plotly.js: $(ls no-page)"

# A place that takes no files, and a full one: a file is whole or absent.
expect 2 '' 'cannot write' "$PAMKIT" report --from out/report.json --out plotly.js/below --plotly plotly.js
size=$(stat --format %s out/report.json)
expect 2 '' 'cannot write full/report.json' bash -c \
  'trap "" XFSZ; ulimit -f '$((size / 2048))'; exec "$PAMKIT" report --from out/report.json --out full --plotly plotly.js'
[[ -z $(ls -A full) ]] || fail "a full disk left $(ls -A full)"

# Scripts of the page run against a stand-in for the browser: every figure is drawn with numbers in it.
if command -v node >/dev/null; then
  node "$here/draw_figures.js" out/index.html || fail "the figures of the page"
fi

finish
