#!/usr/bin/env bash
# Fuzzes one target, or all, one after the other:
#
#   fuzz/run.sh TARGET|all SECONDS
#
# The committed corpus is replayed first; with 0 seconds that is all. What is found besides goes to fuzz/target/corpus and
# is used again next time. Ends with an error at the first find, and says with which command to look at it.
# SANITIZER=address checks the memory accesses of dependencies as well, several times slower.
set -euo pipefail
cd "$(dirname "$0")"
. ./targets.sh

usage() {
  sed -n '2,4s/^# \{0,1\}//p' "${0##*/}" >&2
  exit 2
}

[ $# = 2 ] || usage
[[ $2 =~ ^[0-9]+$ ]] || usage
seconds=$2
sanitizer=${SANITIZER:-none}
# cargo-fuzz needs options of a nightly compiler; the ordinary build must not.
export RUSTC_BOOTSTRAP=1

if [ "$1" = all ]; then targets=$(all); else targets=$1; fi
grep -qxF -- "$1" <(all; echo all) && [ -n "$targets" ] || usage

cargo fuzz build -s "$sanitizer"
for target in $targets; do
  corpora=("corpus/$target")
  options=(-max_len="$(longest "$target")" -timeout=30 -rss_limit_mb=2048 -print_final_stats=1)
  [ ! -f "$target.dict" ] || options+=(-dict="$target.dict")
  if [ "$seconds" = 0 ]; then
    options+=(-runs=0)
  else
    options+=(-max_total_time="$seconds")
    # New inputs go to the first.
    corpora=("target/corpus/$target" "${corpora[@]}")
    mkdir -p "${corpora[0]}"
  fi
  printf '%s: ' "$target"
  log=target/$target.log
  # The time on the clock says little where others use the processors, too.
  TIMEFORMAT=%0U
  if ! cpu=$( { time cargo fuzz run -s "$sanitizer" "$target" "${corpora[@]}" -- "${options[@]}" >"$log" 2>&1; } 2>&1 ); then
    printf 'a find\n'
    tail -n 60 "$log"
    exit 1
  fi
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  cover=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
  printf '%s executions in %s s of a processor, %s committed files, %s edges covered\n' \
    "$executions" "$cpu" "$(find "corpus/$target" -type f | wc -l)" "$cover"
done
