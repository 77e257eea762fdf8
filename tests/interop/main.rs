//! Tests against owserver and ow-shell, which must be installed.
//!
//! One program with a module for each subject, so that it is built and linked once.

mod client;
mod differential;
mod embedded;
mod harness;
mod ow;
mod server;
mod server_lifecycle;
mod server_tree;

/// A file without a `mod` would be left out unnoticed.
#[test]
fn every_file_is_part_of_this_program() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let declared = include_str!("main.rs").lines().any(|line| line == format!("mod {name};"));
        assert!(name == "main" || declared, "{} is not declared in main.rs", path.display());
    }
}
