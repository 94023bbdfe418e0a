//! Tests functions that return neither a future nor a stream, but a type that the macro cannot see
//! through.

use std::{
    fmt::{Debug, Display},
    ops::Add,
};

use axum::{http::StatusCode, response::IntoResponse};
use metrics_core::{counted, in_flight, timed};
use tests::{assert_panics, calls, fail, in_progress, timings};

trait Shown {
    fn show(&self) -> String;
}

impl<T: Display> Shown for T {
    fn show(&self) -> String {
        self.to_string()
    }
}

trait Measure: Fn(&str) -> usize {}

impl<F: Fn(&str) -> usize> Measure for F {}

#[test]
fn an_impl_of_any_trait_is_recorded_when_the_function_returns() {
    #[counted]
    #[timed]
    #[in_flight]
    fn shown(n: u8) -> impl Shown {
        assert_eq!(in_progress("shown"), "1");
        n
    }

    #[counted]
    fn measure() -> impl Measure {
        |text| text.len()
    }

    #[counted]
    fn numbers<'a, T: Clone + 'a>(all: &'a [T]) -> impl Iterator<Item = T> + 'a {
        all.iter().cloned()
    }

    assert_eq!(shown(1).show(), "1");
    assert_eq!(measure()("ab"), 2);
    assert_eq!(numbers(&[1, 2]).count(), 2);
    for name in ["shown", "measure", "numbers"] {
        assert_eq!(calls(name), "ok 1, panic 0");
    }
    assert_eq!(timings("shown"), "ok 1");
    assert_eq!(in_progress("shown"), "0");
}

#[test]
fn a_type_of_generic_code_is_recorded_when_the_function_returns() {
    struct Pair<T>(T, T);

    impl<T: Add<Output = T> + Clone + Debug> Pair<T> {
        #[counted]
        fn sum(&self) -> T::Output {
            self.0.clone() + self.1.clone()
        }

        #[counted]
        fn first(&self) -> &T {
            &self.0
        }

        #[counted]
        fn swapped(self) -> Pair<T> {
            Pair(self.1, self.0)
        }

        #[counted]
        #[in_flight]
        fn into_first(self) -> T {
            self.0
        }
    }

    let pair = Pair(1, 2);
    assert_eq!((pair.sum(), *pair.first()), (3, 1));
    assert_eq!(pair.swapped().into_first(), 2);
    for name in ["sum", "first", "swapped", "into_first"] {
        assert_eq!(calls(name), "ok 1, panic 0");
    }
}

#[test]
fn an_associated_result_is_recorded_as_ok_or_error() {
    trait Parse {
        type Parsed;

        fn parse(&self, text: &str) -> Self::Parsed;
    }

    struct Numbers;

    impl Parse for Numbers {
        type Parsed = Result<u8, String>;

        #[counted]
        #[timed]
        fn parse(&self, text: &str) -> Self::Parsed {
            if text.is_empty() {
                fail();
            }
            text.parse().map_err(|_| text.to_owned())
        }
    }

    assert_eq!(Numbers.parse("1"), Ok(1));
    assert_eq!(calls("parse"), "ok 1, panic 0");
    assert!(Numbers.parse("x").is_err());
    assert_panics(|| Numbers.parse(""));
    assert_eq!(calls("parse"), "ok 1, error 1, panic 1");
    assert_eq!(timings("parse"), "ok 1, error 1, panic 1");
}

#[test]
fn a_result_behind_an_impl_is_recorded_as_ok_or_error() {
    #[counted]
    fn response(status: u16) -> impl IntoResponse {
        StatusCode::from_u16(status).map_err(|error| error.to_string())
    }

    let statuses = [200, 1].map(|status| response(status).into_response().status());
    assert_eq!(statuses, [StatusCode::OK; 2]);
    assert_eq!(calls("response"), "ok 1, error 1, panic 0");
}
