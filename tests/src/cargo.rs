//! Runs Cargo in a test.

use std::{env, process::Command};

/// Cargo as it runs outside of a test: without the variables that Cargo sets for a test program.
///
/// Some build scripts, as that of `ring`, run again if such a variable has changed, and then
/// everything that depends on them is built again.
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in env::vars_os() {
        let is_of_test = |name: &str| {
            let of_test = ["CARGO_BIN_", "CARGO_MANIFEST_", "CARGO_PKG_"];
            of_test.iter().any(|start| name.starts_with(start))
        };
        if name.to_str().is_some_and(is_of_test) {
            cargo.env_remove(&name);
        }
    }
    cargo
}
