#!/bin/bash
# Finds or makes a Rust compiler for bare-metal targets, and prints how to use it.
#
#   eval "$(tests/embedded-toolchain.sh thumbv7em-none-eabihf)" && cargo build $EMBEDDED_BUILD_STD --target ...
#
# Prints `export NAME=VALUE` lines on standard output; what it does and what is missing on standard error.
# Exit status 1: there is no way to build for these targets here, and standard error says what would help.
#
# Where the installed compiler has the targets, nothing is to be done. Elsewhere the compiler and the sources of its
# library come from Debian's packages. They must be of the same version, so both do. They are unpacked into the build
# directory, not installed: the packages conflict with rustup.
#
# EMBEDDED_BUILD_STD  arguments of cargo, empty where the targets are installed; crates that use `alloc` need
#                     EMBEDDED_BUILD_STD_ALLOC instead
set -u

# shellcheck source=tests/debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

home=$build/embedded-toolchain
prefix=$home/prefix

fail() {
    say "no compiler for $targets: $*"
    say "either install the targets with 'rustup target add $targets', or use a Debian that has rustc-web or"
    say "rustc, with its sources, of version $(minimum_version) or later ('apt-get update' may be needed first)"
    exit 1
}

targets_are_installed() {
    local target
    for target in $targets; do
        [ -d "$(rustc --print target-libdir --target "$target" 2>/dev/null)" ] || return 1
    done
}

# The version that the workspace asks for.
minimum_version() { sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/owproto-core/Cargo.toml"; }

# Sets compiler, library and sources to package names, and version to theirs; the first that is recent enough.
choose_packages() {
    local names
    for names in "rustc-web libstd-rust-web-dev rust-web-src" "rustc libstd-rust-dev rust-src"; do
        read -r compiler library sources <<<"$names"
        version=$(candidate "$compiler")
        [ -n "$version" ] || continue
        dpkg --compare-versions "$version" ge "$(minimum_version)" || continue
        [ "$(candidate "$sources")" = "$version" ] && [ "$(candidate "$library")" = "$version" ] && return 0
    done
    return 1
}

# The three packages, and the libraries they need.
make_private() {
    local packages
    mapfile -t packages < <(missing_libraries "$library=$version")
    unpack "$prefix" "$compiler=$version" "$library=$version" "$sources=$version" "${packages[@]}" ||
        fail "Debian's packages cannot be had (about 1 GB of space is needed)"
    write_wrapper "$prefix" rustc || fail "it cannot be started"
}

# rustup ships a linker for these targets; LLVM's own serves as well. Libraries are built without.
find_linker() {
    local host linker
    host=$(rustc -vV | sed -n 's/^host: //p')
    linker=$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld
    if [ -x "$linker" ]; then
        printf '%s\n' "$linker"
    else
        command -v rust-lld || command -v ld.lld
    fi
}

main() {
    local target linker name
    [ $# -gt 0 ] || { say "usage: $0 TARGET..."; exit 1; }
    targets=$*

    if targets_are_installed; then
        echo "export EMBEDDED_BUILD_STD= EMBEDDED_BUILD_STD_ALLOC="
        return
    fi
    has_apt || fail "there is no apt to load a compiler with"
    choose_packages || fail "apt offers no Rust compiler with sources of the same version"

    if [ "$(cat "$home/unpacked" 2>/dev/null)" != "$version $prefix" ]; then
        rm -f "$home/unpacked"
        make_private
        "$prefix/bin/rustc" --version >&2 || fail "Debian's compiler does not run"
        [ -d "$("$prefix/bin/rustc" --print sysroot)/lib/rustlib/src/rust/library" ] ||
            fail "the sources are not where the compiler looks for them"
        echo "$version $prefix" >"$home/unpacked"
    fi

    printf 'export RUSTC=%q RUSTC_BOOTSTRAP=1\n' "$prefix/bin/rustc"
    # Wrappers such as sccache are set up for the other compiler.
    echo "export RUSTC_WRAPPER= RUSTC_WORKSPACE_WRAPPER="
    if linker=$(find_linker); then
        for target in $targets; do
            name=${target//-/_}
            printf 'export CARGO_TARGET_%s_LINKER=%q\n' "${name^^}" "$linker"
        done
    else
        say "no rust-lld or ld.lld: libraries can be built, programs cannot be linked"
    fi
    echo "export EMBEDDED_BUILD_STD=-Zbuild-std=core EMBEDDED_BUILD_STD_ALLOC=-Zbuild-std=core,alloc"
}

main "$@"
