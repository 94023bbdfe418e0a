//! Cargo asks a package that declares `links` for a build script; this one has nothing to do.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
