# Sourced by the tests: `expect` runs the program and compares what it says and how it ends.
set -u
: "${PAMKIT:?names the pamkit program}"
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd -- "$work" || exit 1
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# expect CODE OUT ERR COMMAND...: the exit code is CODE; standard output matches the extended regular expression OUT
# and standard error ERR, each somewhere; "" asks for nothing at all there and "*" for anything. Standard error has at
# most one line, and whatever standard input holds is passed on.
expect() {
  local code=$1 out=$2 err=$3 got=0
  shift 3
  "$@" >"$work/stdout" 2>"$work/stderr" || got=$?
  [[ $got == "$code" ]] || fail "exit code $got instead of $code: $*: $(head -c 300 "$work/stderr")"
  matches "$work/stdout" "$out" || fail "standard output lacks '$out': $*: $(head -c 300 "$work/stdout")"
  matches "$work/stderr" "$err" || fail "standard error lacks '$err': $*: $(head -c 300 "$work/stderr")"
  (($(wc -l <"$work/stderr") <= 1)) || [[ $err == "*" ]] || fail "more than one line of complaint: $*"
}

matches() {
  case $2 in
    '*') return 0 ;;
    '') [[ ! -s $1 ]] ;;
    *) grep --extended-regexp --quiet --regexp="$2" "$1" ;;
  esac
}

finish() {
  ((failures == 0)) || { echo "$failures failed"; exit 1; }
}
