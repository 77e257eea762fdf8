#!/bin/bash
# Checks everything: tests/run.sh [STEP...], without a step all of them, in the order of the list below.
#
# Needs Rust (stable, with rustfmt and clippy). Anything else that is missing is installed from Debian's packages or
# kept in the build directory. Each step writes to target/run/STEP.log. The last line is "N passed, N failed", and the
# exit status is 1 if a step failed.
set -u

# A step is a function step_NAME, with "_" for "-". It runs in the project's folder with its output in the log.
steps=(
    formatting
    clippy
    docs
    unit
    only-rust
    core-features
    no-std
    onewire
    interop
    firmware
    fuzz-smoke
)

# Seconds after which a step is stopped.
limit=1800

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$root/tests/run.sh
cd "$root" || exit 1
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/run" || exit 1
firmware=owproto-embedded/firmware
export CARGO_TERM_COLOR=never CARGO_TERM_PROGRESS_WHEN=never
command -v cargo >/dev/null || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin

step_formatting() {
    cargo fmt --all --check && cargo fmt --manifest-path fuzz/Cargo.toml --check &&
        cargo fmt --manifest-path "$firmware/Cargo.toml" --all --check
}

step_clippy() {
    cargo clippy --workspace --all-targets --all-features -- -D warnings &&
        cargo clippy --package owproto-core --no-default-features -- -D warnings &&
        fuzz_crate clippy --all-targets -- -D warnings && firmware_clippy
}

# For this machine, not for the boards: clippy needs its own compiler's libraries. Each program alone, because their
# features would be joined.
firmware_clippy() {
    local clippy=(cargo clippy --manifest-path "$firmware/Cargo.toml" --target-dir "$target/firmware-clippy") package
    for package in owproto-firmware-client owproto-firmware-gateway; do
        "${clippy[@]}" --package owproto-board --package "$package" -- -D warnings &&
            "${clippy[@]}" --package "$package" --no-default-features -- -D warnings || return 1
    done
    "${clippy[@]}" --package owproto-onewire --all-targets --all-features -- -D warnings
}

step_docs() {
    export RUSTDOCFLAGS="-D warnings"
    cargo doc --workspace --all-features --no-deps &&
        cargo doc --manifest-path "$firmware/Cargo.toml" --target-dir "$target/firmware-clippy" --no-deps --lib \
            --package owproto-board --package owproto-onewire --all-features
}

# The tests crate has its turn in the next steps: with all features it needs other programs.
step_unit() { cargo test --workspace --exclude owproto-tests --all-features && fuzz_crate test; }

# What a person runs who has nothing but Rust.
step_only_rust() { cargo test; }

step_core_features() {
    local feature
    cargo build --package owproto-core --no-default-features || return 1
    for feature in $(features owproto-core); do
        echo "== $feature"
        cargo build --package owproto-core --no-default-features --features "$feature" || return 1
    done
}

step_no_std() {
    local targets=(thumbv6m-none-eabi thumbv7em-none-eabihf riscv32imc-unknown-none-elf)
    local environment build feature
    environment=$(with_package_lists tests/embedded-toolchain.sh "${targets[@]}") || return 1
    eval "$environment"
    # A directory of its own: another compiler in the same one would build everything anew.
    build=(cargo build --target-dir "$target/embedded")
    # shellcheck disable=SC2086 # arguments, or nothing
    "${build[@]}" "${targets[@]/#/--target=}" $EMBEDDED_BUILD_STD --package owproto-core --package owproto-embedded &&
        "${build[@]}" "${targets[@]/#/--target=}" $EMBEDDED_BUILD_STD --package owproto-core --features heapless,defmt &&
        for feature in "" $(features owproto-embedded); do
            echo "== owproto-embedded, $feature"
            "${build[@]}" "${targets[@]/#/--target=}" $EMBEDDED_BUILD_STD --package owproto-embedded \
                --no-default-features --features "$feature" || return 1
        done &&
        "${build[@]}" "--target=${targets[1]}" $EMBEDDED_BUILD_STD_ALLOC --package owproto-core --features alloc &&
        "${build[@]}" "${targets[@]/#/--target=}" $EMBEDDED_BUILD_STD --manifest-path owproto-embedded/firmware/Cargo.toml \
            --package owproto-onewire --all-features
}

# The bus master of the firmware, on this machine.
step_onewire() {
    local bus=(--manifest-path owproto-embedded/firmware/Cargo.toml --package owproto-onewire)
    cargo fmt "${bus[@]}" --check && cargo clippy "${bus[@]}" --all-targets --all-features -- -D warnings &&
        RUSTDOCFLAGS="-D warnings" cargo doc "${bus[@]}" --all-features --no-deps &&
        cargo test "${bus[@]}" --all-features
}

step_interop() {
    need owserver:owserver owdir:ow-shell && need_pyownet &&
        cargo build --package owproto-std --features cli --bin ow &&
        OW_BIN=$(cd "$target" && pwd)/debug/ow cargo test --package owproto-tests --features interop
}

# Builds the firmware twice, to be looked at in QEMU and as it would go into a product, and tries both.
step_firmware() {
    need owserver:owserver owdir:ow-shell && need_pyownet || return 1
    local qemu
    qemu=$(with_package_lists tests/qemu.sh) &&
        build_firmware host &&
        build_firmware product --no-default-features &&
        cargo build --package owproto-std --features cli --bin ow || return 1
    # Each test has a QEMU of its own, and some of them measure time.
    QEMU_SYSTEM_ARM=$qemu OW_BIN=$(cd "$target" && pwd)/debug/ow cargo test --package owproto-tests \
        --features firmware --test firmware -- --nocapture --test-threads=2
}

