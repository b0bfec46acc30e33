# What run.sh and minimise.sh know of the targets; they read this file in the folder of Cargo.toml.

# The names of all.
all() { sed -n 's/^path = "fuzz_targets\/\(.*\)\.rs"$/\1/p' Cargo.toml; }

# The longest inputs of a target, in bytes.
longest() {
  case $1 in
    cluster) echo 600 ;;
    node_inputs) echo 1000 ;;
    *) echo 2000 ;;
  esac
}
