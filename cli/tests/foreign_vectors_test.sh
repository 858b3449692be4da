# check accepts what an independent program computed from the real-number definitions, and nothing else.
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
command -v python3 >/dev/null || { echo "NOT RUN: foreign_vectors.py needs python3"; exit 77; }
source "$here/expect.sh"

count=${FOREIGN_VECTORS:-250}
python3 "$here/foreign_vectors.py" foreign --count "$count" --overflow infinity,saturate
for file in foreign/*.txt; do
  IFS=- read -r operation format policy overflow <<<"$(basename -- "$file" .txt)"
  arguments=("$operation" --format "$format" --policy "$policy" --overflow "$overflow")
  expect 0 "^$count lines, 0 wrong$" '' "$PAMKIT" check "${arguments[@]}" "$file"

  # One result bit flipped: the lowest that the format keeps.
  middle=$((count / 2 + 1))
  line=$(sed -n "${middle}p" "$file")
  operands=${line% *}
  result=${line##* }
  bit=$([[ $format == binary32m7 ]] && echo $((1 << 16)) || echo 1)
  flipped=$(printf '%0*X' "${#result}" $((16#$result ^ bit)))
  sed "${middle}s/.*/$operands $flipped/" "$file" >flipped.txt
  expect 1 "^line $middle: $operation $operands: got $flipped, expected $result," '' \
    "$PAMKIT" check "${arguments[@]}" flipped.txt
done

finish
