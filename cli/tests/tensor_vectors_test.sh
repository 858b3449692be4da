# Vectors of tensor operations: what vectors writes check accepts, one wrong bit it does not, and bad lines are told.
source "${BASH_SOURCE[0]%/*}/expect.sh"

for operation in matmul bmm linear sum mean norm softmax log_softmax logsumexp layer_norm cross_entropy attention \
  conv2d dropout adamw_step clip_grad_norm sigmoid tanh gelu matmul_vjp linear_vjp softmax_vjp layer_norm_vjp \
  cross_entropy_vjp attention_vjp conv2d_vjp sigmoid_vjp tanh_vjp gelu_vjp; do
  for rules in 'binary32 flush infinity 5' 'bfloat16 gradual saturate 3' 'e4m3 flush infinity 9' 'binary32m7 gradual infinity 2'; do
    read -r format policy overflow length <<<"$rules"
    arguments=("$operation" --format "$format" --policy "$policy" --overflow "$overflow" --length "$length")
    "$PAMKIT" vectors "${arguments[@]}" --count 18 >vectors.txt || fail "vectors ${arguments[*]}"
    expect 0 '^18 lines, 0 wrong$' '' "$PAMKIT" check "${arguments[@]}" vectors.txt
  done
done

# A dot product by hand: 1 . 1 + 1.5 . 1.5 = 1 + 2; the sum of a row in lanes; a slope applied.
echo '3F800000 3FC00000 3F800000 3FC00000 40400000' >dot.txt
expect 0 '^1 line, 0 wrong$' '' "$PAMKIT" check matmul --length 2 dot.txt
echo '3C 3C 40 44' >sum.txt
expect 0 '^1 line, 0 wrong$' '' "$PAMKIT" check sum --length 3 --format e5m2 sum.txt

# The last bit of a result.
"$PAMKIT" vectors softmax --length 4 --count 40 >softmax.txt
line=$(sed -n 10p softmax.txt)
last=${line##* }
flipped=$(printf '%08X' $((16#$last ^ 1)))
sed "10s/$last\$/$flipped/" softmax.txt >wrong.txt
expect 1 "^line 10: softmax: result 3: got $flipped, expected $last, 1 ulp; replay: ./pamkit verify --property P44 --op softmax --shape 1x4 --replay" \
  '' "$PAMKIT" check softmax --length 4 wrong.txt
expect 1 '^40 lines, 1 wrong$' '' "$PAMKIT" check softmax --length 4 wrong.txt
replay=$("$PAMKIT" check softmax --length 4 wrong.txt | sed -n 's/.*replay: .\/pamkit //p')
read -ra words <<<"$replay"
expect 0 '^  holds$' '' "$PAMKIT" "${words[@]}"

# Both derivatives, and shapes with attributes.
"$PAMKIT" vectors softmax_vjp --length 4 --count 200 >approx.txt
"$PAMKIT" vectors softmax_vjp --length 4 --count 200 --derivative exact >exact.txt
cmp --quiet approx.txt exact.txt && fail "both derivatives of softmax are equal"
expect 1 '^200 lines, [0-9]+ wrong$' '' "$PAMKIT" check softmax_vjp --length 4 --errors 0 exact.txt
expect 0 '^27 lines, 0 wrong$' '' bash -c \
  "'$PAMKIT' vectors layer_norm --shape 2x5,5,5/eps=0.001 --count 27 | '$PAMKIT' check layer_norm --shape 2x5,5,5/eps=0.001"
expect 0 '^1 line, 0 wrong$' '' bash -c "'$PAMKIT' vectors matmul --length 3000 --count 1 | '$PAMKIT' check matmul --length 3000"
"$PAMKIT" vectors matmul --length 2 --count 3 --operands-only | grep --quiet --extended-regexp --invert-match '^[0-9A-F]{8}( [0-9A-F]{8}){3}$' &&
  fail "--operands-only writes results"

# So many lines there have to be.
expect 0 '^1 line, 0 wrong$' '' "$PAMKIT" check matmul --length 2 dot.txt --count 1
expect 2 '^1 line, 0 wrong$' 'dot.txt: 1 line, and --count says 2' "$PAMKIT" check matmul --length 2 dot.txt --count 2

# What is refused.
for command in vectors check; do
  for what in 'matmul --shape 0x2,2x0' 'matmul --shape 0x2,2x3' 'softmax --shape 0x4'; do
    read -ra words <<<"$what"
    expect 2 '' 'shape: ' "$PAMKIT" "$command" "${words[@]}" </dev/null
  done
  expect 2 '' 'shape: matmul has no result of this shape' "$PAMKIT" "$command" matmul --shape 0x2,2x0 </dev/null
done
expect 2 '' "dot.txt:1: 5 fields instead of 7 in .*a binary32 line is 'a\[0\] a\[1\] a\[2\] b\[0\] b\[1\] b\[2\] RESULT\[0\]': 7 fields" \
  "$PAMKIT" check matmul --length 3 dot.txt
expect 2 '' "shape: .* needs \[3\]|shape: .*gain" "$PAMKIT" vectors layer_norm --shape 2x3,2,3
expect 2 '' "shape: 'x' is no shape.*2x5,5,5" "$PAMKIT" vectors layer_norm --shape x
expect 2 '' 'shape: matmul: the shapes of a and b do not fit' "$PAMKIT" vectors matmul --shape 2x3,2x3
expect 2 '' "length: '0' is not a whole number" "$PAMKIT" vectors sum --length 0
expect 2 '' 'derivative: sum is no derivative' "$PAMKIT" vectors sum --derivative exact
expect 2 '' "length: 'mul' is not a tensor operation" "$PAMKIT" vectors mul --length 3
expect 2 '' 'OP: softmax is not defined for arithmetic adder' "$PAMKIT" vectors softmax --arithmetic adder
big='it makes a tensor of more than 1048576 elements'
for padding in 1000000000 100000 600; do
  expect 2 '' "shape: conv2d: $big; name smaller shapes or less padding" "$PAMKIT" vectors conv2d \
    --shape "1x1x3x3,1x1x3x3,1/padding=$padding"
done
expect 2 '' "shape: matmul: $big" "$PAMKIT" vectors matmul --shape 1048576x1,1x2
expect 2 '' "shape: bmm: $big" "$PAMKIT" vectors bmm_vjp --shape 2x1000x1,2x1x1000
expect 2 '' "shape: linear: $big" "$PAMKIT" check linear --shape 1000000x1,2x1,2 dot.txt
expect 2 '' "shape: attention: $big" "$PAMKIT" vectors attention --shape 1x2000x1,1x2000x1,1x2000x1,1x1x1
expect 2 '' 'at most 1048576 elements' "$PAMKIT" vectors sum --shape 2000x2000
for eps in nan inf -inf -nan; do
  expect 2 '' "shape: .* is no shape; .*attributes, finite numbers" "$PAMKIT" vectors layer_norm --shape "2x5,5,5/eps=$eps"
done
expect 2 '' "OP: no operation 'softmx'; there are .*mul.* softmax, .*did you mean 'softmax'" "$PAMKIT" vectors softmx
expect 2 '' "OP: no operation 'conv3d'; there are .*mul.* conv2d, .*did you mean 'conv2d'" "$PAMKIT" check conv3d
expect 0 '^softmax +tensors +.*exact.*pam' '' "$PAMKIT" list operations
echo '3F800000 3F800000 00000007 3F800000' >class.txt
expect 2 '' 'class.txt:1: cross_entropy: class 7 is none of 2' "$PAMKIT" check cross_entropy --length 2 class.txt

finish
