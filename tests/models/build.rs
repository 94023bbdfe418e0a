//! Selects loom's primitives for the sources of `metrics-core`, and the storage for targets without
//! native thread-local storage, which keeps all of a thread's state in values that loom knows.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=metrics_models");
    println!("cargo::rustc-cfg=metrics_fallback_storage");
}
