# identify names what made the vectors, says so where it cannot tell, and finds nothing for anything else.
source "${BASH_SOURCE[0]%/*}/expect.sh"

# identified WANT ARGUMENTS...: the vectors in vectors.txt give exactly the lines WANT.
identified() {
  local want=$1
  shift
  expect 0 '*' '' "$PAMKIT" identify mul "$@" vectors.txt
  [[ $(<stdout) == "$want" ]] || fail "identify $* says: $(<stdout), not: $want"
}

# Every policy of pam, with and without compensation, from the vectors of level quick.
for alpha in '' :1.0552 :1.5; do
  case $alpha in
    '') found='alpha=1 compensation=0' ;;
    :1.0552) found='alpha=1.0552 compensation=463051' ;;  # RN(0.0552 * 2^23) = RN(463051.2)
    *) found='alpha=1.5 compensation=4194304' ;;
  esac
  for policy in flush gradual; do
    for overflow in infinity saturate; do
      "$PAMKIT" vectors mul --arithmetic "pam$alpha" --policy "$policy" --overflow "$overflow" >vectors.txt
      identified "arithmetic=pam $found policy=$policy overflow=$overflow profile=default"
    done
  done
  "$PAMKIT" vectors mul --arithmetic "pam$alpha" --profile paper >vectors.txt
  identified "arithmetic=pam $found policy=either overflow=either profile=paper"
done

# The other arithmetics. l_mul is pam with 2^-4, and is both.
"$PAMKIT" vectors mul --arithmetic l_mul >vectors.txt
identified 'arithmetic=l_mul alpha=1.0625 compensation=524288 policy=flush overflow=infinity profile=default
arithmetic=pam alpha=1.0625 compensation=524288 policy=flush overflow=infinity profile=default'
"$PAMKIT" vectors mul --arithmetic exact --overflow saturate >vectors.txt
identified 'arithmetic=exact alpha=1 compensation=0 policy=either overflow=saturate profile=default'
"$PAMKIT" vectors mul --arithmetic power_of_two --policy gradual >vectors.txt
identified 'arithmetic=power_of_two alpha=1 compensation=0 policy=gradual overflow=infinity profile=default'
"$PAMKIT" vectors mul --arithmetic adder >vectors.txt
identified 'arithmetic=adder alpha=1 compensation=0 policy=either overflow=either profile=default'

# Normal operands and results in the middle of the range cannot tell the policies, nor the profile: where a and b are
# both from [1, 2) the exponents stay.
middle() { awk '$1 ~ /^3[F]8/ && $2 ~ /^3[F]8/'; }
for arithmetic in pam pam:1.0552 l_mul exact power_of_two; do
  "$PAMKIT" vectors mul --level standard --arithmetic "$arithmetic" | middle >vectors.txt
  (($(wc -l <vectors.txt) > 100)) || fail "only $(wc -l <vectors.txt) lines from the middle of the range"
  expect 0 "^arithmetic=${arithmetic%%:*} .* policy=either overflow=either profile=default$" '' "$PAMKIT" identify mul vectors.txt
done
"$PAMKIT" vectors mul --level standard --arithmetic pam:1.0552 | middle >vectors.txt
identified 'arithmetic=pam alpha=1.0552 compensation=463051 policy=either overflow=either profile=default
arithmetic=pam alpha=1.0552 compensation=463051 policy=either overflow=either profile=paper'

# One line that says little, lines that leave several compensations, and no line against any.
echo '3F800000 40000000 40000000' >vectors.txt
identified 'arithmetic=exact alpha=1 compensation=0 policy=either overflow=either profile=default
arithmetic=pam alpha=1 compensation=0 policy=either overflow=either profile=default
arithmetic=pam alpha=1 compensation=0 policy=either overflow=either profile=paper
arithmetic=power_of_two alpha=1 compensation=0 policy=either overflow=either profile=default'
# Fractions 1/2 and 0: the slope is 1 until the compensation reaches 1/2.
echo '3FC00000 3F800000 3F800000' >vectors.txt
expect 0 '^arithmetic=pam alpha=1..1.4999999 compensation=0..4194303 policy=either overflow=either profile=default$' '' \
  "$PAMKIT" identify mul_da vectors.txt
echo '7FC00000 3F800000 7FC00000' >vectors.txt
expect 0 '^arithmetic=pam alpha=any compensation=any policy=either overflow=either profile=paper$' '' "$PAMKIT" identify mul vectors.txt
# A product past the range under gradual: infinity or MAX, and nothing about subnormals.
echo '7F000000 40000000 7F7FFFFF' >vectors.txt
expect 0 '^arithmetic=exact alpha=1 compensation=0 policy=either overflow=saturate profile=default$' '' "$PAMKIT" identify mul vectors.txt

