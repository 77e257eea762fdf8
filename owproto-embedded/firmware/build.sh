#!/bin/bash
# Builds the firmware into target/firmware/KIND.
#
#   owproto-embedded/firmware/build.sh [host|product]
#
# host     for QEMU: takes options from the command line, prints, has simulated devices (the default)
# product  as it would go onto a board: no semihosting, the wire is a pin
#
# The compiler is the installed one if it has the target, else one that tests/embedded-toolchain.sh gets.
set -eu

kind=${1:-host}
case $kind in
    host) features=() ;;
    product) features=(--no-default-features) ;;
    *)
        echo "usage: $0 [host|product]" >&2
        exit 2
        ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
mkdir -p "$target/firmware/$kind"
target=$(cd "$target" && pwd)

# What `opt-level = "z"` alone does not do; README.md has what each of it saves. Inlining, counted in units of the compiler:
# small functions are taken in as long as a call costs more, which is longer than "z" does it. Instructions cost twice as
# much as usual, so that what has one caller alone is not taken in at any size: a function that is too large has no
# registers left.
settings=(
    -Cllvm-args=-inline-threshold=80
    -Cllvm-args=-inline-instr-cost=10
    -Cllvm-args=-inline-call-penalty=50
    # Functions that came to the same instructions are one.
    -Clink-arg=--icf=all
)

environment=$("$root/tests/embedded-toolchain.sh" thumbv7m-none-eabi)
eval "$environment"
triple=thumbv7m-none-eabi
arguments=(--target "$triple")
library=ready-made
if [ -n "$EMBEDDED_BUILD_STD" ]; then
    # Rust's library is built here anyway, so the target may be one of our own: without a frame pointer in each function,
    # which takes a register and 1.4 KB.
    mkdir -p "$target/embedded"
    description=$target/embedded/$triple.json
    "$RUSTC" -Zunstable-options --print target-spec-json --target "$triple" |
        sed 's/"frame-pointer": "always"/"frame-pointer": "may-omit"/' >"$description"
    arguments=(--target "$description")
    library=built
    if cargo -Zhelp 2>/dev/null | grep -q json-target-spec; then
        arguments+=(-Zjson-target-spec)
    fi
fi
for program in client gateway; do
    # Each by itself, because their features would be joined.
    # shellcheck disable=SC2086 # arguments, or nothing
    cargo rustc --profile firmware --manifest-path "$here/Cargo.toml" "${arguments[@]}" --target-dir "$target/embedded" \
        $EMBEDDED_BUILD_STD --package "owproto-firmware-$program" ${features[@]+"${features[@]}"} -- "${settings[@]}"
    cp "$target/embedded/$triple/firmware/$program" "$target/firmware/$kind/"
done
# The test of the budgets asks.
echo "$library" >"$target/firmware/$kind/library"
