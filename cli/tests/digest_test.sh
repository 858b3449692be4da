# Golden digests: what vectors writes has the committed SHA-256, and digest tells where it does not.
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
source "$here/expect.sh"
digests=$here/../../property_tests/digests

# Every 701st of all lines, by an independent sha256sum.
count=0
while IFS= read -r line; do
  arguments=${line#*  }
  read -ra words <<<"$arguments"
  got=$("$PAMKIT" vectors "${words[@]}" | sha256sum)
  [[ ${got%% *} == "${line%%  *}" ]] || fail "vectors $arguments: $got"
  count=$((count + 1))
done < <(cat "$digests"/*.txt | grep --invert-match '^#' | awk 'NR % 701 == 1')
((count >= 4)) || fail "only $count digests are committed"

expect 0 '^[0-9]+ digests, 0 differ from the committed ones, 0 are not committed$' '' "$PAMKIT" digest
expect 2 '' "no option '--prnt'" "$PAMKIT" digest --prnt
expect 2 '' 'cannot write' "$PAMKIT" digest --write /dev/null/x
first=$(ls "$digests" | head -n 1)
mkdir mine && echo 'my notes' >"mine/$first"
expect 2 '' "mine/$first exists and was not written by pamkit" "$PAMKIT" digest --write mine
[[ $(cat "mine/$first") == 'my notes' && $(ls mine) == "$first" ]] || fail "digest --write replaced a foreign file"

finish
