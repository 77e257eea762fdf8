//! Links with cortex-m-rt's script.

fn main() {
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
}
