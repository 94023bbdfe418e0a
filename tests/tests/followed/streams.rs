//! Tests functions that return a stream.

use std::pin::Pin;

use futures_util::{
    Stream, TryStream,
    stream::{self, BoxStream, FusedStream, LocalBoxStream, StreamExt, TryStreamExt},
};
use metrics_core::{counted, in_flight, timed};
use tests::{assert_panics, calls, fail, in_progress, run, timings};

use crate::support::{assert_send, collect, items, poll_next};

#[test]
fn a_stream_is_recorded_until_it_ends() {
    #[counted]
    #[timed]
    #[in_flight]
    fn up_to(n: u8) -> impl Stream<Item = u8> + Send {
        items(0..n)
    }

    let mut numbers = Box::pin(assert_send(up_to(2)));
    assert_eq!(in_progress("up_to"), "0");
    assert!(poll_next(&mut numbers).is_pending());
    assert_eq!(in_progress("up_to"), "1");
    assert_eq!(run(numbers.next()), Some(0));
    assert_eq!(run(numbers.next()), Some(1));
    assert_eq!(calls("up_to"), "ok 0, panic 0, cancelled 0");
    assert_eq!(run(numbers.next()), None);
    assert_eq!(in_progress("up_to"), "0");
    drop(numbers);
    assert_eq!(calls("up_to"), "ok 1, panic 0, cancelled 0");
    assert_eq!(timings("up_to"), "ok 1");
}

#[test]
fn a_stream_that_is_dropped_before_its_end_is_cancelled_if_it_was_polled() {
    #[counted]
    #[timed(name = "endless_seconds")]
    fn endless() -> impl Stream<Item = u8> + Unpin {
        stream::repeat(1)
    }

    drop(endless());
    assert_eq!(calls("endless"), "ok 0, panic 0, cancelled 0");
    assert_eq!(collect(endless().take(2)), [1, 1]);
    assert_eq!(calls("endless"), "ok 0, panic 0, cancelled 1");
    assert_eq!(
        tests::series("endless_seconds", "endless"),
        "ok 0, cancelled 1"
    );
}

#[test]
fn a_stream_with_an_item_that_is_an_error_is_an_error() {
    #[counted]
    fn checked(numbers: &[u8]) -> impl Stream<Item = Result<u8, String>> {
        items(numbers.iter().map(|n| match n {
            0 => Err("zero".to_owned()),
            n => Ok(*n),
        }))
    }

    assert_eq!(collect(checked(&[1, 2])).len(), 2);
    assert_eq!(calls("checked"), "ok 1, error 0, panic 0, cancelled 0");
    assert_eq!(collect(checked(&[1, 0, 2])).len(), 3);
    assert_eq!(calls("checked"), "ok 1, error 1, panic 0, cancelled 0");
    // `try_collect` drops the stream after the first error.
    let all: Result<Vec<u8>, String> = run(checked(&[1, 0, 2]).try_collect());
    assert_eq!(all, Err("zero".to_owned()));
    assert_eq!(calls("checked"), "ok 1, error 2, panic 0, cancelled 0");
}

#[test]
fn a_stream_whose_poll_panics_is_a_panic() {
    #[counted]
    #[in_flight]
    fn fails_later() -> impl Stream<Item = u8> {
        items([1, 2]).map(|n| if n == 2 { fail() } else { n })
    }

    assert_panics(|| collect(fails_later()));
    assert_eq!(calls("fails_later"), "ok 0, panic 1, cancelled 0");
    assert_eq!(in_progress("fails_later"), "0");
}

type Numbers<'a> = Pin<Box<dyn Stream<Item = Result<u8, ()>> + Send + 'a>>;

#[test]
fn a_boxed_stream_is_recorded_until_it_ends_whatever_its_type_is_called() {
    #[counted]
    #[in_flight]
    fn boxed(numbers: &[u8]) -> BoxStream<'_, u8> {
        Box::pin(items(numbers.iter().copied()))
    }

    #[counted]
    fn boxed_and_local<T: Clone>(value: &T) -> LocalBoxStream<'_, T> {
        Box::pin(items([value.clone()]))
    }

    #[counted]
    fn written_out(n: u8) -> Pin<Box<dyn Stream<Item = u8> + Send>> {
        Box::pin(stream::iter(0..n))
    }

    #[counted]
    fn aliased_stream(n: u8) -> Numbers<'static> {
        Box::pin(stream::iter([n.checked_sub(1).ok_or(())]))
    }

    #[counted]
    fn in_a_plain_box(n: u8) -> Box<dyn Stream<Item = u8> + Unpin> {
        Box::new(stream::iter(0..n))
    }

    let mut begun = assert_send(boxed(&[1]));
    assert!(poll_next(&mut begun).is_pending());
    assert_eq!(in_progress("boxed"), "1");
    assert_eq!(collect(begun), [1]);
    assert_eq!(in_progress("boxed"), "0");
    assert_eq!(collect(boxed_and_local(&"a")), ["a"]);
    assert_eq!(collect(written_out(2)), [0, 1]);
    assert_eq!(collect(aliased_stream(0)), [Err(())]);
    assert_eq!(collect(in_a_plain_box(1)), [0]);
    assert_eq!(calls("boxed"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("boxed_and_local"), "ok 1, panic 0");
    assert_eq!(calls("written_out"), "ok 1, panic 0, cancelled 0");
    assert_eq!(
        calls("aliased_stream"),
        "ok 0, error 1, panic 0, cancelled 0"
    );
    assert_eq!(calls("in_a_plain_box"), "ok 1, panic 0, cancelled 0");
}

