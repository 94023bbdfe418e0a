//! Tests which targets get the storage that relies on native thread-local storage.
//!
//! The build script of metrics-core decides from the parts of a target that `cargo` passes to it.
//! The tests compare this decision with what the compiler reports.

#[path = "../../metrics-core/build.rs"]
#[expect(dead_code, reason = "the tests do not run the script's `main`")]
mod build;

use std::{collections::BTreeMap, process::Command, sync::LazyLock};

use serde_json::Value;

use crate::build::Target;

/// The specifications of all targets that the compiler knows, by name.
static SPECS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let output = Command::new("rustc")
        .args(["-Zunstable-options", "--print=all-target-specs-json"])
        .env("RUSTC_BOOTSTRAP", "1")
        .output()
        .expect("rustc starts");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("the specifications are JSON")
});

/// Whether the build script selects native thread-local storage for a target with this
/// specification.
fn has_native_thread_locals(spec: &Value) -> bool {
    let part = |name: &str, default| spec[name].as_str().unwrap_or(default);
    let width = &spec["target-pointer-width"];
    Target {
        os: part("os", "none"),
        env: part("env", ""),
        abi: part("abi", ""),
        vendor: part("vendor", "unknown"),
        arch: part("arch", ""),
        pointer_width: width.as_u64().expect("a width") as u32,
    }
    .has_native_thread_locals()
}

#[test]
fn a_target_with_the_native_storage_has_native_thread_local_storage() {
    for (target, spec) in &*SPECS {
        if has_native_thread_locals(spec) {
            assert_eq!(spec["has-thread-local"], true, "{target}");
            assert_ne!(spec["tls-model"], "emulated", "{target}");
        }
    }
}

#[test]
fn every_target_of_the_first_two_tiers_with_native_thread_local_storage_uses_it() {
    let expected = SPECS.iter().filter(|(_, spec)| {
        let tier = spec["metadata"]["tier"].as_u64();
        tier.is_some_and(|tier| tier <= 2)
            && spec["metadata"]["std"] == true
            && spec["has-thread-local"] == true
            && spec["tls-model"] != "emulated"
    });
    let missing = expected.filter(|(_, spec)| !has_native_thread_locals(spec));
    let missing: Vec<_> = missing.map(|(target, _)| target).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn targets_without_native_thread_local_storage_use_the_fallback() {
    for target in [
        "x86_64-pc-windows-gnu",
        "x86_64-unknown-openbsd",
        "aarch64-linux-android",
        "aarch64-unknown-linux-ohos",
        "x86_64-unknown-illumos",
        "x86_64-pc-solaris",
        "aarch64-unknown-nto-qnx710",
        "x86_64-unknown-haiku",
        "x86_64-pc-cygwin",
        "x86_64-fortanix-unknown-sgx",
    ] {
        assert!(!has_native_thread_locals(&SPECS[target]), "{target}");
    }
}
