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
    dependencies
    interop
    firmware
    fuzz-smoke
)

# Steps that take long or are for looking at: only when they are named. What they print is shown.
on_demand=(
    fuzz-long
    coverage
    mutants
    costs
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
step_unit() { cargo test --workspace --exclude owproto-tests --all-features; }

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
            --package owproto-onewire --all-features &&
        check_32_bits
}

# An ordinary computer with 32 bits: where lengths and words have the same size, and the standard library is there.
check_32_bits() (
    environment=$(with_package_lists tests/embedded-toolchain.sh i686-unknown-linux-gnu) || exit 1
    eval "$environment"
    for package in owproto-core owproto-embedded; do
        for feature in "" $(features "$package"); do
            echo "== 32 bits: $package, $feature"
            cargo check --target-dir "$target/embedded" --target i686-unknown-linux-gnu \
                ${EMBEDDED_BUILD_STD:+-Zbuild-std=core,alloc,std} --package "$package" --no-default-features \
                --features "$feature" || exit 1
        done
    done
)

# The bus master of the firmware, on this machine.
step_onewire() {
    local bus=(--manifest-path owproto-embedded/firmware/Cargo.toml --package owproto-onewire)
    cargo fmt "${bus[@]}" --check && cargo clippy "${bus[@]}" --all-targets --all-features -- -D warnings &&
        RUSTDOCFLAGS="-D warnings" cargo doc "${bus[@]}" --all-features --no-deps &&
        cargo test "${bus[@]}" --all-features
}

# What is depended on: licences, versions, sources, and known defects if the list of them can be had.
step_dependencies() {
    local manifest
    need_cargo_tool cargo-deny || return 1
    for manifest in Cargo.toml fuzz/Cargo.toml owproto-embedded/firmware/Cargo.toml; do
        echo "== $manifest"
        deny "$manifest" licenses bans sources || return 1
    done
    if ! cargo-deny --config deny.toml fetch db; then
        echo "      advisories were NOT checked: their list cannot be fetched from here" >"$result"
        return 0
    fi
    for manifest in Cargo.toml fuzz/Cargo.toml owproto-embedded/firmware/Cargo.toml; do
        deny "$manifest" --disable-fetch advisories || return 1
    done
}

# deny MANIFEST ARGS...; what one workspace does without another may need.
deny() {
    local manifest=$1
    shift
    cargo-deny --manifest-path "$manifest" --config deny.toml check --hide-inclusion-graph -A unmatched-skip \
        -A license-exception-not-encountered "$@"
}

