# Steps for tests/run.sh: format, lints, documentation, tests, and builds for other targets.

step_formatting() {
    cargo fmt --all --check && cargo fmt --manifest-path fuzz/Cargo.toml --check &&
        cargo fmt --manifest-path "$firmware/Cargo.toml" --all --check
}

step_clippy() {
    cargo clippy --workspace --all-targets --all-features -- -D warnings &&
        cargo clippy --package owproto-core --no-default-features -- -D warnings &&
        fuzz_crate clippy --all-targets -- -D warnings && firmware_clippy
}

# For this machine, not for the boards, because clippy needs the libraries of its own compiler. One program per command,
# because cargo joins the features of all packages in a command.
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

# Without owproto-tests: with all features it needs other programs. The next step runs it.
step_unit() { cargo test --workspace --exclude owproto-tests --all-features; }

# The tests that need nothing but Rust.
step_only_rust() { cargo test; }

# The std client's pool in all interleavings of a few calls. The flag replaces its locks by those of loom, so this step has its
# own build directory. Optimized, because it tries some 250,000 interleavings.
step_loom() (
    export RUSTFLAGS="--cfg owproto_loom" CARGO_PROFILE_TEST_OPT_LEVEL=1
    cargo test --target-dir "$target/loom" --package owproto-std --lib interleavings -- --nocapture
)

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
    # A directory of its own: another compiler in the same one would rebuild everything.
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
        "${build[@]}" "${targets[@]/#/--target=}" $EMBEDDED_BUILD_STD --manifest-path "$firmware/Cargo.toml" \
            --package owproto-onewire --all-features &&
        check_32_bits
}

# A computer with 32 bits and std: there a word of the protocol and a length have the same size.
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
    local bus=(--manifest-path "$firmware/Cargo.toml" --package owproto-onewire)
    cargo fmt "${bus[@]}" --check && cargo clippy "${bus[@]}" --all-targets --all-features -- -D warnings &&
        RUSTDOCFLAGS="-D warnings" cargo doc "${bus[@]}" --all-features --no-deps &&
        cargo test "${bus[@]}" --all-features
}

# The library and the tool for two systems that are not here. Their standard library is compiled from source.
step_windows_macos() (
    targets=(x86_64-pc-windows-gnu aarch64-apple-darwin)
    # std for Windows makes its import libraries with dlltool.
    need x86_64-w64-mingw32-dlltool:binutils-mingw-w64-x86-64 || exit 1
    environment=$(with_package_lists tests/embedded-toolchain.sh "${targets[@]}") || exit 1
    eval "$environment"
    CARGO_PROFILE_DEV_DEBUG=0 cargo check --target-dir "$target/embedded" "${targets[@]/#/--target=}" \
        ${EMBEDDED_BUILD_STD:+-Zbuild-std=std,panic_abort} --package owproto-std --package owproto --all-features || exit 1
    echo "      compiled: clients, server, simulator and tool for ${targets[*]}" >>"$result"
    not_checked "linking and running on Windows and macOS; other targets of theirs"
)
