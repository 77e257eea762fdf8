# Steps for tests/run.sh: tests with a real owserver, and of the firmware in QEMU.

step_interop() {
    need owserver:owserver owdir:ow-shell && need_pyownet && build_ow &&
        OW_BIN=$target/debug/ow cargo test --package owproto-tests --features interop
}

# Builds the firmware twice, for QEMU and for a product, and tests both.
step_firmware() {
    need owserver:owserver owdir:ow-shell && need_pyownet || return 1
    local qemu
    qemu=$(with_package_lists tests/qemu.sh) &&
        with_package_lists "$firmware/build.sh" host && "$firmware/build.sh" product &&
        build_core_alone && build_ow || return 1
    # Each test starts a QEMU, and some measure time: more than two would disturb each other.
    QEMU_SYSTEM_ARM=$qemu OW_BIN=$target/debug/ow cargo test --package owproto-tests \
        --features firmware --test firmware -- --nocapture --test-threads=2
}

build_ow() { cargo build --package owproto --bin ow; }

# Builds parts of the core for the tests of their size, into target/firmware/core/TARGET. Code that can panic does not
# link.
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
