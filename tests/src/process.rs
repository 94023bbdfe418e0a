//! Runs a test in its own process, and measures memory.

use std::{env, fs, process::Command};

/// Runs a test in a process of its own, in which no other test allocates: starts this program again
/// with only that test selected.
///
/// `test` is the full name of the test, including its modules.
#[track_caller]
pub fn in_own_process(test: &str, act: impl FnOnce()) {
    if env::var_os(OWN_PROCESS).is_some() {
        return act();
    }
    let program = env::current_exe().expect("a test is a program");
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture"])
        .env(OWN_PROCESS, "1")
        .output()
        .expect("the test starts again");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}{stdout}");
    assert!(stdout.contains("1 passed"), "no test `{test}`: {stdout}");
    print!("{stdout}");
}

/// Returns by how many bytes `act` makes the resident memory grow; 0 where `/proc` does not exist.
pub fn growth(act: impl FnOnce()) -> usize {
    let before = resident();
    act();
    resident().saturating_sub(before)
}

fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|statm| {
            let resident = statm.split_whitespace().nth(1)?;
            resident.parse::<usize>().ok()
        });
    pages.unwrap_or(0) * 4096
}

const OWN_PROCESS: &str = "TESTS_OWN_PROCESS";