# Whatever vectors writes is identified, under every operation, and every line that is printed is true: check agrees
# under each setting that it stands for.
form='^arithmetic=([a-z_]+) alpha=([^ ]+) compensation=[^ ]+ policy=([a-z]+) overflow=([a-z]+) profile=([a-z]+)$'
confirm() {
  local operation=$1 format=$2 line arithmetic alpha policy overflow profile p o
  while read -r line; do
    [[ $line =~ $form ]] ||
      { fail "not a line of identify: $line"; continue; }
    arithmetic=${BASH_REMATCH[1]} alpha=${BASH_REMATCH[2]} policy=${BASH_REMATCH[3]} overflow=${BASH_REMATCH[4]}
    profile=${BASH_REMATCH[5]}
    [[ $arithmetic == pam && $alpha != any ]] && arithmetic=pam:${alpha%%..*}
    [[ $profile == default ]] || { policy=flush overflow=infinity; }
    for p in ${policy/either/flush gradual}; do
      for o in ${overflow/either/infinity saturate}; do
        expect 0 ', 0 wrong$' '' "$PAMKIT" check "$operation" --format "$format" --arithmetic "$arithmetic" --policy "$p" \
          --overflow "$o" --profile "$profile" vectors.txt
      done
    done
  done
}
pairs=$("$PAMKIT" list operations | awk 'NR > 1 && $2 != "tensors" { for (i = 3; i <= NF; ++i) print $1, $i }')
while read -r operation arithmetic; do
  for rules in 'binary32 flush saturate' 'bfloat16 gradual infinity' 'e4m3 flush infinity' 'e5m2 gradual saturate' 'binary32m3 flush infinity'; do
    read -r format policy overflow <<<"$rules"
    chosen=$arithmetic
    [[ $arithmetic == pam ]] && chosen=pam:1.25
    "$PAMKIT" vectors "$operation" --arithmetic "$chosen" --format "$format" --policy "$policy" --overflow "$overflow" --count 3000 >vectors.txt
    expect 0 "^arithmetic=$arithmetic .* policy=($policy|either) overflow=($overflow|either) profile=default$" '' \
      "$PAMKIT" identify "$operation" --format "$format" vectors.txt
    cp stdout lines
    confirm "$operation" "$format" <lines
    # 1.25 is ONE and a quarter of MIN.
    case $format in
      bfloat16) quarter=32 ;;
      e4m3) quarter=2 ;;
      e5m2) quarter=1 ;;
      *) quarter=2097152 ;;
    esac
    case $chosen,$operation in
      pam:*,mul | pam:*,div) grep --quiet "compensation=$quarter " lines || fail "$operation in $format: not $quarter: $(<lines)" ;;
      pam:*,exp | pam:*,pow) grep --quiet 'arithmetic=pam alpha=any compensation=any' lines || fail "$operation depends on no compensation" ;;
    esac
  done
done <<<"$pairs"
for operation in mul div mul_da div_da div_db; do
  "$PAMKIT" vectors "$operation" --arithmetic pam:1.0552 --profile paper >vectors.txt
  expect 0 '^arithmetic=pam .* profile=paper$' '' "$PAMKIT" identify "$operation" vectors.txt
  (($(wc -l <stdout) == 1)) || fail "paper's $operation is also: $(<stdout)"
  cp stdout lines
  confirm "$operation" binary32 <lines
done

# One wrong bit anywhere, and nothing is left.
"$PAMKIT" vectors mul --count 5000 >vectors.txt
for at in 1 997 2500 5000; do
  read -r a b result <<<"$(sed -n "${at}p" vectors.txt)"
  wrong=$(printf '%08X' $((0x$result ^ 1)))
  sed "${at}s/.*/$a $b $wrong/" vectors.txt >wrong.txt
  expect 1 '^none$' '' "$PAMKIT" identify mul wrong.txt
  (($(wc -l <stdout) == 1)) || fail "a wrong line $at leaves: $(<stdout)"
done
# --why names the line, what it has and what was expected.
expect 1 "^not arithmetic=pam policy=flush overflow=infinity profile=default: line 5000: $a $b gives $wrong, expected $result" '' \
  "$PAMKIT" identify mul wrong.txt --why
expect 1 '^not arithmetic=exact policy=either overflow=either profile=default: line [0-9]+: ' '' "$PAMKIT" identify mul --why wrong.txt
# A second compensation contradicts the first, which says from which line it is.
printf '%s\n' '3F800000 3F800000 3F8710CB' '3F800000 3F800000 3F8710CC' >wrong.txt
expect 1 'not arithmetic=pam policy=either.* line 2: .* expected 3F8710CB with the compensation 463051 that line 1 leaves$' '' \
  "$PAMKIT" identify mul wrong.txt --why
