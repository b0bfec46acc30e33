#!/usr/bin/env bash
# Prints which share of the lines of swim-core the corpora reach, file by file, and fails below a floor.
#
# It counts what the tests that replay the corpora reach, not a build of the targets: those tests are compiled by the stable
# compiler in the ordinary way, and take seconds.
set -euo pipefail
cd "$(dirname "$0")/.."

# In percent of all lines of swim-core/src; raise it when the corpora reach more.
floor=92

version=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
export LLVM_COV=/usr/lib/llvm-$version/bin/llvm-cov LLVM_PROFDATA=/usr/lib/llvm-$version/bin/llvm-profdata

# Profiles and binaries of earlier runs would count as well.
cargo llvm-cov clean --workspace
cargo llvm-cov --locked --no-report -p swim-sim --lib -- --quiet fuzzing::tests::corpus
report=$(cargo llvm-cov report --summary-only --ignore-filename-regex 'swim-sim/')
# The file, its lines, how many of them were missed, and the share that was reached.
awk 'NR > 2 && NF > 9 { printf "%-44s %6s %6s %8s\n", $1, $8, $9, $10 }' <<<"$report"
reached=$(awk '$1 == "TOTAL" { sub("%", "", $10); print $10 }' <<<"$report")
printf 'The corpora reach %s %% of the lines of swim-core; the floor is %s %%\n' "$reached" "$floor"
awk -v reached="$reached" -v floor="$floor" 'BEGIN { exit !(reached >= floor) }'
