#!/bin/bash
# Builds the firmware into target/firmware/KIND.
#
#   owproto-embedded/firmware/build.sh [host|product]
#
# host     for QEMU: options from the command line, printing, emulated devices (the default)
# product  as for a board: no semihosting, the wire is a pin
#
# Uses the installed compiler if it has the target, otherwise one that tests/embedded-toolchain.sh downloads.
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

# Settings in addition to `opt-level = "z"`; README.md has what each of them saves. Thresholds for inlining, in units of the
# compiler: small functions are inlined as long as a call would be larger, which is more often than with "z". Instructions
# cost twice as much as usual, so that a large function is not inlined into its only caller, which would run out of
# registers.
settings=(
    -Cllvm-args=-inline-threshold=80
    -Cllvm-args=-inline-instr-cost=10
    -Cllvm-args=-inline-call-penalty=50
    # Merge identical functions.
    -Clink-arg=--icf=all
)

environment=$("$root/tests/embedded-toolchain.sh" thumbv7m-none-eabi)
eval "$environment"
triple=thumbv7m-none-eabi
arguments=(--target "$triple")
library=ready-made
if [ -n "$EMBEDDED_BUILD_STD" ]; then
    # Rust's library is built here anyway, so modify the target: omit the frame pointer of each function, which takes a
    # register and 1.4 KB.
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
    # One by one, because cargo would unite their features.
    # shellcheck disable=SC2086 # arguments, or nothing
    cargo rustc --profile firmware --manifest-path "$here/Cargo.toml" "${arguments[@]}" --target-dir "$target/embedded" \
        $EMBEDDED_BUILD_STD --package "owproto-firmware-$program" ${features[@]+"${features[@]}"} -- "${settings[@]}"
    cp "$target/embedded/$triple/firmware/$program" "$target/firmware/$kind/"
done
# For the test of the budgets.
echo "$library" >"$target/firmware/$kind/library"
