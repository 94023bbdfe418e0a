//! Tests of labels from the result of a function call: `labels(on_return(...))` and `err(...)`.

#![allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::redundant_closure,
    clippy::unnecessary_wraps,
    clippy::unused_async,
    reason = "what is returned is for the attribute to look at, through a reference"
)]

use std::{future::pending, pin::pin};

use metrics_core::{Label, counted, timed};
use tests::{assert_panics, calls, fail, poll, run, timings};

/// Returns the nonzero `function_calls_total` series of a function, as labels and number of calls.
fn counted_by(function: &str) -> Vec<String> {
    let series = calls(function);
    let counted = series.split(", ").filter(|series| !series.ends_with(" 0"));
    counted.map(str::to_owned).collect()
}

#[derive(Label, Clone, Copy)]
enum Size {
    Small,
    Large,
}

impl Size {
    fn of(n: &u8) -> Self {
        if *n > 9 { Size::Large } else { Size::Small }
    }
}

#[test]
fn closed_labels_from_the_result_start_at_zero() {
    #[counted(labels(on_return(size: Size = Size::of)))]
    #[timed(labels(on_return(size: Size = |n| Size::of(n))))]
    fn sized(n: u8) -> u8 {
        if n == 0 { fail() } else { n }
    }

    assert_eq!(calls("sized"), "small ok 0, large ok 0, panic 0");
    assert_eq!(timings("sized"), "small ok 0, large ok 0");
    let _ = (sized(1), sized(2), sized(10));
    assert_panics(|| sized(0));
    assert_eq!(calls("sized"), "small ok 2, large ok 1, panic 1");
    assert_eq!(timings("sized"), "small ok 2, large ok 1, panic 1");
}

#[test]
fn open_labels_from_the_result_appear_with_their_first_value() {
    #[counted(labels(on_return(n = |n| *n)))]
    fn numbered(n: u8) -> u8 {
        if n == 0 { fail() } else { n }
    }

    assert_eq!(calls("numbered"), "");
    let _ = (numbered(7), numbered(7), numbered(8));
    assert_panics(|| numbered(0));
    let mut counted = counted_by("numbered");
    counted.sort();
    assert_eq!(counted, ["7 ok 2", "8 ok 1", "panic 1"]);
}

#[test]
fn labels_from_the_result_combine_with_labels_from_the_arguments() {
    #[counted(labels(name = text.as_str(), size: Size = Size::Small, on_return(len = |r| r.as_ref().map_or(0, String::len))))]
    fn open(text: String) -> Result<String, ()> {
        if text.is_empty() { Err(()) } else { Ok(text) }
    }
    #[counted(labels(size: Size = Size::of(&n), on_return(even: bool = |n| n % 2 == 0, half: Size = |n| Size::of(&(n / 2)))))]
    fn closed(n: u8) -> u8 {
        n
    }

    let _ = (open("ab".to_owned()), open(String::new()));
    let mut counted = counted_by("open");
    counted.sort();
    assert_eq!(counted, ["ab small 2 ok 1", "small 0 error 1"]);
    assert!(calls("closed").starts_with("small false small ok 0, small false large ok 0"));
    assert!(calls("closed").contains("small panic 0"));
    let _ = (closed(12), closed(30));
    assert_eq!(
        counted_by("closed"),
        ["large true small ok 1", "large true large ok 1"]
    );
}

