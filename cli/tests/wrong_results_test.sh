# check rejects what is wrong, says what is right, and its replay command shows the same.
source "${BASH_SOURCE[0]%/*}/expect.sh"

"$PAMKIT" vectors mul --count 1000 --seed 7 >good.txt
expect 0 '^1000 lines, 0 wrong$' '' "$PAMKIT" check mul good.txt

# Every result bit of one line, one at a time.
line=$(sed -n 500p good.txt)
read -r a b result <<<"$line"
for bit in {0..31}; do
  flipped=$(printf '%08X' $((0x$result ^ 1 << bit)))
  sed "500s/.*/$a $b $flipped/" good.txt >bad.txt
  expect 1 "^line 500: mul $a $b: got $flipped, expected $result, .*replay: ./pamkit explain mul $a $b --got $flipped" \
    '' "$PAMKIT" check mul bad.txt
done
grep --quiet '^1000 lines, 1 wrong$' stdout || fail "the summary does not count one wrong line"
replay=$(sed -n 's/.*replay: .\/pamkit //p' stdout)
# shellcheck disable=SC2086
expect 1 'wrong by' '' "$PAMKIT" $replay
# shellcheck disable=SC2086
expect 0 'right' '' "$PAMKIT" ${replay/--got $flipped/--got $result}

# --errors bounds what is printed, not what is counted.
sed 's/.$/Z/; y/0123456789ABCDEFZ/0123456789ABCDEF0/' good.txt | awk '{ print $1, $2, "00000001" }' >bad.txt
expect 1 '^1000 lines, 1000 wrong$' '' "$PAMKIT" check mul bad.txt --errors 3
(($(grep --count '^line ' stdout) == 3)) || fail "--errors 3 printed $(grep --count '^line ' stdout) lines"
expect 1 '^1000 lines, 1000 wrong$' '' "$PAMKIT" check mul bad.txt --errors 0
expect 1 '' '' "$PAMKIT" check mul bad.txt --errors 0 --quiet
expect 1 '*' '' "$PAMKIT" check mul bad.txt
(($(grep --count '^line ' stdout) == 20)) || fail "20 is not the default of --errors"

# Answers under other rules are wrong under these.
expect 1 'wrong' '' bash -c '"$PAMKIT" vectors mul --policy gradual | "$PAMKIT" check mul'
expect 1 'wrong' '' bash -c '"$PAMKIT" vectors mul --arithmetic pam:1.0552 | "$PAMKIT" check mul'
expect 1 'wrong' '' bash -c '"$PAMKIT" vectors mul --arithmetic exact | "$PAMKIT" check mul'
expect 1 'wrong' '' bash -c '"$PAMKIT" vectors mul --overflow saturate | "$PAMKIT" check mul'

finish
