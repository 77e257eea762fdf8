# A step for tests/run.sh: the oldest Rust that each crate says it needs.

# The Rust that owproto-embedded needs with one of these features. Without them its rust-version holds.
stack_rust=1.91
stack_features="smoltcp embassy-net embassy-net-ipv6"

# Three checks: clippy knows since when the functions of std exist; dependencies may not need a later Rust; and an older
# compiler, where one is installed, compiles the crate.
step_msrv() {
    local package version features claims=() uncompiled=()
    need jq:jq || return 1
    for package in "${published[@]}"; do
        echo "== $package, std by clippy"
        # The cfg has no use but to be different: cargo does not repeat clippy when only rust-version has changed.
        cargo clippy --package "$package" --all-features -- -A clippy::all -D clippy::incompatible_msrv \
            --cfg "rust_version=\"$(rust_version "$package")\"" || return 1
    done
    while read -r package version features; do
        echo "== $package, Rust $version, features $features"
        claims+=("$package $version")
        dependencies_allow "$package" "$version" "$features" && compiles "$package" "$version" "$features" || return 1
    done < <(rust_claims)
    echo "      by clippy and by what their dependencies need: $(listed "${claims[@]}")" >>"$result"
    [ ${#uncompiled[@]} -eq 0 ] || not_checked "compiling with the oldest Rust ('rustup toolchain install VERSION' gets" \
        "it): $(listed "${uncompiled[@]}")"
}

# Lines of "PACKAGE VERSION FEATURE,...".
rust_claims() {
    local package
    for package in "${published[@]}"; do
        [ "$package" = owproto-embedded ] || echo "$package $(rust_version "$package") $(all_features "$package")"
    done
    echo "owproto-embedded $(rust_version owproto-embedded) $(all_features owproto-embedded "$stack_features")"
    echo "owproto-embedded $stack_rust $(all_features owproto-embedded)"
}

rust_version() { sed -n 's/^rust-version = "\(.*\)"/\1/p' "$1/Cargo.toml"; }

# The features of a package, without those named, joined by commas: all_features PACKAGE [FEATURES]
all_features() { features "$1" | grep -vxF -f <(tr ' ' '\n' <<<"${2:--}") | paste -sd,; }

# Fails if a dependency needs a later Rust than the claim: dependencies_allow PACKAGE VERSION FEATURES
dependencies_allow() {
    local name version needed late=0
    # From the dependencies of this package with these features, to what they say that they need.
    while read -r name version needed; do
        if later "$needed" "$2"; then
            echo "$name $version needs Rust $needed, and $1 ($3) says it needs $2"
            late=1
        fi
    done < <(
        join <(cargo tree --package "$1" --no-default-features --features "$3" --edges normal,build --target all \
            --prefix none --format '{p}' | awk '{ print $1 "@" $2 }' | sort -u) \
            <(cargo metadata --format-version 1 |
                jq -r '.packages[] | select(.rust_version) | "\(.name)@v\(.version) \(.rust_version)"' | sort -u) |
            tr '@' ' '
    )
    return $late
}

# Whether a version is later than another; 1.85 and 1.85.0 are the same.
later() {
    local one=${1%.0} other=${2%.0}
    [ "$one" != "$other" ] && [ "$(printf '%s\n' "$one" "$other" | sort -V | tail -n 1)" = "$one" ]
}

# Compiles a package with the oldest installed compiler that the claim admits, or adds to `uncompiled` why not:
# compiles PACKAGE VERSION FEATURES
compiles() {
    local found version toolchain
    found=$(compilers | sort -V | while read -r version toolchain; do
        later "$2" "$version" || { echo "$version $toolchain" && break; }
    done)
    read -r version toolchain <<<"$found"
    if [ -z "$version" ] || ! later "$(rustc_version)" "$version"; then
        uncompiled+=("$1 with $2 (the oldest here is $(rustc_version))")
        return 0
    fi
    RUSTUP_TOOLCHAIN=$toolchain cargo check --target-dir "$target/msrv" --package "$1" --no-default-features \
        --features "$3" || return 1
    if [ "${version%.*}" = "$2" ]; then
        echo "      compiled: $1 with Rust $version" >>"$result"
    else
        uncompiled+=("$1 with $2 (but with $version)")
    fi
}

# Lines of "VERSION TOOLCHAIN" of rustup's toolchains, without downloading any.
compilers() {
    local toolchain
    command -v rustup >/dev/null || return 0
    for toolchain in $(rustup toolchain list | awk '{ print $1 }'); do
        echo "$(RUSTUP_TOOLCHAIN=$toolchain rustc_version) $toolchain"
    done
}

rustc_version() { rustc --version | awk '{ print $2 }'; }

listed() { printf '%s, ' "$@" | sed 's/, $//'; }
