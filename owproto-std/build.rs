//! Sets `in_repository`, for what needs files outside of this package: the tests that use owproto-tests, and the README of
//! the project. A package from crates.io has no build script, so it does without them.

fn main() {
    println!("cargo::rustc-cfg=in_repository");
    println!("cargo::rerun-if-changed=build.rs");
}
