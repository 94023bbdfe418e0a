//! Passes the version of the compiler to the crate, which exposes it in the metric `build_info`:
//! Cargo compiles the program and this crate with the same compiler.

use std::{env, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let version = env::var_os("RUSTC")
        .and_then(|rustc| Command::new(rustc).arg("--version").output().ok())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        // `rustc 1.95.0 (…)`; if it is missing, the label is omitted.
        .and_then(|line| line.split(' ').nth(1).map(|word| word.trim().to_owned()));
    if let Some(version) = version {
        println!("cargo::rustc-env=METRICS_HTTP_RUSTC={version}");
    }
}
