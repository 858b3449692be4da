# What vectors writes, check accepts: every operation, arithmetic, format and policy.
source "${BASH_SOURCE[0]%/*}/expect.sh"

pairs=$("$PAMKIT" list operations | awk 'NR > 1 && $2 != "tensors" { for (i = 3; i <= NF; ++i) print $1, $i }')
[[ -n $pairs ]] || fail "no operations are listed"
while read -r operation arithmetic; do
  for rules in \
    'binary32 flush infinity' 'binary32 gradual saturate' 'bfloat16 flush saturate' 'bfloat16 gradual infinity' \
    'binary16 flush infinity' 'binary16 gradual saturate' 'e5m2 flush saturate' 'e5m2 gradual infinity' \
    'e4m3 flush infinity' 'e4m3 gradual infinity' 'e4m3 flush saturate' 'e4m3 gradual saturate' \
    'binary32m7 flush infinity' 'binary32m7 gradual saturate' 'binary32m1 flush infinity' 'binary32m22 gradual infinity'; do
    read -r format policy overflow <<<"$rules"
    arguments=("$operation" --arithmetic "$arithmetic" --format "$format" --policy "$policy" --overflow "$overflow")
    "$PAMKIT" vectors "${arguments[@]}" --count 200 >vectors.txt || fail "vectors ${arguments[*]}"
    [[ $(wc -l <vectors.txt) == 200 ]] || fail "not 200 lines: vectors ${arguments[*]}"
    expect 0 '^200 lines, 0 wrong$' '' "$PAMKIT" check "${arguments[@]}" vectors.txt
  done
done <<<"$pairs"

# The compensated arithmetic in formats with few bits, and operands alone.
for format in binary32 bfloat16 e5m2 binary32m3; do
  expect 0 '^200 lines, 0 wrong$' '' bash -c \
    "'$PAMKIT' vectors mul --arithmetic pam:1.0552 --format $format --count 200 | '$PAMKIT' check mul --arithmetic pam:1.0552 --format $format"
done
"$PAMKIT" vectors pow --count 50 | cut -d' ' -f1,2 >operands.txt
expect 0 '*' '' "$PAMKIT" vectors pow --count 50 --operands-only
cmp --quiet operands.txt stdout || fail "--operands-only does not write the same operands"
grep --quiet --extended-regexp --invert-match '^[0-9A-F]{8} [0-9A-F]{8}$' stdout && fail "a line is not two encodings"

# Equal seeds give equal vectors, other seeds others.
expect 0 '*' '' "$PAMKIT" vectors div --seed 5 --count 70000
cp stdout first
expect 0 '*' '' "$PAMKIT" vectors div --seed 5 --count 70000
cmp --quiet first stdout || fail "one seed gave two streams"
expect 0 '*' '' "$PAMKIT" vectors div --seed 6 --count 70000
cmp --quiet first stdout && fail "two seeds gave one stream"

finish
