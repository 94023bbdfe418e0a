//! Tests that a call of a function that is not `async` is recorded as ok, error or panic, however
//! the body ends.

use std::num::ParseIntError;

use metrics_core::{counted, in_flight, timed};
use tests::{assert_panics, calls, fail, in_progress, timings};

#[test]
fn a_result_is_counted_as_ok_or_error() {
    #[counted]
    fn half(n: u32) -> Result<u32, String> {
        if n.is_multiple_of(2) {
            Ok(n / 2)
        } else {
            Err(format!("{n} is odd"))
        }
    }

    assert_eq!(calls("half"), "ok 0, error 0, panic 0");
    assert_eq!((half(4), half(6)), (Ok(2), Ok(3)));
    assert!(half(3).is_err());
    assert_eq!(calls("half"), "ok 2, error 1, panic 0");
}

#[test]
fn a_function_that_returns_no_result_has_no_error_series() {
    #[counted]
    fn double(n: u32) -> u32 {
        n * 2
    }

    assert_eq!(double(2), 4);
    assert_eq!(calls("double"), "ok 1, panic 0");
}

#[test]
fn a_function_that_is_never_called_is_exposed_at_zero() {
    #[allow(dead_code)]
    #[counted]
    #[timed]
    #[in_flight]
    fn idle() -> Result<(), ()> {
        Ok(())
    }

    assert_eq!(calls("idle"), "ok 0, error 0, panic 0");
    assert_eq!(timings("idle"), "ok 0");
    assert_eq!(in_progress("idle"), "0");
}

#[test]
fn a_panic_is_counted_with_and_without_a_result() {
    #[counted]
    fn falls() {
        fail()
    }
    #[counted]
    fn falls_instead_of_a_result() -> Result<(), ()> {
        fail()
    }

    assert_panics(falls);
    assert_panics(falls_instead_of_a_result);
    assert_eq!(calls("falls"), "ok 0, panic 1");
    assert_eq!(calls("falls_instead_of_a_result"), "ok 0, error 0, panic 1");
}

#[test]
fn a_call_made_during_unwinding_is_not_counted_as_a_panic() {
    #[counted]
    fn tidy_up() {}
    #[counted]
    fn tidy_up_unless(done: bool) {
        if done {
            return;
        }
        tidy_up();
    }
    #[counted]
    fn tidy_up_or_not() -> Result<(), ()> {
        Err(())
    }
    struct Tidy;
    impl Drop for Tidy {
        fn drop(&mut self) {
            tidy_up();
            tidy_up_unless(true);
            let _ = tidy_up_or_not();
        }
    }

    assert_panics(|| {
        let _tidy = Tidy;
        fail()
    });
    assert_eq!(calls("tidy_up"), "ok 1, panic 0");
    assert_eq!(calls("tidy_up_unless"), "ok 1, panic 0");
    assert_eq!(calls("tidy_up_or_not"), "ok 0, error 1, panic 0");
}

#[test]
fn a_call_that_may_return_early_is_counted_by_how_it_ends() {
    macro_rules! leave {
        () => {
            return 1
        };
    }

    #[counted]
    fn leaves(how: u8) -> u8 {
        if how == 0 {
            return 0;
        }
        if how == 1 {
            leave!();
        }
        fail()
    }

    #[counted]
    fn leaves_by_a_macro(how: u8) -> u8 {
        if how == 1 {
            leave!();
        }
        fail()
    }

    assert_eq!((leaves(0), leaves(1), leaves_by_a_macro(1)), (0, 1, 1));
    assert_panics(|| leaves(2));
    assert_panics(|| leaves_by_a_macro(2));
    assert_eq!(calls("leaves"), "ok 2, panic 1");
    assert_eq!(calls("leaves_by_a_macro"), "ok 1, panic 1");
}

#[test]
fn a_call_that_returns_from_a_redefined_standard_macro_has_not_panicked() {
    macro_rules! assert {
        ($condition:expr) => {
            if !$condition {
                return 0;
            }
        };
    }

    #[counted]
    fn checks(n: u32) -> u32 {
        assert!(n > 1);
        n
    }

    assert_eq!((checks(1), checks(2)), (0, 2));
    assert_eq!(calls("checks"), "ok 2, panic 0");
}

#[test]
fn durations_of_an_outcome_appear_once_it_has_occurred() {
    #[timed]
    fn measured(how: u8) -> Result<(), ()> {
        match how {
            0 => Ok(()),
            1 => Err(()),
            _ => fail(),
        }
    }

    assert_eq!(measured(0), Ok(()));
    assert_eq!(timings("measured"), "ok 1");
    assert_eq!(measured(1), Err(()));
    assert_panics(|| measured(2));
    assert_eq!(timings("measured"), "ok 1, error 1, panic 1");
}

#[test]
fn a_call_is_in_flight_until_it_returns_or_panics() {
    #[in_flight]
    fn flies(then_fail: bool) -> String {
        if then_fail {
            fail()
        }
        in_progress("flies")
    }

    assert_eq!(in_progress("flies"), "0");
    assert_eq!(flies(false), "1");
    assert_panics(|| flies(true));
    assert_eq!(in_progress("flies"), "0");
}