# Builds the programs into target/firmware/NAME: build_firmware NAME CARGO_ARG...
build_firmware() (
    folder=$target/firmware/$1
    shift
    environment=$(with_package_lists tests/embedded-toolchain.sh thumbv7m-none-eabi) || exit 1
    eval "$environment"
    mkdir -p "$folder" || exit 1
    for program in client gateway; do
        # shellcheck disable=SC2086 # arguments, or nothing
        cargo build --release --manifest-path "$firmware/Cargo.toml" --target thumbv7m-none-eabi \
            --target-dir "$target/embedded" $EMBEDDED_BUILD_STD --package "owproto-firmware-$program" "$@" &&
            cp "$target/embedded/thumbv7m-none-eabi/release/$program" "$folder/" || exit 1
    done
)

# Every target for FUZZ_SECONDS, from seeds made of the vectors. What is found stays in the build directory.
step_fuzz_smoke() {
    local folder name
    folder=$(cd "$target" && pwd)/fuzz
    if ! cargo +nightly --version; then
        echo "missing: a nightly Rust, which cargo-fuzz needs; 'rustup toolchain install nightly' gets it"
        return 1
    fi
    need c++:build-essential && need_cargo_tool cargo-fuzz || return 1
    fuzz_crate run --bin seeds -- "$folder/seeds" || return 1
    for name in $(fuzz_targets); do
        echo "== $name"
        mkdir -p "$folder/corpus/$name" "$folder/artifacts/$name"
        cargo +nightly fuzz run --target-dir "$folder/target" "$name" "$folder/corpus/$name" "$folder/seeds/$name" -- \
            -max_total_time="${FUZZ_SECONDS:-20}" -max_len=4096 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
            -artifact_prefix="$folder/artifacts/$name/" || return 1
    done
}

# Runs what loads packages, once more with new package lists if it fails.
with_package_lists() {
    "$@" && return
    echo "once more, with new package lists" >&2
    apt_get update >&2 && "$@"
}

# The fuzz crate without its targets, on stable: fuzz_crate COMMAND...
fuzz_crate() {
    local command=$1
    shift
    cargo "$command" --manifest-path fuzz/Cargo.toml --no-default-features --target-dir "$target" "$@"
}

fuzz_targets() { sed -n 's|^path = "fuzz_targets/\(.*\)\.rs"|\1|p' fuzz/Cargo.toml; }

# The names of a package's features.
features() {
    awk '/^\[/ { inside = $0 == "[features]" } inside && /^[a-z][a-z0-9_-]* *=/ && $1 != "default" { print $1 }' \
        "$1/Cargo.toml"
}

# Sees to it that programs are there: need PROGRAM:PACKAGE...
need() {
    local pair missing=()
    for pair; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

install_packages() {
    if ! command -v apt-get >/dev/null; then
        echo "missing: what Debian's packages $* contain; there is no apt here, so please install it"
        return 1
    fi
    # The lists may be old, or not there at all.
    apt_get install --no-install-recommends "$@" || { apt_get update && apt_get install --no-install-recommends "$@"; }
}

apt_get() {
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        # It must not ask: a step has no terminal.
        as_root=(sudo -n)
        if ! sudo -n true; then
            echo "'apt-get $*' needs root: please do it, or run this as root or after 'sudo -v'"
            return 1
        fi
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 "$@"
}

# Makes a Python of the project's own with pyownet, in target/venv.
need_pyownet() {
    local python=$target/venv/bin/python
    "$python" -c "import pyownet" 2>/dev/null && return
    need python3:python3 || return 1
    python3 -c "import ensurepip, venv" 2>/dev/null || install_packages python3-venv || return 1
    rm -rf "$target/venv"
    python3 -m venv "$target/venv" && "$python" -m pip install --disable-pip-version-check --quiet pyownet
}

# Installs a program of crates.io into target/tools and puts it on the path: need_cargo_tool cargo-fuzz
need_cargo_tool() {
    PATH=$(cd "$target" && pwd)/tools/bin:$PATH
    [ -x "$target/tools/bin/$1" ] || cargo install "$1" --locked --root "$target/tools"
}

main() {
    local step log start status=0 passed=0 failed=0 child=
    for step in "${@:-}"; do
        if [ -n "$step" ] && ! printf '%s\n' "${steps[@]}" | grep -qxF -e "$step"; then
            echo "there is no step '$step'; there are: ${steps[*]}" >&2
            exit 2
        fi
    done
    [ $# -eq 0 ] || steps=("$@")
    if ! command -v cargo >/dev/null; then
        echo "missing: cargo; Rust is to be had from https://rustup.rs" >&2
        exit 2
    fi

    # The step's process group is its own, so that a limit ends all of it; an interrupt has to be passed on.
    trap '[ -z "$child" ] || kill "$child"; exit 130' INT TERM
    for step in "${steps[@]}"; do
        log=$target/run/$step.log
        start=$SECONDS
        timeout -k 10 "$limit" bash "$script" --in-this-process "$step" >"$log" 2>&1 </dev/null &
        child=$!
        wait "$child"
        status=$?
        child=
        if [ $status -eq 0 ]; then
            passed=$((passed + 1))
            echo "ok    $step ($((SECONDS - start)) s)"
        else
            failed=$((failed + 1))
            [ $status -ne 124 ] || echo "stopped after $limit seconds" >>"$log"
            echo "FAILED $step ($((SECONDS - start)) s): see $log"
            tail -n 40 "$log" | sed 's/^/    /'
        fi
    done
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

if [ "${1:-}" = --in-this-process ]; then
    # Rust links with it.
    need cc:build-essential || exit 1
    "step_${2//-/_}"
else
    main "$@"
fi