"$PAMKIT" vectors div --count 100 >wrong.txt
expect 0 '^not arithmetic=l_mul policy=either overflow=either profile=default: div is not defined$' '' "$PAMKIT" identify div wrong.txt --why

# Approximate multipliers of other kinds: pam on operands cut to 12 fraction bits, and pam rounded half up at 16.
other() {
  local a b A B  # A and B are what the expression is about
  while read -r a b; do
    A=$((0x$a)) B=$((0x$b))
    printf '%s %s %08X\n' "$a" "$b" $(($1))
  done
}
"$PAMKIT" vectors mul --level standard --operands-only | middle | head -n 300 >operands.txt
other '(A & ~0x7FF) + (B & ~0x7FF) - 0x3F800000' <operands.txt >vectors.txt
expect 1 '^none$' '' "$PAMKIT" identify mul vectors.txt
other '(A + B - 0x3F800000 + 0x40) & ~0x7F' <operands.txt >vectors.txt
expect 1 '^none$' '' "$PAMKIT" identify mul vectors.txt
other 'RANDOM << 16 ^ RANDOM << 8 ^ A' <operands.txt >vectors.txt
expect 1 '^none$' '' "$PAMKIT" identify mul vectors.txt
other 'A + B - 0x3F800000' <operands.txt >vectors.txt
expect 0 '^arithmetic=pam alpha=1 compensation=0 policy=either overflow=either profile=default$' '' "$PAMKIT" identify mul vectors.txt

# NaNs of any encoding, where that is asked for.
printf '%s\n' '7FC00000 3F800000 FFC12345' '3FC00000 3FC00000 40000000' >vectors.txt
expect 1 '^none$' '' "$PAMKIT" identify mul vectors.txt
expect 0 '^arithmetic=pam alpha=1 ' '' "$PAMKIT" identify mul --any-nan vectors.txt

# Input that cannot be read, as check has it; what is not an option.
expect 2 '' 'standard input:1: empty input' "$PAMKIT" identify </dev/null
printf '%s\n' '3F800000 3F800000 3F800000' '3F800000 3F8' >wrong.txt
expect 2 '' 'wrong.txt:2: ' "$PAMKIT" identify mul wrong.txt
expect 2 '' "OP: no operation 'mull'; there are .*did you mean 'mul'" "$PAMKIT" identify mull
expect 2 '' "no format 'binary33'" "$PAMKIT" identify --format binary33
expect 0 'Exit codes:' '' "$PAMKIT" identify --help

# Streams: memory does not grow with the input.
expect 0 '^arithmetic=pam alpha=1 compensation=0 policy=flush overflow=infinity profile=default$' '' \
  bash -c 'ulimit -v 400000; "$PAMKIT" vectors mul --count 400000 | "$PAMKIT" identify'

# A result with bits that the format drops is nobody's; operands with them are malformed.
echo '3FC00000 3FC00000 40000001' >vectors.txt
expect 1 '^none$' '' "$PAMKIT" identify mul --format binary32m7 vectors.txt
echo '3FC00001 3FC00000 40000000' >vectors.txt
expect 2 '' 'vectors.txt:1: field 1 has one of the low 16 bits set' "$PAMKIT" identify mul --format binary32m7 vectors.txt

# A part of an enumeration is drawn from all over it, and tells what the whole tells.
for format in e4m3 e5m2; do
  for arithmetic in pam exact power_of_two; do
    for policy in flush gradual; do
      for overflow in infinity saturate; do
        arguments=(mul --format "$format" --arithmetic "$arithmetic" --policy "$policy" --overflow "$overflow")
        "$PAMKIT" vectors "${arguments[@]}" >vectors.txt
        expect 0 "^arithmetic=$arithmetic .*overflow=$overflow" '' "$PAMKIT" identify mul --format "$format" vectors.txt
        cp stdout whole.txt
        "$PAMKIT" vectors "${arguments[@]}" --count 2000 >vectors.txt
        expect 0 '*' '' "$PAMKIT" identify mul --format "$format" vectors.txt
        cmp --quiet whole.txt stdout || fail "2000 lines of ${arguments[*]} give $(<stdout), all of them $(<whole.txt)"
      done
    done
  done
done
(($(sort --unique vectors.txt | wc -l) == 2000)) || fail "a part of an enumeration has lines twice"
"$PAMKIT" vectors exp2 --format bfloat16 --count 65536 >first
"$PAMKIT" vectors exp2 --format bfloat16 | cmp - first || fail "a whole enumeration depends on --count"
sort --check first || fail "a whole enumeration is not in numeric order"
(($("$PAMKIT" vectors exp2 --format bfloat16 --count 512 | cut -c1-2 | sort --unique | wc -l) > 250)) ||
  fail "512 of 65536 operands have few of the exponents"

finish
