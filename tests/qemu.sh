#!/bin/bash
# Finds or makes a QEMU for Arm boards, and prints the path of the program.
#
#   "$(tests/qemu.sh)" -M mps2-an385 ...
#
# What it does and what is missing goes to standard error. Exit status 1: there is no QEMU to be had here, and standard
# error says what would help.
#
# Where qemu-system-arm is installed, it is taken. Elsewhere Debian's package is unpacked into the build directory: to
# install it may remove other parts of QEMU.
set -u
# shellcheck source=tests/debian.sh
. "$(dirname "${BASH_SOURCE[0]}")/debian.sh"

home=$build/qemu
prefix=$home/prefix

fail() {
    say "no qemu-system-arm: $*"
    say "either install it (Debian: 'apt install qemu-system-arm', macOS: 'brew install qemu'), or use a Debian"
    say "whose apt can load packages ('apt-get update' may be needed first)"
    exit 1
}

# The package, what its board needs, and the libraries; not the firmware of other machines.
make_private() {
    local version=$1 packages
    mapfile -t packages < <(missing_libraries "qemu-system-arm=$version")
    unpack "$prefix" "qemu-system-arm=$version" "qemu-system-common=$version" "qemu-system-data" "${packages[@]}" ||
        fail "Debian's package cannot be had"
    write_wrapper "$prefix" qemu-system-arm -L "\"$prefix/usr/share/qemu\"" || fail "it cannot be started"
    "$prefix/bin/qemu-system-arm" --version >&2 || fail "Debian's package does not run"
}

main() {
    local version
    if command -v qemu-system-arm; then
        return
    fi
    has_apt || fail "it is not installed, and there is no apt to load it with"
    version=$(candidate qemu-system-arm)
    [ -n "$version" ] || fail "it is not installed, and apt does not know it"
    if [ "$(cat "$home/unpacked" 2>/dev/null)" != "$version $prefix" ]; then
        rm -f "$home/unpacked"
        make_private "$version"
        echo "$version $prefix" >"$home/unpacked"
    fi
    printf '%s\n' "$prefix/bin/qemu-system-arm"
}

main
