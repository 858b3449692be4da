# Shards, merge and the journal: the pieces of a run give the rows of the whole.
source "${BASH_SOURCE[0]%/*}/expect.sh"
small=(--format e4m3,bfloat16 --arithmetic pam,exact --op mul,exp2,matmul --property P1,P4,P45)

# Everything but dates.
rows() { grep --invert-match '"date"' "$1"; }

"$PAMKIT" verify "${small[@]}" --out whole --quiet >/dev/null || fail "the whole run"
for i in 1 2 3; do
  "$PAMKIT" verify "${small[@]}" --shard $i/3 --out part-$i --quiet >/dev/null || fail "shard $i"
done
grep --quiet '"index": 2' part-2/verify.json || fail "a shard does not name itself"
expect 0 'joined/verify.json written' '' "$PAMKIT" merge part-3 part-1/verify.json part-2 --out joined --quiet
cmp <(rows whole/verify.json) <(rows joined/verify.json) || fail "merged shards are not the whole"

# One shard of one, as a scheduler with one rank asks for it.
"$PAMKIT" verify "${small[@]}" --shard 1/1 --out only --quiet >/dev/null || fail "shard 1 of 1"
expect 0 'alone/verify.json written' '' "$PAMKIT" merge only --out alone --quiet
cmp <(rows whole/verify.json) <(rows alone/verify.json) || fail "the one shard of a run is not the whole"

# What does not belong together.
expect 2 '' 'shard 2 of 3 is missing' "$PAMKIT" merge part-1 part-3 --out bad
expect 2 '' 'shard 1 is there twice' "$PAMKIT" merge part-1 part-2 part-3 part-1 --out bad
expect 2 '' 'part-1/verify.json is a shard and would be replaced' "$PAMKIT" merge part-1 part-2 part-3 --out part-1
expect 2 '' 'is no shard' "$PAMKIT" merge whole --out bad
expect 2 '' 'cannot read' "$PAMKIT" merge part-1 nowhere --out bad
"$PAMKIT" verify "${small[@]}" --seed 2 --shard 2/3 --out other --quiet >/dev/null
expect 2 '' 'their seed differs|their options differs|differs' "$PAMKIT" merge part-1 other part-3 --out bad
# What was asked for is named, and not what follows from it: this level has other tasks too.
levels=(--format e4m3 --arithmetic pam --op mul --property P1 --backend scalar --quiet)
"$PAMKIT" verify "${levels[@]}" --shard 1/2 --out quick >/dev/null
"$PAMKIT" verify "${levels[@]}" --level exhaustive --shard 2/2 --out exhaustive >/dev/null
expect 2 '' 'quick/verify.json and exhaustive/verify.json are of different runs: their level differs$' \
  "$PAMKIT" merge quick exhaustive --out bad
head --bytes 3000 part-2/verify.json >cut.json
expect 2 '' 'cut.json' "$PAMKIT" merge part-1 cut.json part-3 --out bad
# JSON of another kind, and a shard whose results are not what its parts say.
changed() {
  mkdir -p changed
  python3 -c "import json, sys; d = json.load(open('part-2/verify.json')); $1; json.dump(d, open('changed/verify.json', 'w'))"
}
refused() { expect 2 '' "changed/verify.json$1" "$PAMKIT" merge part-1 changed part-3 --out bad; }
kinds='; name the verify.json of a shard'
changed 'd = [1]' && refused " is no pamkit.verify/1 document$kinds"
changed 'd = 7' && refused " is no pamkit.verify/1 document$kinds"
changed 'd["schema"] = 1' && refused " is no pamkit.verify/1 document$kinds"
changed 'd["schema"] = None' && refused " is no pamkit.verify/1 document$kinds"
changed 'del d["schema"]' && refused " is no pamkit.verify/1 document$kinds"
changed 'd["schema"] = "pamkit.list/1"' && refused " is a 'pamkit.list/1' document$kinds"
changed 'd["shard"] = 3' && refused ' is damaged: .*; run that shard again'
changed 'del d["results"]' && refused ': its results are missing; run that shard again'
changed 'd["results"] = None' && refused ': its results are missing'
changed 'd["results"].pop()' && refused ': it has [0-9]+ results and its parts [0-9]+'
changed 'd["results"][4]["status"] = "fail"' && refused ': result 5 is not what its parts say'
changed 'd["parts"][0]["rows"][0]["status"] = "fail"' && refused ': result [0-9]+ is not what its parts say'
changed 'd = dict(sorted(d.items()))' &&
  expect 0 '^[0-9]+ passed' '' "$PAMKIT" merge part-1 changed part-3 --out sorted --quiet
