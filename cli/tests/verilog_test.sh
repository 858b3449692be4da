# The Verilog multiplier of examples/verilog, simulated with Verilator, passes; with its planted bug it does not.
here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
command -v verilator >/dev/null || { echo "NOT RUN: examples/verilog needs verilator"; exit 77; }
source "$here/expect.sh"
run=$here/../../examples/verilog/run.sh

expect 0 '^65536 lines, 0 wrong$' '' "$run" e4m3 e5m2
expect 0 '^100000 lines, 0 wrong$' '' env COUNT=100000 "$run" bfloat16
expect 1 '^line 1340: mul 05 3B: got 00, expected 04' '' env BUG=1 "$run" e5m2
expect 2 '' "no format 'e9m9'" "$run" e9m9

finish
