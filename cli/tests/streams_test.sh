# Pipes: closed ones, slow ones, long ones; interruption; memory.
source "${BASH_SOURCE[0]%/*}/expect.sh"

# A reader that goes away is no error of the writer, and says nothing.
expect 0 '^[0-9A-F]{8} ' '' bash -c 'set -o pipefail; "$PAMKIT" vectors mul --level standard | head -n 3'
expect 0 '' '' bash -c '"$PAMKIT" list formats | true; exit "${PIPESTATUS[0]}"'
"$PAMKIT" vectors mul --count 100000 --arithmetic exact >wrong.txt
expect 1 '*' '' bash -c '"$PAMKIT" check mul wrong.txt --errors 100000 | head -n 1 >/dev/null; exit "${PIPESTATUS[0]}"'

# Interrupted: 130, and no line is cut.
for signal in INT TERM; do
  "$PAMKIT" vectors mul --count 100000000 2>stderr > >(cat >lines.txt) &
  writer=$!
  sleep 1
  kill "-$signal" "$writer"
  wait "$writer"
  code=$?
  [[ $code == 130 ]] || fail "vectors ended with $code after SIG$signal"
  [[ -z $(tail -c 1 lines.txt) ]] || fail "vectors cut a line after SIG$signal"
  [[ ! -s stderr ]] || fail "vectors complained after SIG$signal: $(head -c 200 stderr)"
done
mkfifo pipe
"$PAMKIT" check mul pipe >stdout 2>stderr &
checker=$!
exec 7>pipe
echo '3FC00000 3FC00000 40000000' >&7
sleep 0.3
kill -INT "$checker"
wait "$checker"
code=$?
exec 7>&-
[[ $code == 130 ]] || fail "check ended with $code after SIGINT"
[[ ! -s stdout ]] || fail "check printed a verdict after SIGINT"
# What was found wrong before is told.
hung_check() {
  local code=0 line=$1
  shift
  "$PAMKIT" check "$@" pipe >stdout 2>stderr &
  local checker=$!
  exec 7>pipe
  echo "$line" >&7
  sleep 0.5
  kill -TERM "$checker"
  wait "$checker" || code=$?
  exec 7>&-
  [[ $code == 130 ]] || fail "check $1 ended with $code after SIGTERM"
  grep --quiet '^line 1: .*got 40000001' stdout || fail "check $1 lost what it found: $(cat stdout)"
}
hung_check '3FC00000 3FC00000 40000001' mul
hung_check '3F800000 3FC00000 3F800000 3FC00000 40000001' matmul --length 2

# A million lines, byte by byte alike in any slices, in constant memory.
"$PAMKIT" vectors div --format e4m3 --count 1000000 >long.txt
expect 0 '^1000000 lines, 0 wrong$' '' bash -c 'ulimit -v 400000; cat long.txt | "$PAMKIT" check div --format e4m3'
expect 0 '^1000 lines, 0 wrong$' '' bash -c 'head -n 1000 long.txt | dd bs=7 2>/dev/null | "$PAMKIT" check div --format e4m3'

finish
