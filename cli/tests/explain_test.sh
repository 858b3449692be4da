# explain: the paper's example, special operands, formats, and what it says about a wrong result.
source "${BASH_SOURCE[0]%/*}/expect.sh"

# 1.5 . 1.5 = 2, with the largest relative error there is.
expect 0 '40000000' '' "$PAMKIT" explain mul 3FC00000 3FC00000
grep --quiet -- '-1/9' stdout || fail "explain lacks the exact error -1/9"
grep --quiet '9/4' stdout || fail "explain lacks the ordinary product 9/4"
grep --quiet 'r = mag(a) + mag(b) - ONE' stdout || fail "explain lacks the integer form"
for backend in scalar simd; do
  grep --quiet --extended-regexp "^$backend +40000000 .*right" stdout || fail "explain lacks $backend"
done
cp stdout encodings
expect 0 . '' "$PAMKIT" explain mul 1.5 +1.5
cmp --quiet encodings stdout || fail "decimal operands are explained otherwise"

# A number with a minus is no option.
expect 0 '^a +FF800000' '' "$PAMKIT" explain mul -inf 1.5
expect 0 '^b +FFC00000' '' "$PAMKIT" explain mul 1.5 -nan
expect 0 '^a +C4BB8000' '' "$PAMKIT" explain exp2 -1.5e3
expect 0 '^a +BF000000' '' "$PAMKIT" explain mul -.5 -.5 --got 0.25
expect 0 '^--got +FF800000 .*right' '' "$PAMKIT" explain mul -inf 1.5 --got -inf
expect 2 '' "no option '-x'" "$PAMKIT" explain mul -x 1.5
expect 2 '' "A: '-inf' is no e4m3 operand" "$PAMKIT" explain mul -inf 1.5 --format e4m3

expect 1 'wrong: one of the low 16 bits set, which binary32m7 drops' '' \
  "$PAMKIT" explain mul 3FC00000 3FC00000 --got 40000001 --format binary32m7
expect 1 'wrong by 1 ulp' '' "$PAMKIT" explain mul 3FC00000 3FC00000 --got 40000001
expect 0 'right' '' "$PAMKIT" explain mul 3FC00000 3FC00000 --got 40000000
expect 3 . 'cuda is not here' "$PAMKIT" explain mul 3FC00000 3FC00000 --backend cuda,scalar
expect 1 . 'cuda is not here' "$PAMKIT" explain mul 3FC00000 3FC00000 --backend cuda,scalar --got 0.0
expect 0 '"relative_error": "-1/9"' '' "$PAMKIT" explain mul 3FC00000 3FC00000 --json -
expect 0 . '' "$PAMKIT" explain mul 3FC00000 3FC00000 --json case.json
grep --quiet '"schema": "pamkit.explain/1"' case.json || fail "case.json has no schema"

# The integer form ends at the golden model's result wherever it stays in range.
seen=0
for operation in mul div exp2; do
  for rules in 'binary32 flush' 'bfloat16 gradual' 'e4m3 gradual' 'binary32m7 flush' 'e5m2 flush'; do
    read -r format policy <<<"$rules"
    while read -r line; do
      result=${line##* }
      # shellcheck disable=SC2086
      expect 0 . '' "$PAMKIT" explain $operation ${line% *} --format "$format" --policy "$policy"
      grep --quiet 'r is the magnitude of the result' stdout || continue
      seen=$((seen + 1))
      sum=$(sed -n 's/^  r = .* = 0x\([0-9A-F]*\)$/\1/p' stdout)
      ((16#$sum == (16#$result & (1 << 4 * ${#result} - 1) - 1))) || fail "explain $operation $line has r = $sum"
    done < <("$PAMKIT" vectors "$operation" --format "$format" --policy "$policy" | shuf -n 12 --random-source=<(yes))
  done
done
((seen > 30)) || fail "only $seen cases stayed in range"

# Every operation on the landmarks of every format, each under other rules.
operations=$("$PAMKIT" list operations | awk 'NR > 1 && $2 != "tensors" { print $1, $2 }')
while read -r operation operands; do
  for line in 'binary32 3F800000 00000000 00000001 7F7FFFFF 7F800000 FFC00001' 'e5m2 3C 00 01 7B 7C FE' \
    'e4m3 38 80 07 7E 7F FF' 'binary32m7 40490000 80010000 00800000 7F7F0000 FF800000 7FFF0000'; do
    read -r format landmarks <<<"$line"
    for x in $landmarks; do
      expect 0 '^golden model' '' "$PAMKIT" explain "$operation" "$x" $([[ $operands == 1 ]] || echo "$x") \
        --format "$format" --policy gradual --overflow saturate
    done
  done
done <<<"$operations"

finish
