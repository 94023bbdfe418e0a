//! Rejects targets without atomic 64-bit integers, and selects the storage for targets without
//! native thread-local storage.
//!
//! `cfg(target_thread_local)` says which targets have native thread-local storage, but this option
//! is unstable.

use std::env;

const NO_ATOMICS: &str = "metrics-core needs atomic 64-bit integers, which this target does not \
    have; build for another target, or let the program depend on this crate in \
    `[target.'cfg(target_has_atomic = \"64\")'.dependencies]` only";

/// The parts of a target that decide whether it has native thread-local storage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) os: &'a str,
    pub(crate) env: &'a str,
    pub(crate) abi: &'a str,
    pub(crate) vendor: &'a str,
    pub(crate) arch: &'a str,
    pub(crate) pointer_width: u32,
}

impl Target<'_> {
    /// Whether the address of a thread-local value without a destructor stays valid until the
    /// thread has run all of its code.
    ///
    /// The address does not stay valid where the standard library keeps such values under keys of
    /// the operating system, or where the compiler emulates thread-local storage.
    pub(crate) fn has_native_thread_locals(&self) -> bool {
        match self.os {
            "linux" => {
                let is_x32 = self.arch == "x86_64" && self.pointer_width == 32;
                self.env != "ohos" && !is_x32
            }
            "windows" => {
                let is_32_bit_windows_7 = self.vendor == "win7" && self.arch == "x86";
                (self.env == "msvc" || self.abi == "llvm") && !is_32_bit_windows_7
            }
            "macos" | "ios" | "tvos" | "visionos" | "watchos" | "freebsd" | "netbsd"
            | "dragonfly" | "fuchsia" | "hurd" | "redox" | "emscripten" | "wasi" => true,
            "unknown" => self.arch.starts_with("wasm"),
            _ => false,
        }
    }
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(metrics_fallback_storage)");
    let part = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if !part("HAS_ATOMIC").split(',').any(|width| width == "64") {
        // A `compile_error!` would be one error among dozens of unresolved imports.
        println!("cargo::error={NO_ATOMICS}");
        return;
    }
    let target = Target {
        os: &part("OS"),
        env: &part("ENV"),
        abi: &part("ABI"),
        vendor: &part("VENDOR"),
        arch: &part("ARCH"),
        pointer_width: part("POINTER_WIDTH").parse().unwrap_or_default(),
    };
    if !target.has_native_thread_locals() {
        println!("cargo::rustc-cfg=metrics_fallback_storage");
    }
}
