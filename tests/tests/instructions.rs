//! Counts the instructions of recordings, which reveals a slowdown without measuring time.
//!
//! The limits are the measured counts plus about 10 %, and apply to x86-64.

#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use tests::{build_fixture, installed};

static PROGRAM: LazyLock<PathBuf> =
    LazyLock::new(|| build_fixture("instructions", true).join("instructions"));

/// Returns the number of instructions of one operation, including the loop around it.
///
/// Divides the difference between a run and one of twice the length, so that everything outside the
/// loop cancels out.
#[track_caller]
fn instructions(operation: &str) -> f64 {
    fewest_instructions(operation, 1)
}

/// Like [`instructions`], but takes the smallest count of several runs, because runs differ by the
/// random seed of a hash.
#[track_caller]
fn fewest_instructions(operation: &str, runs: usize) -> f64 {
    const TIMES: u64 = 2_000;
    let fewest = |times| {
        let counts = (0..runs).map(|_| count_with_valgrind(operation, times));
        counts.min().expect("a run at least")
    };
    let more = fewest(2 * TIMES) - fewest(TIMES);
    let each = more as f64 / TIMES as f64;
    println!("{operation}: {each:.2} instructions");
    each
}

#[track_caller]
fn count_with_valgrind(operation: &str, times: u64) -> u64 {
    let valgrind = installed("VALGRIND", "valgrind/usr/bin/valgrind");
    let mut command = Command::new(&valgrind);
    // Valgrind looks for its tools where its package installs them, but the package may only have
    // been unpacked elsewhere.
    if let Some(tools) = tools_of(&valgrind) {
        command.env("VALGRIND_LIB", tools);
    }
    let output = command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*measured*")
        .arg(&*PROGRAM)
        .args([operation, &times.to_string()])
        .output()
        .expect("valgrind starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{operation}: {said}");
    let count = said.lines().find_map(|line| {
        let (_, count) = line.split_once("Collected :")?;
        count.trim().parse().ok()
    });
    count.unwrap_or_else(|| panic!("no count: {said}"))
}

fn tools_of(valgrind: &Path) -> Option<PathBuf> {
    let folder = valgrind.parent()?.join("../libexec/valgrind");
    folder.canonicalize().ok().filter(|folder| folder.is_dir())
}

macro_rules! bounds {
    ($($test:ident: $operation:literal, $at_most:literal;)*) => {$(
        #[test]
        fn $test() {
            let taken = instructions($operation);
            assert!(taken <= $at_most, "{taken} instructions");
        }
    )*};
}

bounds! {
    the_loop_around_it_takes_few_instructions: "nothing", 4.5;
    counting_takes_few_instructions: "counter", 5.5;
    counting_with_two_closed_labels_takes_few_instructions: "closed", 12.5;
    counting_with_the_same_open_labels_takes_few_instructions: "open_same", 109.0;
    counting_with_the_same_long_labels_takes_few_instructions: "open_long_same", 341.0;
    setting_a_gauge_takes_few_instructions: "gauge", 8.0;
    stepping_up_and_down_takes_few_instructions: "up_down", 7.0;
    counting_a_float_takes_few_instructions: "float_counter", 14.5;
    a_counted_call_takes_few_instructions: "counted_call", 9.0;
    a_counted_call_whose_result_is_read_takes_few_instructions: "counted_result", 9.0;
    a_counted_call_that_may_return_early_takes_few_instructions: "counted_early_return", 34.0;
    a_timed_call_takes_few_instructions: "timed_call", 340.0;
    a_timed_call_with_a_short_label_takes_few_instructions: "timed_labels_short", 440.0;
    observing_takes_few_instructions: "histogram_middle", 45.0;
    observing_natively_takes_few_instructions: "native", 47.0;
    counting_through_a_handle_takes_few_instructions: "held", 37.0;
    counting_through_a_handle_of_closed_labels_takes_few_instructions: "held_closed", 33.0;
    counting_in_a_dynamic_metric_with_short_labels_takes_few_instructions: "dynamic_short", 185.0;
    counting_in_a_dynamic_metric_without_labels_takes_few_instructions: "dynamic_unlabelled", 33.0;
    observing_in_a_dynamic_metric_takes_few_instructions: "dynamic_histogram", 275.0;
    counting_through_the_facade_takes_few_instructions: "facade", 900.0;
    counting_through_the_facade_with_a_copied_label_takes_few_instructions: "facade_copied", 1_135.0;
    a_request_through_the_layer_takes_few_instructions: "layer_request", 2_420.0;
    observing_a_summary_with_quantiles_takes_few_instructions: "summary_quantiles", 82.0;
    observing_through_a_handle_takes_few_instructions: "held_histogram", 134.0;
}

/// Runs several times, because in one of ten runs both series hash to the same slot of the thread's
/// cache, and finding the second one at the next slot takes longer.
#[test]
fn counting_with_alternating_open_labels_takes_few_instructions() {
    let taken = fewest_instructions("open_varying", 6);
    assert!(taken <= 168.0, "{taken} instructions");
}

