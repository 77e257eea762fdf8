//! Writes the memory map of the board to where cortex-m-rt's linker script looks for it.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(folder.join("memory.x"), include_str!("memory.x")).expect("the build directory can be written");
    // The names of the interrupt handlers: there are none.
    fs::write(folder.join("device.x"), "").expect("the build directory can be written");
    println!("cargo::rustc-link-search={}", folder.display());
    println!("cargo::rerun-if-changed=memory.x");
}
