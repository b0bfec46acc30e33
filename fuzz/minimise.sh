#!/usr/bin/env bash
# Replaces the committed corpus of a target by the fewest files that reach the same, out of it and of what run.sh found:
#
#   fuzz/minimise.sh TARGET
#
# Files with names of their own stay as they are: what was found (found-...), and what was written by hand. Only those that
# libFuzzer named, by 40 digits, are replaced.
set -euo pipefail
cd "$(dirname "$0")"
. ./targets.sh
[ $# = 1 ] && [ -d "corpus/$1" ] || { sed -n '4s/^# *//p' "${0##*/}" >&2; exit 2; }
export RUSTC_BOOTSTRAP=1

cargo fuzz build -s none "$1"
minimised=target/minimised/$1
rm -rf "$minimised"
mkdir -p "$minimised" "target/corpus/$1"
find "corpus/$1" -type f | while read -r file; do
  [[ ${file##*/} =~ ^[0-9a-f]{40}$ ]] || cp "$file" "$minimised"
done
# What the named ones reach is not looked for again. How often an edge is taken does not count, or there would be thousands.
cargo fuzz run -s none "$1" "$minimised" "corpus/$1" "target/corpus/$1" -- \
  -set_cover_merge=1 -use_counters=0 -max_len="$(longest "$1")" 2>&1 | tail -n 1
rm -rf "corpus/$1"
mv "$minimised" "corpus/$1"
printf '%s files, %s bytes\n' "$(find "corpus/$1" -type f | wc -l)" "$(cat "corpus/$1"/* | wc -c)"