# The lines of the core that its own tests run, and the properties and captured exchanges of the tests crate.
step_coverage() {
    local version folder tests objects=() object
    # The tools have to know the profiles that the compiler's LLVM writes.
    version=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    need "llvm-profdata-$version:llvm-$version" "llvm-cov-$version:llvm-$version" || return 1
    folder=$(cd "$target" && pwd)/coverage
    rm -rf "$folder/profiles" && mkdir -p "$folder" || return 1
    export LLVM_PROFILE_FILE=$folder/profiles/%p-%m.profraw RUSTFLAGS=-Cinstrument-coverage
    for tests in "owproto-core --all-features --lib --tests" "owproto-tests --test properties --test server_vectors"; do
        # shellcheck disable=SC2086 # several arguments
        cargo test --target-dir "$folder" --package $tests --no-run --message-format=json-render-diagnostics \
            >"$folder/built.json" && cargo test --target-dir "$folder" --package $tests || return 1
        while read -r object; do objects+=(${objects[0]:+--object} "$object"); done \
            < <(sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' "$folder/built.json")
    done
    "llvm-profdata-$version" merge --sparse --output "$folder/all.profdata" "$folder"/profiles/*.profraw &&
        "llvm-cov-$version" report "${objects[@]}" --instr-profile "$folder/all.profdata" --show-branch-summary=false \
            --show-region-summary=false --ignore-filename-regex='(/tests/|/(tests|captured|serving)\.rs$)' "$root/owproto-core/src" \
            >"$result"
}

# Breaks the core in every way that cargo-mutants knows, one at a time, and looks whether a test notices. Each round tries
# what the one before missed: the core's unit tests, but for the one that takes longer than all others together; these and
# the laws; and those tests of the tests crate that are about the core, but for the one that takes half a minute.
# MUTANTS_ARGS may choose, as in "--file owproto-core/src/wire/*.rs", or add "--jobs 4".
# What is left is to be compared with owproto-core/mutants.md.
step_mutants() {
    local folder args unit laws captured=() round last= test host status=2
    need prlimit:util-linux && need_cargo_tool cargo-mutants || return 1
    read -ra args <<<"${MUTANTS_ARGS:-}"
    for test in server_vectors server_scope vectors properties connections; do
        captured+=("--cargo-arg=--test=$test")
    done
    unit=(--cargo-arg=--lib -- -- --skip every_day_follows_the_day_before)
    laws=(--cargo-arg=--lib --cargo-arg=--test=laws)
    # Without a run in which nothing is broken: cargo-mutants would look for these tests in the core.
    captured=(--test-package owproto-tests --baseline=skip "${captured[@]}" -- -- --skip devices_are_the_same_byte_for_byte)
    export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0 PROPTEST_CASES=${PROPTEST_CASES:-32}
    # A loop without end is over after some seconds of a processor, and one that stores before the memory is full. On the
    # clock there is no hurry: what is slow because of something else is not noticed.
    args+=(--package owproto-core --timeout=600)
    host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
    export "CARGO_TARGET_${host}_RUNNER=prlimit --cpu=20 --as=4294967296"
    folder=$(cd "$target" && pwd)/mutants
    rm -rf "$folder" && mkdir -p "$folder" || return 1
    for round in unit laws captured; do
        # Status 2: some were missed.
        [ $status -eq 2 ] || break
        mkdir "$folder/$round" || return 1
        [ -z "$last" ] || cp -r "$folder/$last/mutants.out" "$folder/$round/" || return 1
        local -n arguments=$round
        status=0
        cargo mutants --output "$folder/$round" --iterate "${args[@]}" "${arguments[@]}" || status=$?
        last=$round
    done
    mutants_table "$folder" >"$result" && { [ $status -eq 0 ] || [ $status -eq 2 ]; }
}

# mutants_table FOLDER: for each file how many mutants can be built and how many of them no test notices; then these.
mutants_table() {
    cat "$1"/*/mutants.out/{caught,timeout}.txt 2>/dev/null | sort -u >"$1/caught.txt"
    cat "$1"/*/mutants.out/missed.txt | sort -u | grep -vxF -f "$1/caught.txt" >"$1/missed.txt"
    awk -F: -v missed="$1/missed.txt" '
        { all[$1]++; sum++ }
        FILENAME == missed { left[$1]++; lines = lines $0 "\n" }
        FILENAME != missed { caught++ }
        END {
            for (file in all) printf "| `%s` | %d | %d |\n", file, all[file], left[file] | "sort"
            close("sort")
            printf "%d of %d are noticed\n%s", caught, sum, lines
        }' "$1/caught.txt" "$1/missed.txt"
}

# What an operation of the blocking client costs: system calls and the client's own instructions. Fails if a READ over a
# connection that is kept takes more than it should.
step_costs() (
    need strace:strace valgrind:valgrind && cargo build --release --package owproto-std --examples || exit 1
    folder=$target/costs port=$((20000 + RANDOM % 10000))
    mkdir -p "$folder" || exit 1
    "$target/release/examples/canned_server" "127.0.0.1:$port" &
    trap 'kill %1' EXIT
    driver=("$target/release/examples/bench_driver" 127.0.0.1 "$port")
    until "${driver[@]}" read 1 2>/dev/null; do sleep 0.1 && kill -0 %1 || exit 1; done
    printf '| operation | system calls | instructions |\n|---|---:|---:|\n' >"$result"
    for mode in nop read readpipe readnp; do
        # The least of some, since a call takes longer ways if the machine lets it wait.
        instructions=$(for _ in 1 2 3 4 5; do
            difference "$folder" "${driver[@]}" "$mode"
        done | sort -n | head -n 1)
        for count in 2000 12000; do
            strace -f -c -U calls,name -o "$folder/strace.$count" "${driver[@]}" "$mode" $count >/dev/null || exit 1
        done
        calls=$(($(total "$folder/strace.12000") - $(total "$folder/strace.2000")))
        echo "| $mode | $((calls / 10000)).$(printf %04d $((calls % 10000))) | $instructions |" >>"$result"
        [ "$mode" != read ] || { [ "$instructions" -le 400 ] && [ $calls -le 20100 ]; } || failed=$mode
    done
    [ -z "${failed:-}" ] || { cat "$result" && exit 1; }
)

# difference FOLDER DRIVER...: the instructions of one operation, from runs with 2,000 and 12,000 of them, after as many to warm up.
difference() {
    local folder=$1 count
    for count in 2000 12000; do
        valgrind --tool=callgrind --callgrind-out-file=/dev/null "${@:2}" $count >/dev/null 2>"$folder/callgrind.$count" ||
            return 1
    done
    echo $((($(collected "$folder/callgrind.12000") - $(collected "$folder/callgrind.2000")) / 10000))
}

collected() { sed -n 's/.*Collected : //p' "$1"; }

total() { awk '$2 == "total" { print $1 }' "$1"; }

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
        with_package_lists "$firmware/build.sh" host && "$firmware/build.sh" product &&
        build_core_alone &&
        cargo build --package owproto-std --features cli --bin ow || return 1
    # Each test has a QEMU of its own, and some of them measure time.
    QEMU_SYSTEM_ARM=$qemu OW_BIN=$(cd "$target" && pwd)/debug/ow cargo test --package owproto-tests \
        --features firmware --test firmware -- --nocapture --test-threads=2
}

# Every target for a while, from seeds made of the vectors. What is found stays in the build directory.
step_fuzz_smoke() { fuzz "${FUZZ_SECONDS:-20}"; }

# Every target, or those of FUZZ_TARGETS, for long; then the table of fuzz/README.md.
step_fuzz_long() {
    local names
    read -ra names <<<"${FUZZ_TARGETS:-$(fuzz_targets | tr '\n' ' ')}"
    fuzz "${FUZZ_SECONDS:-600}" "${names[@]}" && fuzz_table "${names[@]}" >"$result"
}

# fuzz SECONDS [TARGET...]
fuzz() {
    local folder name seconds=$1 names
    shift
    names=("$@")
    [ $# -gt 0 ] || mapfile -t names < <(fuzz_targets)
    folder=$(cd "$target" && pwd)/fuzz
    if ! cargo +nightly --version; then
        echo "missing: a nightly Rust, which cargo-fuzz needs; 'rustup toolchain install nightly' gets it"
        return 1
    fi
    need c++:build-essential && need_cargo_tool cargo-fuzz || return 1
    fuzz_crate run --bin seeds -- "$folder/seeds" || return 1
    mkdir -p "$folder/logs"
    for name in "${names[@]}"; do
        echo "== $name"
        mkdir -p "$folder/corpus/$name" "$folder/artifacts/$name"
        nice cargo +nightly fuzz run --target-dir "$folder/target" "$name" "$folder/corpus/$name" "$folder/seeds/$name" -- \
            -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
            -dict=fuzz/dictionary.txt -artifact_prefix="$folder/artifacts/$name/" 2>&1 | tee "$folder/logs/$name.log"
        [ "${PIPESTATUS[0]}" -eq 0 ] || return 1
    done
}

# What the last run of these targets came to, as libFuzzer tells it in the line that it prints at the end.
fuzz_table() {
    local name
    echo "| target | executions | a second | edges | features | corpus | seconds |"
    echo "|---|---:|---:|---:|---:|---:|---:|"
    for name; do
        awk -v name="$name" '
            function behind(word,    i) { for (i = 1; i < NF; i++) if ($i == word) return $(i + 1) }
            /DONE/ { edges = behind("cov:"); features = behind("ft:"); corpus = behind("corp:") }
            /^Done/ { runs = $2; seconds = $5 }
            END {
                sub("/.*", "", corpus)
                rate = seconds ? runs / seconds : 0
                printf "| `%s` | %d | %d | %d | %d | %d | %d |\n", name, runs, rate, edges, features, corpus, seconds
            }' "$target/fuzz/logs/$name.log"
    done
}

# Builds parts of the core to be measured, into target/firmware/core/TARGET. What can panic does not link.
build_core_alone() (
    targets=(thumbv6m-none-eabi thumbv7m-none-eabi)
    environment=$(with_package_lists tests/embedded-toolchain.sh "${targets[@]}") || exit 1
    eval "$environment"
    for name in "${targets[@]}"; do
        folder=$target/firmware/core/$name
        # shellcheck disable=SC2086 # arguments, or nothing
        cargo build --release --manifest-path "$firmware/Cargo.toml" --target "$name" --target-dir "$target/embedded" \
            $EMBEDDED_BUILD_STD --package owproto-budget && mkdir -p "$folder" &&
            find "$target/embedded/$name/release" -maxdepth 1 -type f -executable -exec cp {} "$folder/" \; || exit 1
    done
)

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

# Those that are asked for by name take the time that they take.
limit_of() { if printf '%s\n' "${on_demand[@]}" | grep -qxF -e "$1"; then echo 0; else echo "$limit"; fi; }

main() {
    local step log start status=0 passed=0 failed=0 child=
    for step in "${@:-}"; do
        if [ -n "$step" ] && ! printf '%s\n' "${steps[@]}" "${on_demand[@]}" | grep -qxF -e "$step"; then
            echo "there is no step '$step'; there are: ${steps[*]}; and when asked for: ${on_demand[*]}" >&2
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
        rm -f "$target/run/$step.result"
        timeout -k 10 "$(limit_of "$step")" bash "$script" --in-this-process "$step" >"$log" 2>&1 </dev/null &
        child=$!
        wait "$child"
        status=$?
        child=
        if [ $status -eq 0 ]; then
            passed=$((passed + 1))
            echo "ok    $step ($((SECONDS - start)) s)"
            [ ! -e "$target/run/$step.result" ] || cat "$target/run/$step.result"
        else
            failed=$((failed + 1))
            [ $status -ne 124 ] || echo "stopped after $(limit_of "$step") seconds" >>"$log"
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
    # What a step has to show.
    result=$target/run/$2.result
    "step_${2//-/_}"
else
    main "$@"
fi