#[test]
fn a_stream_in_generic_code_is_recorded_until_it_ends() {
    struct Store<T>(Vec<T>);

    impl<T: Clone> Store<T> {
        #[counted]
        fn all(&self) -> impl Stream<Item = T> + '_ {
            stream::iter(self.0.iter().cloned())
        }

        #[counted]
        fn all_by_reference<'a>(&'a self) -> impl Stream<Item = &'a T> + use<'a, T> {
            stream::iter(&self.0)
        }
    }

    let store = Store(vec![1, 2]);
    assert_eq!(collect(store.all()), [1, 2]);
    assert_eq!(collect(store.all_by_reference()), [&1, &2]);
    let mut begun = store.all();
    assert!(poll_next(&mut begun).is_ready());
    drop(begun);
    assert_eq!(calls("all"), "ok 1, panic 0, cancelled 1");
    assert_eq!(calls("all_by_reference"), "ok 1, panic 0, cancelled 0");
}

#[test]
fn a_stream_of_items_without_a_name_is_recorded_until_it_ends() {
    #[counted]
    fn pairs(n: u8) -> impl Stream<Item = (u8, impl Clone)> + Send + Unpin {
        stream::iter(0..n).map(|n| (n, n))
    }

    assert_eq!(run(pairs(2).count()), 2);
    assert_eq!(calls("pairs"), "ok 1, panic 0, cancelled 0");
}

#[test]
fn an_impl_of_a_trait_of_streams_is_recorded_until_it_ends() {
    #[counted]
    #[in_flight]
    fn attempts(n: u8) -> impl TryStream<Ok = u8, Error = ()> {
        items([n.checked_sub(1).ok_or(())])
    }

    assert_eq!(run(attempts(1).into_stream().count()), 1);
    assert_eq!(run(attempts(0).into_stream().count()), 1);
    assert_eq!(in_progress("attempts"), "0");
    assert_eq!(calls("attempts"), "ok 1, error 1, panic 0");
}

#[test]
fn a_recorded_stream_keeps_its_size_hint_and_its_other_traits() {
    #[counted]
    fn fused(n: u8) -> impl FusedStream<Item = u8> + Unpin {
        stream::iter(0..n).fuse()
    }

    let mut fused_stream = fused(2);
    assert_eq!(fused_stream.size_hint(), (2, Some(2)));
    assert_eq!(collect(&mut fused_stream), [0, 1]);
    assert!(fused_stream.is_terminated());
    assert_eq!(calls("fused"), "ok 1, panic 0, cancelled 0");
}

#[test]
fn the_labels_of_a_stream_are_those_of_its_error_or_of_its_last_item() {
    #[counted(labels(on_return(parity: bool = |n: &Result<u8, bool>| n.is_ok_and(|n| n % 2 == 0))), err(fault: bool))]
    fn labelled(numbers: Vec<Result<u8, bool>>) -> impl Stream<Item = Result<u8, bool>> {
        items(numbers)
    }

    collect(labelled(vec![Ok(1), Ok(2)]));
    collect(labelled(vec![Ok(2), Err(true), Err(false)]));
    let counted = calls("labelled");
    assert!(counted.contains("true ok 1"), "{counted}");
    assert!(counted.contains("false true error 1"), "{counted}");
}

#[test]
fn the_time_between_polls_is_not_busy() {
    #[timed(busy, stream)]
    fn slow(n: u8) -> impl Stream<Item = u8> {
        items(0..n)
    }

    let clock = metrics_core::testing::Clock::stop();
    let mut begun = Box::pin(slow(1));
    assert!(poll_next(&mut begun).is_pending());
    clock.advance(std::time::Duration::from_secs(100));
    assert_eq!(run(begun.collect::<Vec<_>>()), [0]);
    let text = metrics_core::encode_to_string(metrics_core::Format::Text);
    let value = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with(name) && line.contains("\"slow\""));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
    };
    assert!(value("function_duration_seconds_sum").is_some_and(|seconds| seconds >= 100.0));
    assert!(value("function_busy_seconds_sum").is_some_and(|seconds| seconds < 100.0));
}
