# For the steps of tests/run.sh: programs that must be installed, and what several steps use.

# Writes a line for the caller to see: not_checked WORDS...
not_checked() { echo "      NOT CHECKED: $*" >>"$result"; }

# Installs what is missing: need PROGRAM:PACKAGE...
need() {
    local pair missing=()
    for pair; do
        command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

install_packages() {
    if ! command -v apt-get >/dev/null; then
        echo "missing: the programs of Debian's packages $*; there is no apt here, so please install them"
        return 1
    fi
    # The package lists may be old or missing.
    apt_get install --no-install-recommends "$@" || { apt_get update && apt_get install --no-install-recommends "$@"; }
}

apt_get() {
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        # Without a prompt: a step has no terminal.
        as_root=(sudo -n)
        if ! sudo -n true; then
            echo "'apt-get $*' needs root: run it yourself, or run this script as root or after 'sudo -v'"
            return 1
        fi
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 "$@"
}

# Runs a command that loads packages, and repeats it with new package lists if it fails.
with_package_lists() {
    "$@" && return
    echo "trying again with new package lists" >&2
    apt_get update >&2 && "$@"
}

# A nightly Rust, which is never downloaded here: need_nightly WHAT_FOR
need_nightly() {
    cargo +nightly --version && return
    echo "missing: a nightly Rust, for $1; install it with 'rustup toolchain install nightly'"
    return 1
}

# Makes a Python environment with pyownet in target/venv.
need_pyownet() {
    local python=$target/venv/bin/python
    "$python" -c "import pyownet" 2>/dev/null && return
    need python3:python3 || return 1
    python3 -c "import ensurepip, venv" 2>/dev/null || install_packages python3-venv || return 1
    rm -rf "$target/venv"
    python3 -m venv "$target/venv" && "$python" -m pip install --disable-pip-version-check --quiet pyownet
}

# Installs a program of crates.io into target/tools and puts it on the path: need_cargo_tool NAME [VERSION [ARGS...]]
# Without a version any that is installed will do. ARGS go to cargo install.
need_cargo_tool() {
    local name=$1 version=${2:-} tools=$target/tools
    shift $(($# < 2 ? $# : 2))
    PATH=$tools/bin:$PATH
    if [ -z "$version" ]; then
        [ -x "$tools/bin/$name" ] && return
    else
        grep -qF "\"$name $version " "$tools/.crates.toml" 2>/dev/null && return
    fi
    cargo install "$name${version:+@$version}" --locked --root "$tools" "$@"
}

# Runs cargo for the fuzz crate without its targets, on stable: fuzz_crate COMMAND...
fuzz_crate() {
    local command=$1
    shift
    cargo "$command" --manifest-path fuzz/Cargo.toml --no-default-features --target-dir "$target" "$@"
}

# The names of a package's features.
features() {
    awk '/^\[/ { inside = $0 == "[features]" } inside && /^[a-z][a-z0-9_-]* *=/ && $1 != "default" { print $1 }' \
        "$1/Cargo.toml"
}
