# Steps for tests/run.sh: what a user gets from crates.io and GitHub.

# The crates that go to crates.io, each after those that it depends on.
published=(owproto-core owproto-std owproto-embedded owproto)

# Those that other programs use as a library.
libraries=(owproto-core owproto-std owproto-embedded)

# The cargo-public-api that reads the rustdoc JSON of the nightly in use. Its own table says which version reads which:
# https://github.com/cargo-public-api/cargo-public-api#compatibility-matrix
public_api_version=0.52.0

# Licences, versions and sources of all dependencies, and known defects if their list can be downloaded.
step_dependencies() {
    local manifest manifests=(Cargo.toml fuzz/Cargo.toml "$firmware/Cargo.toml")
    need_cargo_tool cargo-deny || return 1
    for manifest in "${manifests[@]}"; do
        echo "== $manifest"
        deny "$manifest" licenses bans sources || return 1
    done
    if ! cargo-deny --config deny.toml fetch db; then
        not_checked "advisories, because their list cannot be downloaded here"
        return 0
    fi
    for manifest in "${manifests[@]}"; do
        deny "$manifest" --disable-fetch advisories || return 1
    done
}

# deny MANIFEST ARGS...; an exception that one workspace needs may be unused in another.
deny() {
    local manifest=$1
    shift
    cargo-deny --manifest-path "$manifest" --config deny.toml check --hide-inclusion-graph -A unmatched-skip \
        -A license-exception-not-encountered "$@"
}

# Links in the Markdown files of the repository.
step_links() { git ls-files -z '*.md' | xargs -0 tests/links.sh; }

# The public API of each crate, compared with its public-api.txt.
step_public_api() {
    local package status=0
    for package in "${libraries[@]}"; do
        public_api "$package" >"$target/run/$package.public-api.txt" || return 1
        diff -u "$package/public-api.txt" "$target/run/$package.public-api.txt" || status=1
    done
    [ $status -eq 0 ] || echo "the public API changed: if it should, run 'tests/run.sh public-api-renew' and commit"
    return $status
}

step_public_api_renew() {
    local package
    for package in "${libraries[@]}"; do
        public_api "$package" >"$target/run/$package.public-api.txt" &&
            cp "$target/run/$package.public-api.txt" "$package/public-api.txt" || return 1
    done
    git diff --stat -- '*/public-api.txt' >"$result"
}

# Prints the public API of a package with all features: every item, the traits that users implement or derive, and Send,
# Sync and Unpin. Without the traits that only the compiler knows, which differ from one nightly to the next.
public_api() {
    need_nightly "the public API as text" >&2 &&
        CARGO_PROFILE_DEV_DEBUG=0 need_cargo_tool cargo-public-api "$public_api_version" --debug >&2 || return 1
    CARGO_TARGET_DIR=$target/public-api cargo +nightly public-api --package "$1" --all-features --simplified --color=never |
        grep -vE '^impl.* core::(marker::(Freeze|UnsafeUnpin|StructuralPartialEq)|panic::unwind_safe::(Ref)?UnwindSafe) for '
    [ "${PIPESTATUS[0]}" -eq 0 ]
}
