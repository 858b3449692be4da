# What check does with input that is none, or is meant to hurt.
source "${BASH_SOURCE[0]%/*}/expect.sh"

# judge CODE OUT ERR TEXT ARGUMENT...: check mul on a text with printf's escapes.
judge() {
  local code=$1 out=$2 err=$3 text=$4
  shift 4
  # shellcheck disable=SC2059
  printf "$text" >input
  expect "$code" "$out" "$err" "$PAMKIT" check mul "$@" <input
}

right='3FC00000 3FC00000 40000000'
judge 0 '^1 line, 0 wrong$' '' "$right\n"
judge 0 '^1 line, 0 wrong$' '' "$right"
judge 0 '^2 lines, 0 wrong$' '' "$right\r\n$right\r\n"
judge 0 '^1 line, 0 wrong$' '' '3fc00000 3Fc00000 40000000\n'
judge 2 '' 'standard input:1: empty input' ''
judge 2 '' 'standard input:1: empty line' '\n'
judge 2 '' 'standard input:2: empty line' "$right\n\n$right\n"
judge 2 '' 'standard input:2: field 3 has 7 characters' "$right\n3FC00000 3FC00000 4000000"
judge 2 '' 'standard input:1: field 1 has 7 characters' '3FC0000 3FC00000 40000000\n'
judge 2 '' 'standard input:1: field 1 is too long' '03FC00000 3FC00000 40000000\n'
judge 2 '' 'standard input:1: 2 fields instead of 3 in' '3FC00000 3FC00000\n'
judge 2 '' 'standard input:1: 4 fields instead of 3 in' '3FC00000 3FC00000 40000000 00\n'
judge 2 '' 'standard input:1: 5 fields instead of 3 in' "$right 3FC00000 3FC00000\n"
judge 2 '' 'standard input:2: 21 fields instead of 3 in' "$right\n$(printf '3FC00000 %.0s' {1..20})3FC00000\r\n$right\n"
judge 2 '' 'standard input:1: 21 fields instead of 3 in' "$(printf '3FC00000 %.0s' {1..20})3FC00000"
judge 2 '' 'standard input:1: field 22 is empty' "$(printf '3FC00000 %.0s' {1..21})\n"
# A line that goes on beyond what is read at once: not counted, not waited for.
expect 2 '' 'standard input:1: more than [0-9]+ fields instead of 3 in' bash -c \
  'yes 3FC00000 | tr "\n" " " | "$PAMKIT" check mul; exit ${PIPESTATUS[2]}'
judge 2 '' 'standard input:1: field 2 is empty' '3FC00000  3FC00000 40000000\n'
judge 2 '' 'standard input:1:' ' 3FC00000 3FC00000 40000000\n'
judge 2 '' 'standard input:1:' '3FC00000 3FC00000 40000000 \n'
judge 2 '' 'standard input:1:' '3FC00000\t3FC00000 40000000\n'
judge 2 '' 'standard input:1: field 3 is not hexadecimal' '3FC00000 3FC00000 4000000G\n'
judge 2 '' 'standard input:1: field 1 is too long' '0x3FC00000 3FC00000 40000000\n'
judge 2 '' 'standard input:1: field 2 is not hexadecimal' '3FC00000 3FC0000\x00 40000000\n'
judge 2 '' 'standard input:1:' '\xff\xfe\x00\x80\n'
judge 2 '' 'bfloat16' "$right\n" --format bfloat16
judge 2 '' 'low 16 bits set, which binary32m7 drops' '3FC00001 3FC00000 40000000\n' --format binary32m7
# A result is whatever a unit answers: the dropped bits make it a wrong one, also where any NaN will do.
judge 1 'got 40000001, expected 40000000, one of the low 16 bits set, which binary32m7 drops; replay' '' \
  '3FC00000 3FC00000 40000001\n' --format binary32m7
