//! Tests `async` functions whose output is a stream.

use std::{fmt::Display, pin::Pin};

use futures_util::{Stream, StreamExt, stream, stream::BoxStream};
use metrics_core::{counted, in_flight, timed};
use tests::{calls, fail, in_progress, poll, run, suspend, timings};

use crate::support::{assert_send, collect, items, poll_next};

#[test]
fn the_call_of_an_async_function_ends_with_the_stream_that_it_returns() {
    #[counted]
    #[timed]
    #[in_flight]
    async fn open(n: u8) -> impl Stream<Item = u8> + Send {
        suspend().await;
        items(0..n)
    }

    let mut opening = Box::pin(assert_send(open(1)));
    assert!(poll(opening.as_mut()).is_pending());
    assert_eq!(in_progress("open"), "1");
    let stream = run(opening);
    assert_eq!(in_progress("open"), "1");
    assert_eq!(calls("open"), "ok 0, panic 0, cancelled 0");
    assert_eq!(collect(assert_send(stream)), [0]);
    assert_eq!(in_progress("open"), "0");
    assert_eq!(calls("open"), "ok 1, panic 0, cancelled 0");
    assert_eq!(timings("open"), "ok 1");
}

#[test]
fn an_async_call_is_cancelled_whether_its_future_or_its_stream_is_dropped() {
    #[counted]
    #[in_flight]
    async fn opened() -> impl Stream<Item = u8> {
        suspend().await;
        stream::repeat(1)
    }

    drop(opened());
    let mut opening = Box::pin(opened());
    assert!(poll(opening.as_mut()).is_pending());
    drop(opening);
    assert_eq!(calls("opened"), "ok 0, panic 0, cancelled 1");
    drop(run(opened()));
    assert_eq!(calls("opened"), "ok 0, panic 0, cancelled 2");
    let mut stream = Box::pin(run(opened()));
    assert!(poll_next(&mut stream).is_ready());
    drop(stream);
    assert_eq!(calls("opened"), "ok 0, panic 0, cancelled 3");
    assert_eq!(in_progress("opened"), "0");
}

type Lines<'a> = Pin<Box<dyn Stream<Item = Result<String, ()>> + Send + 'a>>;

#[test]
fn a_boxed_stream_of_an_async_function_is_recorded_until_it_ends() {
    #[counted]
    async fn opened_box(n: u8) -> BoxStream<'static, u8> {
        suspend().await;
        Box::pin(items(0..n))
    }

    #[counted(labels(text))]
    async fn lines(text: &str) -> Lines<'_> {
        suspend().await;
        Box::pin(stream::iter([Err(()), Ok(text.to_owned())]))
    }

    let stream = run(opened_box(1));
    assert_eq!(calls("opened_box"), "ok 0, panic 0, cancelled 0");
    assert_eq!(collect(assert_send(stream)), [0]);
    assert_eq!(calls("opened_box"), "ok 1, panic 0, cancelled 0");
    assert_eq!(collect(run(lines("a"))), [Err(()), Ok("a".to_owned())]);
    assert!(calls("lines").contains("a error 1"));
}

#[test]
fn an_attribute_below_another_macro_finds_the_stream_of_an_async_function() {
    #[counted]
    #[tracing::instrument]
    async fn instrumented(n: u8) -> impl Stream<Item = u8> {
        suspend().await;
        stream::iter(0..n)
    }

    #[counted]
    #[must_use]
    async fn needed(n: u8) -> impl Stream<Item = u8> {
        suspend().await;
        stream::iter(0..n)
    }

    let stream = run(instrumented(1));
    assert_eq!(calls("instrumented"), "ok 0, panic 0, cancelled 0");
    assert_eq!(collect(stream), [0]);
    assert_eq!(collect(run(needed(1))), [0]);
    assert_eq!(calls("instrumented"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("needed"), "ok 1, panic 0, cancelled 0");
}

#[test]
fn an_async_function_that_returns_no_stream_is_recorded_until_its_future_completes() {
    struct Page(u8);

    trait Shown {
        fn show(&self) -> String;
    }

    impl<T: Display> Shown for T {
        fn show(&self) -> String {
            self.to_string()
        }
    }

    #[counted]
    async fn page(n: u8) -> Page {
        suspend().await;
        Page(n)
    }

    #[counted]
    async fn shown_later(n: u8) -> impl Shown {
        suspend().await;
        n
    }

    #[counted]
    async fn generic_output<T>(value: T) -> T {
        suspend().await;
        value
    }

    #[counted]
    async fn never_opened(fails: bool) -> impl Stream<Item = u8> {
        if fails {
            fail();
        }
        stream::iter([1])
    }

    assert_eq!(run(page(1)).0, 1);
    assert_eq!(run(shown_later(1)).show(), "1");
    assert_eq!(run(generic_output(1)), 1);
    tests::assert_panics(|| run(never_opened(true)));
    assert_eq!(run(run(never_opened(false)).count()), 1);
    assert_eq!(calls("page"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("shown_later"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("generic_output"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("never_opened"), "ok 1, panic 1, cancelled 0");
}
