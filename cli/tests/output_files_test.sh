# Where --json and --junit write: links are followed, devices and FIFOs written through, nothing is replaced by a file.
source "${BASH_SOURCE[0]%/*}/expect.sh"
anywhere=(verify --format e4m3 --arithmetic pam --op mul --property P1 --quiet)
small=("${anywhere[@]}" --out out)

is_json() { python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$1" || fail "$1 is no JSON"; }

# A link stays, and what it leads to is written; what that held before is gone whole.
mkdir target
echo "an old text, which is replaced whole" >target/old.json
ln -s target/old.json link
ln -s link link-to-link
ln -s target/made/new.json dangling
ln -s round round
expect 0 '' '' "$PAMKIT" list formats --json link-to-link
expect 0 '' '' "$PAMKIT" list formats --json dangling
for link in link link-to-link dangling; do [[ -L $link ]] || fail "$link was replaced"; done
is_json target/old.json
is_json target/made/new.json
[[ $(echo target/*) == 'target/made target/old.json' ]] || fail "something was left in target: $(echo target/*)"
expect 2 '' 'cannot write round: Too many levels' "$PAMKIT" list formats --json round
expect 2 '' 'cannot write round: Too many levels' "$PAMKIT" "${small[@]}" --json round
expect 2 '' 'target: (it i|I)s a directory' "$PAMKIT" list formats --json target

# A reader at the other end of a FIFO gets the whole, and the FIFO is there afterwards.
mkfifo fifo
timeout 60 cat fifo >read.json &
expect 0 '^[0-9]+ passed' '' "$PAMKIT" "${small[@]}" --json fifo
wait
[[ -p fifo ]] || fail "the FIFO was replaced"
cmp read.json out/verify.json || fail "what the FIFO's reader got is not verify.json"
timeout 60 cat fifo >read.xml &
expect 0 '^[0-9]+ passed' '' "$PAMKIT" "${small[@]}" --junit fifo
wait
grep --quiet '^</testsuites>' read.xml || fail "what the FIFO's reader got is no JUnit XML"

# Names of standard output, and what standard output is in each case.
"$PAMKIT" list formats --json /dev/stdout | cat >piped.json && is_json piped.json
"$PAMKIT" list formats --json /dev/fd/1 >filed.json && is_json filed.json
"$PAMKIT" list formats --json /dev/fd/7 7>seventh.json && is_json seventh.json
"$PAMKIT" "${small[@]}" --json /dev/stdout >both.txt || fail "--json /dev/stdout"
{ cat out/verify.json && tail --lines 1 both.txt; } | cmp - both.txt || fail "--json /dev/stdout loses what is printed"

# '-' is standard output for both, and for one at a time.
"$PAMKIT" "${small[@]}" --json - >dash.json && is_json dash.json
"$PAMKIT" "${small[@]}" --junit - >dash.xml || fail "--junit -"
python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' dash.xml || fail "--junit - is no XML"
[[ ! -e ./- ]] || fail "a file '-' was made"
expect 2 '' '--junit: --json has standard output already' "$PAMKIT" "${small[@]}" --json - --junit -

# Two results in one file: refused before the work, by whatever names the file is called.
refused() {
  expect 2 '' "cannot write both .* and .*: they are one file; name two" "$PAMKIT" "$@"
}
mkdir one && ln -s one other
for files in '--junit one/verify.json' '--junit other/../one/verify.json' '--junit other/verify.json' \
  "--junit $PWD/one/verify.json" '--json x --junit ./x' '--json one/verify.journal' '--junit one/verify.journal'; do
  read -ra words <<<"$files"
  refused "${anywhere[@]}" --out one "${words[@]}"
  refused merge out --out one "${words[@]}"
done
mkdir runs
for files in '--markdown one/compare.json' '--markdown other/index.html'; do
  read -ra words <<<"$files"
  refused compare runs --out one "${words[@]}"
done
refused audit --kind x86 --out one --json one/audit.html
[[ -z $(ls one) && ! -e x ]] || fail "a refused command wrote files: $(ls one)"
expect 0 '^[0-9]+ passed' '' "$PAMKIT" "${anywhere[@]}" --out one --json one/verify.json --junit one/verify.xml
expect 0 '^[0-9]+ passed' '' "$PAMKIT" "${small[@]}" --json /dev/null --junit /dev/null

# Devices: a full one, made here where that is allowed, else the system's.
full=full
mknod full c 1 7 2>/dev/null && : 2>/dev/null >full || full=/dev/full
before=$(stat --format '%F %t %T' "$full")
expect 2 '' "cannot write $full: No space left on device" "$PAMKIT" list formats --json "$full"
expect 2 '*' "cannot write $full: No space left on device" "$PAMKIT" explain mul 3FC00000 3FC00000 --json "$full"
expect 2 '*' "cannot write $full: No space left on device" "$PAMKIT" "${small[@]}" --json "$full"
expect 2 '*' "cannot write $full: No space left on device" "$PAMKIT" "${small[@]}" --junit "$full"
[[ $(stat --format '%F %t %T' "$full") == "$before" ]] || fail "$full was replaced"
expect 0 '' '' "$PAMKIT" list formats --json /dev/null
[[ -c /dev/null ]] || fail "/dev/null was replaced"

finish
