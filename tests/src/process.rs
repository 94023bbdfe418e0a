//! Processes of a test's own, and how large they are.

use std::{env, fs, process::Command};

/// Runs a test where no other allocates: this very program again, for this test alone.
#[track_caller]
pub fn in_a_process_of_its_own(test: &str, act: impl FnOnce()) {
    if env::var_os(OWN_PROCESS).is_some() {
        return act();
    }
    let program = env::current_exe().expect("a test is a program");
    let output = Command::new(program)
        .args(["--exact", test, "--nocapture"])
        .env(OWN_PROCESS, "1")
        .output()
        .expect("it starts again");
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{failed}{said}");
    assert!(said.contains("1 passed"), "no test `{test}`: {said}");
    print!("{said}");
}

/// By how many bytes the process grows; 0 where nobody says.
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
