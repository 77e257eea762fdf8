# A step for tests/run.sh: the packages for crates.io.

# Packs each crate into target/package. Unpacks the packages, builds each, runs the tests that it contains, and builds its
# documentation as docs.rs does.
step_packages() {
    local folder=$target/packages package patches=()
    # Changes that are not committed are packed too. Without cargo's own build, which does not notice that a package has
    # changed if its version has not.
    rm -rf "$folder" &&
        cargo package --allow-dirty --no-verify --target-dir "$target" "${published[@]/#/--package=}" || return 1
    for package in "${published[@]}"; do
        echo "== $package"
        # The files get the time of now, so that cargo notices changes.
        mkdir -p "$folder/$package" &&
            tar -xmf "$target/package/$package-$(package_version).crate" -C "$folder/$package" --strip-components 1 &&
            contains_all "$folder/$package" && (cd "$folder/$package" && build_package "${patches[@]}") || return 1
        # For the packages that depend on it: it is in no registry.
        patches+=(--config "patch.crates-io.$package.path = \"$folder/$package\"")
    done
    cargo +nightly --version >/dev/null || not_checked "documentation as docs.rs builds it, which needs a nightly Rust"
}

package_version() { sed -n '/^\[workspace.package\]/,/^\[/ s/^version = "\(.*\)"/\1/p' Cargo.toml; }

# Licences and a README are in the package, and the links of the README lead to files of it or are absolute.
contains_all() {
    local file
    for file in LICENSE-MIT LICENSE-APACHE README.md; do
        [ -f "$1/$file" ] || { echo "the package has no $file" && return 1; }
    done
    tests/links.sh "$1/README.md"
}

build_package() {
    cargo build --target-dir "$target" "$@" && cargo test --target-dir "$target" "$@" --all-features || return 1
    ! cargo +nightly --version ||
        RUSTDOCFLAGS="--cfg docsrs -D warnings" cargo +nightly doc --target-dir "$target/public-api" "$@" --all-features \
            --no-deps
}