/// Other threads own the storage of the metric, so the measured one borrows storage each time.
#[test]
fn a_recording_into_borrowed_storage_takes_few_instructions() {
    for (operation, at_most) in [
        ("borrowed_counter", 75.0),
        ("borrowed_histogram", 160.0),
        ("borrowed_held", 162.0),
    ] {
        let taken = instructions(operation);
        assert!(taken <= at_most, "{operation}: {taken} instructions");
    }
}

/// Runs several times, as for short labels.
#[test]
fn counting_with_alternating_long_labels_takes_few_instructions() {
    for (operation, at_most) in [
        ("open_long", 469.0),
        ("five_long", 719.0),
        ("twelve_long", 1_308.0),
    ] {
        let taken = fewest_instructions(operation, 4);
        assert!(taken <= at_most, "{operation}: {taken} instructions");
    }
}

#[test]
fn a_counted_call_with_alternating_open_labels_takes_few_instructions() {
    let taken = fewest_instructions("counted_labels", 6);
    assert!(taken <= 195.0, "{taken} instructions");
}

#[test]
fn constant_labels_take_no_instruction() {
    let [counter, constant] = ["counter", "constant"].map(instructions);
    assert!(
        (constant - counter).abs() < 0.01,
        "{constant} and {counter}"
    );
}

/// The minimum is LIMIT, code that records without making values visible to a scraper, or for
/// `bare_call` a function that records nothing. The recording bench compares their times.
#[test]
fn recording_takes_few_instructions_more_than_the_minimum() {
    for (ours, limit, at_most) in [
        ("counter", "limit_counter", 2.0),
        ("histogram_middle", "limit_histogram", 17.0),
        ("float_counter", "limit_float_counter", 8.0),
        ("counted_call", "limit_counted_call", 0.5),
        ("counted_call", "bare_call", 0.5),
    ] {
        let more = instructions(ours) - instructions(limit);
        assert!(more <= at_most, "{ours}: {more} more than {limit}");
    }
}

/// Measures the common case, in which the library does not search for a span, because earlier
/// searches found none.
#[test]
fn exemplars_add_a_few_instructions() {
    for (plain, last_check, at_most) in [
        ("counter", "exemplary", 7.0),
        ("histogram_middle", "exemplary_histogram", 8.0),
        ("counted_call", "exemplary_counted_call", 8.0),
        ("timed_call", "exemplary_timed_call", 18.0),
    ] {
        let more = instructions(last_check) - instructions(plain);
        assert!(more <= at_most, "{last_check}: {more} more");
    }
}

#[test]
fn observing_takes_the_same_instructions_for_every_bucket() {
    let taken = ["histogram_low", "histogram_middle", "histogram_high"].map(instructions);
    let differ = |each: &f64| (each - taken[0]).abs() > 0.01;
    assert!(!taken.iter().any(differ), "{taken:?}");
}

/// Returns the instructions of a function up to its first return.
#[track_caller]
fn hot_path(function: &str) -> Vec<String> {
    let output = Command::new("objdump")
        .args(["--no-show-raw-insn", &format!("--disassemble={function}")])
        .arg(&*PROGRAM)
        .output()
        .expect("objdump, of the package binutils");
    let text = String::from_utf8(output.stdout).expect("text");
    let code = text
        .lines()
        .filter_map(|line| line.trim_start().split_once(":\t"));
    let mut path = Vec::new();
    for (_, instruction) in code {
        path.push(instruction.to_owned());
        if instruction.starts_with("ret") {
            return path;
        }
    }
    panic!("`{function}` does not return: {text}");
}

fn calls(path: &[String]) -> Vec<&String> {
    let calls = path
        .iter()
        .filter(|instruction| instruction.starts_with("call"));
    calls.collect()
}

fn branches(path: &[String]) -> Vec<&String> {
    let is_branch =
        |instruction: &&String| instruction.starts_with('j') && !instruction.starts_with("jmp");
    path.iter().filter(is_branch).collect()
}

#[test]
fn counting_is_inlined_and_branches_only_on_thread_initialisation() {
    let path = hot_path("count_one");
    assert!(calls(&path).is_empty(), "{path:#?}");
    // The branches check the state of the thread's storage. The processor predicts them correctly.
    assert!(branches(&path).len() <= 2, "{path:#?}");
}

#[test]
fn observing_is_inlined_and_finds_the_bucket_without_branches() {
    let path = hot_path("observe_one");
    let position = |name| path.iter().position(|at: &String| at.starts_with(name));
    // The lookup in the bucket table is the only load of a byte.
    let table = position("movzbl").expect("a table");
    assert_eq!(
        path.iter().rposition(|at| at.starts_with("movzbl")),
        Some(table)
    );
    let counted = position("incq").expect("a count");
    assert!(calls(&path[..counted]).is_empty(), "{path:#?}");
    // Before the lookup in the table, the code checks whether the value can be observed and whether
    // it is -0.0.
    let is_check = |at: &String| at.starts_with("ucomisd") || at.starts_with('j');
    let last_check = path[..table]
        .iter()
        .rposition(is_check)
        .expect("it is last_check");
    assert!(path[last_check].starts_with("jp"), "{path:#?}");
    // After the lookup, the code checks whether there is a bound, the thread's storage, and the
    // bucket.
    assert!(branches(&path[table..counted]).len() <= 3, "{path:#?}");
}