[[ ! -e bad ]] || fail "a refused merge wrote files"
for wrong in 0/3 4/3 1 1/ /3 a/b 1/3x; do
  expect 2 '' 'is no part' "$PAMKIT" verify "${small[@]}" --shard "$wrong"
done

# Ranks of a scheduler: Open MPI where it is installed, else plain processes.
if command -v mpirun >/dev/null; then
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe -n 2 sh -c \
    '"$PAMKIT" verify --format e5m2 --op mul --shard $((OMPI_COMM_WORLD_RANK + 1))/$OMPI_COMM_WORLD_SIZE --jobs 1 \
      --out rank-$OMPI_COMM_WORLD_RANK --quiet' >/dev/null 2>mpi.log || fail "mpirun: $(head -c 300 mpi.log)"
else
  for rank in 0 1; do
    "$PAMKIT" verify --format e5m2 --op mul --shard $((rank + 1))/2 --jobs 1 --out rank-$rank --quiet >/dev/null &
  done
  wait
fi
"$PAMKIT" verify --format e5m2 --op mul --out ranks-whole --quiet >/dev/null
expect 0 '^[0-9]+ passed' '' "$PAMKIT" merge rank-0 rank-1 --out ranks --quiet
cmp <(rows ranks-whole/verify.json) <(rows ranks/verify.json) || fail "merged ranks are not the whole"

# An exhaustive run that is killed goes on, and gives the same rows.
long=(--level exhaustive --property P1 --op mul,div --format e4m3,e5m2 --arithmetic pam,pam:1.0552,l_mul --jobs 1)
"$PAMKIT" verify "${long[@]}" --out straight --quiet >/dev/null || fail "the uninterrupted run"
[[ ! -e straight/verify.journal ]] || fail "a finished run leaves its journal"
"$PAMKIT" verify "${long[@]}" --out killed --quiet >/dev/null 2>&1 &
job=$!
for _ in $(seq 400); do
  (($(cat killed/verify.journal 2>/dev/null | wc -l) > 10)) && break
  sleep 0.02
done
kill -STOP "$job" 2>/dev/null
cp killed/verify.journal stopped.journal
expect 2 '' 'another process is at work in killed; wait for it, or name another --out' \
  "$PAMKIT" verify "${long[@]}" --out killed
expect 2 '' 'another process is at work in killed' "$PAMKIT" verify "${long[@]}" --fresh --out killed
cmp stopped.journal killed/verify.journal || fail "a second process changed the journal of the first"
kill -KILL "$job" 2>/dev/null
wait "$job" 2>/dev/null
[[ -s killed/verify.journal && ! -e killed/verify.json ]] || fail "no journal after SIGKILL"
cp killed/verify.journal first.journal
expect 2 '' 'another seed' "$PAMKIT" verify "${long[@]}" --seed 7 --out killed
expect 0 '^[0-9]+ passed' '' "$PAMKIT" verify "${long[@]}" --out killed --quiet
cmp <(rows straight/verify.json) <(rows killed/verify.json) || fail "a continued run differs"

# One that cannot write goes on later with all that was done.
mkdir unwritten && cp first.journal unwritten/verify.journal
expect 2 '' 'cannot write unwritten/verify.journal' bash -c \
  'trap "" XFSZ; ulimit -f 1; exec "$PAMKIT" verify "$@" --out unwritten' - "${long[@]}"
cmp <(head --lines=10 first.journal) <(head --lines=10 unwritten/verify.journal) ||
  fail "a run that could not write lost what was done"

# Its tasks are taken from the journal, not done again: a row that the journal changed shows up. And damage is noticed.
mkdir damaged && sed '5s/"task"/"tusk"/' first.journal >damaged/verify.journal
expect 0 '^[0-9]+ passed' 'line 5 is damaged' "$PAMKIT" verify "${long[@]}" --out damaged --quiet
cmp <(rows straight/verify.json) <(rows damaged/verify.json) || fail "a run with a damaged journal differs"
mkdir unread && sed '1s/"spec"/"spek"/' first.journal >unread/verify.journal
expect 0 '^[0-9]+ passed' 'first line is damaged' "$PAMKIT" verify "${long[@]}" --out unread --quiet
mkdir foreign && echo 'my notes' >foreign/verify.journal
expect 2 '' 'foreign/verify.journal exists and was not written by pamkit' "$PAMKIT" verify "${long[@]}" --out foreign
[[ $(cat foreign/verify.journal) == 'my notes' ]] || fail "a foreign verify.journal was replaced"
expect 0 '^[0-9]+ passed' '' "$PAMKIT" verify "${long[@]}" --out foreign --fresh --quiet
mkdir fresh && cp first.journal fresh/verify.journal
expect 0 '^[0-9]+ passed' '' "$PAMKIT" verify "${long[@]}" --seed 7 --fresh --out fresh --quiet
finish
