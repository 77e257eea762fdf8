# Debian's packages, unpacked into the build directory instead of installed. For scripts, by `source`.
#
# Sets root (the project's folder) and build (the build directory).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${CARGO_TARGET_DIR:-$root/target}
mkdir -p "$build" && build=$(cd "$build" && pwd) || exit 1

say() { printf '%s\n' "$*" >&2; }

# Whether there is an apt to load packages with.
has_apt() { command -v apt-cache && command -v dpkg; } >/dev/null

# The version of a package that apt would install, or nothing.
candidate() { apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'; }

# The folder of libraries of this machine's architecture, such as x86_64-linux-gnu.
multiarch() { dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || gcc -print-multiarch; }

# The libraries that a package needs and that are not installed.
missing_libraries() {
    local package
    apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
        --no-enhances "$1" |
        grep -E '^(lib|zlib)' | grep -vxF "${1%%=*}" | sort -u |
        while read -r package; do
            [ -n "$(candidate "$package")" ] || continue
            dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q ' installed$' ||
                printf '%s\n' "$package"
        done
}

# Loads packages and unpacks them: unpack PREFIX PACKAGE... Fails if one cannot be loaded or there is no space.
unpack() {
    local prefix=$1 packages package
    shift
    packages=$prefix.packages
    rm -rf "$prefix" "$packages"
    mkdir -p "$prefix" "$packages" || return 1
    say "loading $*"
    (cd "$packages" && apt-get -qq download "$@") >&2 || { say "the packages cannot be loaded"; return 1; }
    for package in "$packages"/*.deb; do
        dpkg -x "$package" "$prefix" || { say "$package cannot be unpacked (is there space?)"; return 1; }
    done
    rm -rf "$packages"
}

# Writes a script that starts an unpacked program: write_wrapper PREFIX PROGRAM ARG...
# With its libraries, and with these arguments in front of its own.
write_wrapper() {
    local prefix=$1 program=$2 folder
    shift 2
    folder=$(multiarch) || { say "gcc or dpkg-dev is not installed"; return 1; }
    mkdir -p "$prefix/bin"
    cat >"$prefix/bin/$program" <<END
#!/bin/sh
LD_LIBRARY_PATH="$prefix/usr/lib/$folder:$prefix/lib/$folder\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
exec "$prefix/usr/bin/$program" $* "\$@"
END
    chmod +x "$prefix/bin/$program"
}