#[test]
fn the_attributes_combine_in_every_order() {
    macro_rules! stacked {
        ($($(#[$attribute:ident])* $name:ident),*) => {$(
            $(#[$attribute])*
            fn $name(n: u8) -> Result<String, ()> {
                if n == 0 { Err(()) } else { Ok(in_progress(stringify!($name))) }
            }

            assert_eq!($name(1).as_deref(), Ok("1"));
            assert_eq!($name(0), Err(()));
            assert_eq!(calls(stringify!($name)), "ok 1, error 1, panic 0");
            assert_eq!(timings(stringify!($name)), "ok 1, error 1");
            assert_eq!(in_progress(stringify!($name)), "0");
        )*};
    }

    stacked! {
        #[counted] #[timed] #[in_flight] stacked_cti,
        #[counted] #[in_flight] #[timed] stacked_cit,
        #[timed] #[counted] #[in_flight] stacked_tci,
        #[timed] #[in_flight] #[counted] stacked_tic,
        #[in_flight] #[counted] #[timed] stacked_ict,
        #[in_flight] #[timed] #[counted] stacked_itc
    }
}

mod aliases {
    use super::{calls, counted};

    type Answer = Result<u8, ()>;
    type AnswerOf<T> = Result<T, ()>;
    type Plain = u8;

    #[counted]
    fn aliased(n: u8) -> Answer {
        n.checked_sub(1).ok_or(())
    }

    #[counted]
    fn aliased_with_a_parameter(n: u8) -> AnswerOf<u8> {
        aliased(n)
    }

    #[counted]
    fn from_the_library() -> std::fmt::Result {
        Err(std::fmt::Error)
    }

    #[counted]
    fn aliased_number() -> Plain {
        1
    }

    #[test]
    fn an_alias_of_result_is_recognised() {
        assert_eq!((aliased(1), aliased(0)), (Ok(0), Err(())));
        assert!(aliased_with_a_parameter(0).is_err());
        assert!(from_the_library().is_err());
        assert_eq!(aliased_number(), 1);
        assert_eq!(calls("aliased"), "ok 1, error 2, panic 0");
        assert_eq!(calls("aliased_with_a_parameter"), "ok 0, error 1, panic 0");
        assert_eq!(calls("from_the_library"), "ok 0, error 1, panic 0");
        assert_eq!(calls("aliased_number"), "ok 1, panic 0");
    }
}

#[test]
fn fallible_marks_a_function_whose_type_hides_the_result() {
    type AnswerOf<T> = Result<T, ()>;

    #[counted(fallible = true)]
    fn answers<T>(answer: AnswerOf<T>) -> AnswerOf<T> {
        answer
    }

    assert_eq!(answers::<u8>(Err(())), Err(()));
    assert_eq!(calls("answers"), "ok 0, error 1, panic 0");
}

#[test]
fn every_exit_of_a_body_is_recorded() {
    struct Wrong;
    impl From<ParseIntError> for Wrong {
        fn from(_: ParseIntError) -> Self {
            Wrong
        }
    }

    #[counted]
    fn returns_early(n: u32) -> Result<u32, Wrong> {
        if n == 0 {
            return Err(Wrong);
        }
        for i in 0..n {
            if i == 2 {
                return Ok(i);
            }
        }
        Ok(n)
    }

    #[counted]
    fn converts_the_error(text: &str) -> Result<u32, Wrong> {
        Ok(text.parse::<u32>()? + 1)
    }

    #[counted]
    fn has_no_value(text: &str) -> Option<u32> {
        text.parse::<u32>().ok()?.checked_sub(1)
    }

    #[counted]
    fn breaks_out(items: &[&[u32]]) -> Result<u32, Wrong> {
        let found = 'found: {
            for row in items {
                for item in *row {
                    if *item > 1 {
                        break 'found Some(*item);
                    }
                }
            }
            None
        };
        found.ok_or(Wrong)
    }

    assert!(returns_early(0).is_err());
    assert!(returns_early(1).is_ok_and(|n| n == 1));
    assert!(returns_early(5).is_ok_and(|n| n == 2));
    assert_eq!(calls("returns_early"), "ok 2, error 1, panic 0");
    assert!(converts_the_error("1").is_ok_and(|n| n == 2));
    assert!(converts_the_error("x").is_err());
    assert_eq!(calls("converts_the_error"), "ok 1, error 1, panic 0");
    assert_eq!((has_no_value("x"), has_no_value("1")), (None, Some(0)));
    assert_eq!(calls("has_no_value"), "ok 2, panic 0");
    assert!(breaks_out(&[&[1], &[1, 2]]).is_ok_and(|n| n == 2));
    assert!(breaks_out(&[]).is_err());
    assert_eq!(calls("breaks_out"), "ok 1, error 1, panic 0");
}

#[test]
fn a_recursive_function_counts_every_call() {
    #[counted]
    #[in_flight]
    fn factorial(n: u64) -> Result<u64, String> {
        if n == 0 {
            return Err(in_progress("factorial"));
        }
        factorial(n - 1).map(|below| n * below)
    }

    assert_eq!(factorial(3), Err("4".to_owned()));
    assert_eq!(calls("factorial"), "ok 0, error 4, panic 0");
    assert_eq!(in_progress("factorial"), "0");
}
