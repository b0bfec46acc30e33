#!/usr/bin/env bash
# Installs what fuzzing and its coverage need and what is missing of it: cargo-fuzz, cargo-llvm-cov, and the LLVM tools
# that read the profiles of this compiler. Running it again changes nothing.
set -euo pipefail

have() { command -v "$1" >/dev/null; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

have cargo-fuzz || cargo install --locked cargo-fuzz
have cargo-llvm-cov || cargo install --locked cargo-llvm-cov

# The tools must be at least as new as the LLVM of the compiler.
version=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
if [ ! -x "/usr/lib/llvm-$version/bin/llvm-cov" ]; then
  as_root apt-get update -qq
  as_root apt-get install -y -qq --no-install-recommends "llvm-$version" >/dev/null
fi

cargo fuzz --version
cargo llvm-cov --version
"/usr/lib/llvm-$version/bin/llvm-cov" --version | grep version
