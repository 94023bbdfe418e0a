//! Tests the arguments `future` and `stream` of function attributes.

use std::{
    fmt::Debug,
    future::{Ready, ready},
    pin::Pin,
};

use futures_util::{Stream, stream};
use metrics_core::{counted, in_flight, timed};
use tests::{calls, in_progress, poll, run, suspend, timings};

use crate::support::{collect, items};

trait Job: Future {
    fn is_job(&self) -> bool {
        true
    }
}

impl<F: Future> Job for F {}

trait Feed: Stream {}

impl<S: Stream> Feed for S {}

struct Store<T>(T);

impl<T: Clone + Debug> Store<T> {
    #[counted(future)]
    #[in_flight]
    fn load(&self) -> impl Job<Output = Result<T, T>> {
        let value = self.0.clone();
        async move {
            suspend().await;
            Err(value)
        }
    }

    #[counted(stream)]
    fn feed(&self) -> impl Feed<Item = Result<T, T>> {
        stream::iter([Ok(self.0.clone()), Err(self.0.clone())])
    }

    #[counted(stream)]
    async fn subscribe(&self) -> impl Feed<Item = T> {
        suspend().await;
        stream::iter([self.0.clone()])
    }
}

#[test]
fn an_argument_states_a_future_or_stream_whose_bounds_only_generic_code_can_name() {
    let store = Store(1);
    let loading = store.load();
    assert!(loading.is_job());
    let mut loading = Box::pin(loading);
    assert!(poll(loading.as_mut()).is_pending());
    assert_eq!(in_progress("load"), "1");
    assert_eq!(run(loading), Err(1));
    assert_eq!(collect(store.feed()), [Ok(1), Err(1)]);
    let stream = run(store.subscribe());
    assert_eq!(calls("subscribe"), "ok 0, panic 0, cancelled 0");
    assert_eq!(collect(stream), [1]);
    assert_eq!(calls("load"), "ok 0, error 1, panic 0, cancelled 0");
    assert_eq!(calls("feed"), "ok 0, error 1, panic 0, cancelled 0");
    assert_eq!(calls("subscribe"), "ok 1, panic 0, cancelled 0");
}

type Local<T> = Pin<Box<dyn Future<Output = T>>>;
type Numbers = Pin<Box<dyn Stream<Item = u8>>>;

#[test]
fn a_stated_box_is_known_to_be_cancellable_before_the_first_call() {
    trait Lookup {
        type Found;

        fn found(&self) -> Self::Found;
    }

    struct Index;

    impl Lookup for Index {
        type Found = Local<Result<u8, ()>>;

        #[counted(future, fallible = true)]
        #[timed(busy)]
        fn found(&self) -> Self::Found {
            Box::pin(async {
                suspend().await;
                Ok(1)
            })
        }
    }

    #[counted(stream)]
    fn stated_numbers() -> Numbers {
        Box::pin(items([1]))
    }

    let (found, stream) = (Index.found(), stated_numbers());
    assert_eq!(calls("found"), "ok 0, error 0, panic 0, cancelled 0");
    assert_eq!(calls("stated_numbers"), "ok 0, panic 0, cancelled 0");
    assert_eq!(run(found), Ok(1));
    assert_eq!(collect(stream), [1]);
    assert_eq!(calls("found"), "ok 1, error 0, panic 0, cancelled 0");
    assert_eq!(timings("found"), "ok 1");
    assert_eq!(calls("stated_numbers"), "ok 1, panic 0, cancelled 0");
}

#[test]
fn a_call_ends_when_the_function_returns_if_the_attribute_says_so() {
    #[counted(future = false)]
    fn named_only(n: u8) -> Ready<u8> {
        ready(n)
    }

    #[counted(future = false)]
    fn aliased_only(n: u8) -> Local<u8> {
        Box::pin(ready(n))
    }

    #[counted(future = false)]
    fn implied_only(n: u8) -> impl Future<Output = u8> {
        ready(n)
    }

    #[counted(stream = false)]
    fn streamed_only(n: u8) -> impl Stream<Item = u8> {
        stream::iter([n])
    }

    #[counted(stream = false)]
    async fn opened_only(n: u8) -> impl Stream<Item = u8> {
        suspend().await;
        stream::iter([n])
    }

    let futures = (
        named_only(1),
        aliased_only(1),
        implied_only(1),
        streamed_only(1),
        run(opened_only(1)),
    );
    for name in ["named_only", "implied_only", "streamed_only"] {
        assert_eq!(calls(name), "ok 1, panic 0");
    }
    assert_eq!(calls("aliased_only"), "ok 1, panic 0");
    assert_eq!(calls("opened_only"), "ok 1, panic 0, cancelled 0");
    let (named_only, aliased_only, implied_only, streamed_only, opened_only) = futures;
    assert_eq!(
        (run(named_only), run(aliased_only), run(implied_only)),
        (1, 1, 1)
    );
    assert_eq!(
        (collect(streamed_only), collect(opened_only)),
        (vec![1], vec![1])
    );
}
