//! Tests `measure!` with closures, blocks and `async` blocks.

use std::{future::pending, num::ParseIntError, pin::pin};

use metrics_core::{Label, measure};
use tests::{assert_panics, calls, fail, in_progress, poll, run, timings};

#[derive(Label, Clone, Copy)]
enum Plan {
    Free,
    Paid,
}

#[test]
fn the_outcome_of_a_closure_is_that_of_its_result() {
    fn parse(text: &str) -> Result<u32, ParseIntError> {
        measure!("measured parse", counted, || text.parse::<u32>())
    }
    assert_eq!(parse("1"), Ok(1));
    assert!(parse("x").is_err());
    assert_eq!(calls("measured parse"), "ok 1, error 1, panic 0");
}

#[test]
fn a_panic_in_a_closure_is_recorded_as_one() {
    assert_panics(|| measure!("measured panic", counted, || -> u8 { fail() }));
    assert_eq!(calls("measured panic"), "ok 0, panic 1");
}

#[test]
fn the_question_mark_ends_the_closure_and_passes_its_error_on() {
    fn sum(texts: &[&str]) -> Result<u32, ParseIntError> {
        let sum = measure!("measured sum", counted, || {
            let mut sum = 0;
            for text in texts {
                sum += text.parse::<u32>()?;
            }
            Ok::<_, ParseIntError>(sum)
        })?;
        Ok(sum + 1)
    }
    assert_eq!(sum(&["1", "2"]), Ok(4));
    assert!(sum(&["1", "x"]).is_err());
    assert_eq!(calls("measured sum"), "ok 1, error 1, panic 0");
}

#[test]
fn return_in_a_closure_does_not_leave_the_function() {
    fn increased(number: u32) -> u32 {
        let increased = measure!("measured return", in_flight, || {
            if number > 5 {
                return number;
            }
            number + 1
        });
        increased * 10
    }
    assert_eq!(increased(1), 20);
    assert_eq!(increased(7), 70);
}

#[test]
fn a_block_has_its_value_and_borrows_what_it_uses() {
    let mut list = vec![1];
    let len = measure!("measured block", counted, timed, {
        list.push(2);
        list.len()
    });
    list.push(3);
    assert_eq!((len, list.len()), (2, 3));
    assert_eq!(calls("measured block"), "ok 1, error 0, panic 0");
    assert_eq!(timings("measured block"), "ok 1");
}

#[test]
fn closures_and_async_blocks_in_a_block_have_exits_of_their_own() {
    let parsed = measure!("measured exits", counted, {
        let parse = |text: &str| -> Result<u16, ParseIntError> { Ok(text.parse::<u8>()?.into()) };
        drop(async {
            let number = parse("2")?;
            Ok::<_, ParseIntError>(number)
        });
        parse("1").is_ok()
    });
    assert!(parsed);
}

#[test]
fn code_is_in_flight_while_it_runs() {
    let during = measure!("measured flight", in_flight, || {
        in_progress("measured flight")
    });
    assert_eq!(during, "1");
    assert_eq!(in_progress("measured flight"), "0");
}

#[test]
fn an_async_block_is_measured_from_its_first_poll_to_its_end() {
    let future = measure!("measured async", counted, in_flight, async {
        assert_eq!(in_progress("measured async"), "1");
        "1".parse::<u8>()?;
        "x".parse::<u8>()
    });
    assert_eq!(in_progress("measured async"), "0");
    assert!(run(future).is_err());
    assert_eq!(
        calls("measured async"),
        "ok 0, error 1, panic 0, cancelled 0"
    );
}

#[test]
fn an_async_block_that_is_dropped_early_is_cancelled() {
    {
        let future = pin!(measure!("measured drop", counted, async {
            pending::<u8>().await
        }));
        assert!(poll(future).is_pending());
    }
    assert_eq!(
        calls("measured drop"),
        "ok 0, error 0, panic 0, cancelled 1"
    );
}

#[test]
fn labels_are_variables_in_scope() {
    let (user, plan) = ("ann".to_owned(), Plan::Paid);
    let future = measure!(
        "measured labels",
        counted(labels(user, plan: Plan = plan)),
        async move { user.len() }
    );
    assert_eq!(run(future), 3);
    assert_eq!(
        calls("measured labels"),
        "ann paid ok 1, ann paid error 0, ann paid panic 0, ann paid cancelled 0"
    );
}

#[test]
fn a_closed_label_starts_at_zero() {
    let plan = Plan::Paid;
    measure!("measured closed", counted(labels(plan: Plan = plan)), || ());
    assert_eq!(
        calls("measured closed"),
        "free ok 0, free error 0, free panic 0, paid ok 1, paid error 0, paid panic 0"
    );
    let _ = Plan::Free;
}

#[test]
fn a_closure_whose_type_is_written_starts_without_the_outcome_error() {
    let one = measure!("measured type", counted, || -> u8 { 1 });
    assert_eq!(one, 1);
    assert_eq!(calls("measured type"), "ok 1, panic 0");
}

#[test]
fn measured_code_may_contain_measured_code() {
    let sum = measure!("measured outer", counted, || {
        1 + measure!("measured inner", counted, { 2 })
    });
    assert_eq!(sum, 3);
    assert_eq!(calls("measured outer"), "ok 1, error 0, panic 0");
    assert_eq!(calls("measured inner"), "ok 1, error 0, panic 0");
}

#[test]
fn code_in_a_generic_function_and_in_a_macro_is_measured() {
    macro_rules! counted {
        ($name:literal, $code:expr) => {
            measure!($name, counted, || $code)
        };
    }
    fn len<T>(list: &[T]) -> usize {
        counted!("measured generic", list.len())
    }
    assert_eq!(len(&[1, 2]) + len(&["a"]), 3);
    assert_eq!(calls("measured generic"), "ok 2, error 0, panic 0");
}
