//! Runs a test in a process of its own.

use std::{env, process::Command};

/// Runs `act` in a process in which no other test runs, with these variables in its environment:
/// starts this program again with only that test selected.
#[track_caller]
pub fn in_own_process(test: &str, variables: &[(&str, &str)], act: impl FnOnce()) {
    if env::var_os(OWN_PROCESS).is_some() {
        return act();
    }
    let output = command(test)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}{stdout}");
    assert!(stdout.contains("1 passed"), "no test `{test}`: {stdout}");
}

/// Whether this process was started by [`command`] or [`in_own_process`].
pub fn is_own_process() -> bool {
    env::var_os(OWN_PROCESS).is_some()
}

/// The command that starts this program again with only one test selected, without proxies in its
/// environment.
pub fn command(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    for scheme in ["ALL", "HTTP", "HTTPS", "NO"] {
        let name = format!("{scheme}_PROXY");
        command.env_remove(name.to_lowercase()).env_remove(name);
    }
    command
        .args(["--exact", test, "--nocapture"])
        .env(OWN_PROCESS, "1");
    command
}

const OWN_PROCESS: &str = "METRICS_HTTP_OWN_PROCESS";
