//! Tests functions that return neither a future nor a stream, although their signature does not
//! tell the macro so.

use std::{
    fmt::{Debug, Display},
    future::{Future, ready},
    marker::PhantomData,
    ops::Add,
};

use axum::{http::StatusCode, response::IntoResponse};
use futures_util::{
    future::BoxFuture,
    stream::{self, Stream},
};
use metrics_core::{counted, in_flight, timed};
use tests::{assert_panics, calls, fail, in_progress, run, timings};

use crate::support::collect;

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

type Found<T> = Result<T, ()>;

#[test]
fn an_alias_of_a_result_with_a_parameter_is_recorded_as_an_error() {
    trait Query {
        type Rows;
    }

    impl Query for u8 {
        type Rows = Result<u8, ()>;
    }

    struct Pool<Q>(PhantomData<Q>);

    #[counted]
    impl<Q: Query<Rows = Result<u8, ()>>> Pool<Q> {
        fn boxed(&self) -> BoxFuture<'static, Q::Rows> {
            Box::pin(ready(Err(())))
        }

        fn implied(&self) -> impl Future<Output = Q::Rows> {
            ready(Err(()))
        }

        fn streamed(&self) -> impl Stream<Item = Q::Rows> {
            stream::iter([Err(())])
        }
    }

    #[counted]
    fn found_later<T: Send + 'static>(value: Option<T>) -> BoxFuture<'static, Found<T>> {
        Box::pin(ready(value.ok_or(())))
    }

    #[counted]
    async fn found_and_opaque(value: Option<u8>) -> Found<impl Clone> {
        value.ok_or(())
    }

    #[counted]
    fn found_at_once(value: Option<u8>) -> Found<impl Clone> {
        value.ok_or(())
    }

    let pool = Pool::<u8>(PhantomData);
    assert_eq!(run(pool.boxed()), Err(()));
    assert_eq!(run(pool.implied()), Err(()));
    assert_eq!(collect(pool.streamed()), [Err(())]);
    assert_eq!(run(found_later(None::<u8>)), Err(()));
    assert!(run(found_and_opaque(None)).is_err());
    assert!(found_at_once(None).is_err());
    for function in [
        "Pool::boxed",
        "Pool::implied",
        "Pool::streamed",
        "found_later",
        "found_and_opaque",
    ] {
        assert_eq!(
            calls(function),
            "ok 0, error 1, panic 0, cancelled 0",
            "{function}"
        );
    }
    assert_eq!(calls("found_at_once"), "ok 0, error 1, panic 0");
}