judge 1 'got 7FC00001, expected 7FC00000, one of the low 16 bits set' '' '7FFF0000 3FC00000 7FC00001\n' \
  --format binary32m7 --any-nan
judge 1 '^2 lines, 1 wrong' '' "$right\n3FC00000 3FC00000 40000001\n" --format binary32m7

# So many lines there have to be: an implementation that ended early does not pass.
judge 0 '^1 line, 0 wrong$' '' "$right\n" --count 1
judge 2 '^1 line, 0 wrong$' 'standard input: 1 line, and --count says 2; see how what wrote them ended' "$right\n" --count 2
judge 2 '^2 lines, 1 wrong$' 'standard input: 2 lines, and --count says 1' "$right\n3FC00000 3FC00000 40000001\n" --count 1

# A factor is rounded to the fraction bits of the operands: RN(0.0689 * 2^22) = 288988, twice that in the unit of binary32.
judge 0 '^1 line, 0 wrong' '' 'BF800002 3F7FFFFC BF88D1B6\n' --format binary32m22 --arithmetic pam:1.0689
judge 1 'got BF88D1B4, expected BF88D1B6' '' 'BF800002 3F7FFFFC BF88D1B4\n' --format binary32m22 --arithmetic pam:1.0689

# A malformed line is graver than a wrong result, and what is before it is judged all the same.
judge 2 '^line 1: mul 3FC00000 3FC00000: got 40000001' 'standard input:2' '3FC00000 3FC00000 40000001\nx\n'

# NaNs with payloads are operands; as results only the canonical one is right, unless any is.
judge 0 '0 wrong' '' '7F800001 3FC00000 7FC00000\nFFFFFFFF 00000000 7FC00000\n'
judge 1 'got FFC00000, expected 7FC00000, a NaN' '' '7F800001 3FC00000 FFC00000\n'
judge 0 '0 wrong' '' '7F800001 3FC00000 FFC00000\n' --any-nan
judge 1 'got 7F800000' '' '7F800001 3FC00000 7F800000\n' --any-nan
judge 1 'got 7FC00000, expected 40000000, a NaN' '' '3FC00000 3FC00000 7FC00000\n' --any-nan
judge 1 'got 00000000, expected 80000000, 0 ulp' '' '80000000 3F800000 00000000\n'

# Lines without end, and binary input, are refused at once.
start=$SECONDS
head -c 100000000 /dev/zero >zeros
expect 2 '' 'standard input:1: field 1 is too long' "$PAMKIT" check mul <zeros
expect 2 '' 'standard input:1: field 1 is too long' bash -c '"$PAMKIT" check mul < <(yes A | tr -d "\n")'
expect 2 '' 'standard input:1:' bash -c 'head -c 1000000 /dev/urandom | "$PAMKIT" check mul'
((SECONDS - start < 60)) || fail "hostile input took $((SECONDS - start)) s"

expect 2 '' 'nowhere: No such file' "$PAMKIT" check mul nowhere

# An empty value, as an unset variable of a script gives, is not an option left out.
expect 2 '' '--got: the value is empty' "$PAMKIT" explain mul 3FC00000 3FC00000 --got ''
expect 2 '' '--shard: the value is empty' "$PAMKIT" verify --op mul --property P1 --shard ''
expect 2 '' '--diff: the value is empty' "$PAMKIT" report --diff ''
expect 2 '' 'FILE: the value is empty' "$PAMKIT" check mul ''
expect 2 '' '--shape: .*is no shape' "$PAMKIT" vectors layer_norm --shape 2x5,5,5/eps=0.1/eps=1000
expect 2 '' 'Is a directory' "$PAMKIT" check mul .
if ((EUID != 0)); then
  echo "$right" >secret && chmod 0 secret
  expect 2 '' 'secret: Permission denied' "$PAMKIT" check mul secret
fi
expect 2 '' 'Bad file descriptor|empty input' bash -c '"$PAMKIT" check mul <&-'

finish
