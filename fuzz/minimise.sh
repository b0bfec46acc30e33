#!/usr/bin/env bash
# Replaces the committed corpus of a target by the fewest files that reach the same, out of it and of what run.sh found.
#
#   fuzz/minimise.sh TARGET
set -euo pipefail
cd "$(dirname "$0")"
[ $# = 1 ] && [ -d "corpus/$1" ] || { sed -n '4s/^# *//p' "$0" >&2; exit 2; }
export RUSTC_BOOTSTRAP=1

cargo fuzz build -s none "$1"
rm -rf "target/minimised/$1"
mkdir -p "target/minimised/$1" "target/corpus/$1"
# How often an edge is taken does not count, or there would be thousands.
cargo fuzz run -s none "$1" "target/minimised/$1" "corpus/$1" "target/corpus/$1" -- \
  -set_cover_merge=1 -use_counters=0 -max_len="${MAX_LEN:-1000}" 2>&1 | tail -n 1
rm -rf "corpus/$1"
mv "target/minimised/$1" "corpus/$1"
printf '%s files, %s bytes\n' "$(find "corpus/$1" -type f | wc -l)" "$(cat "corpus/$1"/* | wc -c)"