#[test]
fn an_async_call_that_does_not_return_leaves_labels_from_the_result_empty() {
    async fn end(how: u8) -> u8 {
        match how {
            0 => fail(),
            1 => pending().await,
            n => n,
        }
    }
    #[counted(labels(on_return(size: Size = Size::of)))]
    async fn sized_later(how: u8) -> u8 {
        end(how).await
    }
    #[counted(labels(to = to.as_str(), on_return(n = |n| *n)))]
    async fn open_later(to: String, how: u8) -> u8 {
        end(how).await
    }
    #[counted(labels(to = to, on_return(size: Size = Size::of)))]
    #[timed(labels(to = to, on_return(size: Size = Size::of)))]
    async fn mixed(to: &str, how: u8) -> u8 {
        end(how).await
    }

    assert_panics(|| run(sized_later(0)));
    assert!(poll(pin!(sized_later(1))).is_pending());
    assert_eq!(run(sized_later(2)), 2);
    assert_eq!(
        calls("sized_later"),
        "small ok 1, large ok 0, panic 1, cancelled 1"
    );
    let to = || "Ulm".to_owned();
    assert_panics(|| run(open_later(to(), 0)));
    assert!(poll(pin!(open_later(to(), 1))).is_pending());
    assert_eq!(run(open_later(to(), 2)), 2);
    let mut counted = counted_by("open_later");
    counted.sort();
    assert_eq!(counted, ["Ulm 2 ok 1", "Ulm cancelled 1", "Ulm panic 1"]);
    assert_panics(|| run(mixed("Ulm", 0)));
    assert!(poll(pin!(mixed("Ulm", 1))).is_pending());
    assert_eq!(run(mixed("Ulm", 20)), 20);
    assert_eq!(
        counted_by("mixed"),
        ["Ulm large ok 1", "Ulm panic 1", "Ulm cancelled 1"]
    );
    assert_eq!(
        timings("mixed"),
        "Ulm small ok 0, Ulm large ok 1, Ulm panic 1, Ulm cancelled 1"
    );
}

#[derive(Label)]
enum Fault {
    NotFound(String),
    #[label(rename = "io")]
    Disk {
        error: std::io::Error,
    },
    Full,
}

fn faulty(how: u8) -> Result<u8, Fault> {
    match how {
        0 => Err(Fault::NotFound("a".to_owned())),
        1 => Err(Fault::Disk {
            error: std::io::Error::other("broken"),
        }),
        2 => Err(Fault::Full),
        n => Ok(n),
    }
}

#[test]
fn a_typed_label_from_the_error_is_closed_and_starts_at_zero() {
    #[counted(err(kind: Fault))]
    #[timed(err(kind: Fault))]
    fn told(how: u8) -> Result<u8, Fault> {
        faulty(how)
    }
    #[counted(err(kind: Fault))]
    async fn told_later(how: u8) -> Result<u8, Fault> {
        faulty(how)
    }

    assert_eq!(
        calls("told"),
        "ok 0, not_found error 0, io error 0, full error 0, panic 0"
    );
    assert_eq!(timings("told"), "ok 0");
    for how in 0..4 {
        let _ = (told(how), run(told_later(how)));
    }
    let shown = "ok 1, not_found error 1, io error 1, full error 1, panic 0";
    assert_eq!(calls("told"), shown);
    assert_eq!(calls("told_later"), format!("{shown}, cancelled 0"));
    assert_eq!(
        timings("told"),
        "ok 1, not_found error 1, io error 1, full error 1"
    );
    let Err(Fault::Disk { error }) = faulty(1) else {
        panic!("how 1 is the disk");
    };
    assert_eq!(error.to_string(), "broken");
    assert!(matches!(faulty(0), Err(Fault::NotFound(what)) if what == "a"));
}

#[test]
fn an_untyped_label_from_the_error_is_open() {
    #[counted(err(kind))]
    fn untold(how: u8) -> Result<u8, Fault> {
        faulty(how)
    }
    #[counted(err(why), labels(how))]
    async fn untold_later(how: u8) -> Result<u8, String> {
        faulty(how).map_err(|fault| fault.with_str(str::to_uppercase))
    }
    #[counted(err(kind: Fault), outcome = false)]
    fn without_outcome(how: u8) -> Result<u8, Fault> {
        faulty(how)
    }

    assert_eq!(calls("untold"), "");
    for how in [0, 1, 3] {
        let _ = (untold(how), run(untold_later(how)), without_outcome(how));
    }
    let sorted = |function| {
        let mut counted = counted_by(function);
        counted.sort();
        counted
    };
    assert_eq!(
        sorted("untold"),
        ["io error 1", "not_found error 1", "ok 1"]
    );
    assert_eq!(
        sorted("untold_later"),
        ["0 NOT_FOUND error 1", "1 IO error 1", "3 ok 1"]
    );
    assert_eq!(sorted("without_outcome"), ["1", "io 1", "not_found 1"]);
}
