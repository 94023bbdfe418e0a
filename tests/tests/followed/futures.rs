//! Tests functions that return a future, although their signature does not tell the macro so.

use std::{
    fmt,
    future::{Future, IntoFuture, Ready, ready},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use metrics_core::{counted, in_flight, timed};
use tests::{assert_panics, calls, fail, in_progress, poll, run, suspend, timings};
use tower::Service;

use crate::support::assert_send;

#[test]
fn the_associated_future_of_a_service_is_recorded_until_it_completes() {
    struct Half;

    impl Service<u8> for Half {
        type Response = u8;
        type Error = ();
        type Future = Pin<Box<dyn Future<Output = Result<u8, ()>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ()>> {
            Poll::Ready(Ok(()))
        }

        #[counted(name = "half_calls_total")]
        #[counted]
        #[timed]
        #[in_flight]
        fn call(&mut self, request: u8) -> Self::Future {
            Box::pin(async move {
                suspend().await;
                if request.is_multiple_of(2) {
                    Ok(request / 2)
                } else {
                    Err(())
                }
            })
        }
    }

    let mut service = Half;
    assert_eq!(run(assert_send(service.call(4))), Ok(2));
    assert_eq!(run(service.call(3)), Err(()));
    drop(service.call(2));
    let mut begun = service.call(2);
    assert_eq!(in_progress("call"), "0");
    assert!(poll(begun.as_mut()).is_pending());
    assert_eq!(in_progress("call"), "1");
    drop(begun);
    assert_eq!(in_progress("call"), "0");
    assert_eq!(calls("call"), "ok 1, error 1, panic 0, cancelled 1");
    assert_eq!(timings("call"), "ok 1, error 1, cancelled 1");
}

type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;
type Local = Pin<Box<dyn Future<Output = u8>>>;

#[test]
fn an_alias_of_a_boxed_future_is_recorded_until_it_completes() {
    #[counted]
    #[in_flight]
    fn aliased(text: &str) -> Call<'_, u8> {
        let text = text.trim();
        Box::pin(async move {
            suspend().await;
            text.parse().map_err(|_| text.to_owned())
        })
    }

    #[counted]
    fn aliased_and_generic<T: Send + Sync + Clone>(value: &T) -> Call<'_, T> {
        Box::pin(async move { Ok(value.clone()) })
    }

    #[counted]
    fn aliased_and_local(n: u8) -> Local {
        Box::pin(async move {
            suspend().await;
            assert!(n > 0);
            n
        })
    }

    assert_eq!(run(assert_send(aliased(" 7"))), Ok(7));
    assert_eq!(run(aliased("x")), Err("x".to_owned()));
    let mut begun = aliased("1");
    assert!(poll(begun.as_mut()).is_pending());
    assert_eq!(in_progress("aliased"), "1");
    drop(begun);
    assert_eq!(calls("aliased"), "ok 1, error 1, panic 0, cancelled 1");
    assert_eq!(in_progress("aliased"), "0");
    assert_eq!(run(aliased_and_generic(&1)), Ok(1));
    assert_eq!(calls("aliased_and_generic"), "ok 1, panic 0");
    assert_eq!(run(aliased_and_local(1)), 1);
    assert_panics(|| run(aliased_and_local(0)));
    assert_eq!(calls("aliased_and_local"), "ok 1, panic 1, cancelled 0");
}

#[test]
fn every_box_of_a_future_is_recorded_until_it_completes() {
    #[counted]
    fn plain() -> Box<dyn Future<Output = u8> + Unpin> {
        Box::new(Box::pin(async {
            suspend().await;
            1
        }))
    }

    #[counted]
    fn sendable() -> Box<dyn Future<Output = Result<u8, ()>> + Send + Unpin> {
        Box::new(ready(Err(())))
    }

    #[counted]
    fn shareable() -> Box<dyn Future<Output = u8> + Send + Sync + Unpin> {
        Box::new(ready(1))
    }

    #[counted]
    fn pinned_and_shareable<'a>(n: &'a u8) -> Pin<Box<dyn Future<Output = u8> + Send + Sync + 'a>> {
        Box::pin(async move { *n })
    }

    #[counted]
    fn pinned_and_opaque(n: &u8) -> Pin<Box<impl Future<Output = Result<u8, ()>> + Send>> {
        Box::pin(async move {
            suspend().await;
            n.checked_sub(1).ok_or(())
        })
    }

    let mut begun = plain();
    assert!(poll(pin!(&mut begun)).is_pending());
    assert_eq!(calls("plain"), "ok 0, panic 0, cancelled 0");
    assert_eq!(run(begun), 1);
    assert_eq!(run(assert_send(sendable())), Err(()));
    assert_eq!(run(shareable()), 1);
    assert_eq!(run(pinned_and_shareable(&1)), 1);
    assert_eq!(run(assert_send(pinned_and_opaque(&0))), Err(()));
    assert_eq!(calls("plain"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("sendable"), "ok 0, error 1, panic 0, cancelled 0");
    assert_eq!(calls("shareable"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("pinned_and_shareable"), "ok 1, panic 0, cancelled 0");
    assert_eq!(
        calls("pinned_and_opaque"),
        "ok 0, error 1, panic 0, cancelled 0"
    );
}

/// A sub-trait of `Future` whose name does not say so.
trait Job: Future<Output = Result<u8, ()>> {
    fn boxed<'a>(self) -> Pin<Box<dyn Future<Output = Self::Output> + 'a>>
    where
        Self: Sized + 'a,
    {
        Box::pin(self)
    }
}

impl<F: Future<Output = Result<u8, ()>>> Job for F {}

/// A sub-trait of `Future` that the future with which the attribute wraps another one does not
/// implement.
trait Rare: Future {
    fn id(&self) -> u8;
}

impl<T> Rare for Ready<T> {
    fn id(&self) -> u8 {
        1
    }
}

#[test]
fn an_impl_of_a_trait_of_futures_is_recorded_until_it_completes() {
    #[counted]
    #[in_flight]
    fn job(n: u8) -> impl Job + Send {
        async move {
            suspend().await;
            n.checked_sub(1).ok_or(())
        }
    }

    assert_eq!(run(assert_send(job(1)).boxed()), Ok(0));
    assert_eq!(run(job(0)), Err(()));
    let mut begun = Box::pin(job(1));
    assert!(poll(begun.as_mut()).is_pending());
    assert_eq!(in_progress("job"), "1");
    drop(begun);
    assert_eq!(in_progress("job"), "0");
    assert_eq!(calls("job"), "ok 1, error 1, panic 0, cancelled 1");
}

#[test]
#[allow(
    deprecated,
    reason = "the compiler warns that the call ends when the function returns"
)]
fn a_trait_that_a_recorded_future_would_not_implement_leaves_the_value_as_it_is() {
    #[counted]
    fn rare() -> impl Rare<Output = u8> {
        ready(1)
    }

    let future = rare();
    assert_eq!((future.id(), run(future)), (1, 1));
    assert_eq!(calls("rare"), "ok 1, panic 0");
}

#[test]
fn an_impl_future_with_debug_is_recorded_until_it_completes() {
    trait Visible: Future + fmt::Debug {}
    impl<F: Future + fmt::Debug> Visible for F {}

    #[counted]
    #[timed]
    fn debuggable(n: u8) -> impl Future<Output = u8> + fmt::Debug {
        ready(n)
    }

    #[counted]
    fn debuggable_by_a_trait(n: u8) -> impl Visible<Output = u8> {
        ready(n)
    }

    #[counted]
    fn debuggable_before_it_is_awaited(n: u8) -> impl IntoFuture<Output = u8> + fmt::Debug {
        ready(n)
    }

    let future = debuggable(1);
    assert!(format!("{future:?}").contains("Ready"), "{future:?}");
    let by_a_trait = debuggable_by_a_trait(2);
    let request = debuggable_before_it_is_awaited(3);
    assert!(format!("{request:?}").contains("Ready"), "{request:?}");
    assert_eq!(calls("debuggable"), "ok 0, panic 0, cancelled 0");
    assert_eq!(calls("debuggable_by_a_trait"), "ok 0, panic 0");
    assert_eq!(run(future), 1);
    assert_eq!(run(by_a_trait), 2);
    assert_eq!(run(request.into_future()), 3);
    assert_eq!(calls("debuggable"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("debuggable_by_a_trait"), "ok 1, panic 0");
    assert_eq!(
        calls("debuggable_before_it_is_awaited"),
        "ok 1, panic 0, cancelled 0"
    );
}

#[test]
#[allow(
    deprecated,
    reason = "the compiler warns that the call ends when the function returns"
)]
fn a_future_stays_as_it_is_where_the_signature_promises_more_than_a_recorded_one_has() {
    #[counted]
    fn cloneable(n: u8) -> impl Future<Output = u8> + Clone {
        ready(n)
    }

    #[counted]
    fn turned_into_a_named_one(
        n: u8,
    ) -> impl IntoFuture<Output = Result<u8, ()>, IntoFuture = Ready<Result<u8, ()>>> {
        ready(n.checked_sub(1).ok_or(()))
    }

    let future = cloneable(1);
    assert_eq!((run(future.clone()), run(future)), (1, 1));
    assert_eq!(run(turned_into_a_named_one(0).into_future()), Err(()));
    assert_eq!(calls("cloneable"), "ok 1, panic 0");
    assert_eq!(calls("turned_into_a_named_one"), "ok 1, panic 0");
}

#[test]
fn an_impl_into_future_is_recorded_from_the_first_poll_until_it_completes() {
    struct Request(#[expect(dead_code, reason = "counted")] Arc<()>, u8);

    impl IntoFuture for Request {
        type Output = Result<u8, ()>;
        type IntoFuture = Pin<Box<dyn Future<Output = Result<u8, ()>> + Send>>;

        fn into_future(self) -> Self::IntoFuture {
            Box::pin(async move {
                suspend().await;
                self.1.checked_sub(1).ok_or(())
            })
        }
    }

    #[counted]
    #[timed]
    #[in_flight]
    fn request(shared: &Arc<()>, n: u8) -> impl IntoFuture<Output = Result<u8, ()>> + Send {
        Request(Arc::clone(shared), n)
    }

    let shared = Arc::new(());
    let unused = request(&shared, 1);
    assert_eq!(Arc::strong_count(&shared), 2);
    drop(unused);
    assert_eq!(run(async { assert_send(request(&shared, 1)).await }), Ok(0));
    assert_eq!(run(request(&shared, 0).into_future()), Err(()));
    assert_eq!(calls("request"), "ok 1, error 1, panic 0, cancelled 0");
    assert_eq!(timings("request"), "ok 1, error 1");
    assert_eq!(in_progress("request"), "0");
}

#[test]
fn a_panic_before_the_future_is_returned_is_no_call() {
    #[counted]
    #[in_flight]
    fn fails_at_once(n: u8) -> Local {
        if n == 0 {
            fail();
        }
        Box::pin(ready(n))
    }

    assert_panics(|| fails_at_once(0));
    assert_eq!(run(fails_at_once(1)), 1);
    assert_eq!(calls("fails_at_once"), "ok 1, panic 0, cancelled 0");
    assert_eq!(in_progress("fails_at_once"), "0");
}

#[test]
fn labels_of_arguments_and_results_are_read_of_a_future_of_an_unknown_type() {
    #[counted(labels(n, on_return(large: bool = |result| result.is_ok_and(|n| n > 1))))]
    #[counted(name = "checked_total", ok_if = |result| result == &Ok(1))]
    fn labelled(n: u8) -> Call2 {
        Box::pin(async move { n.checked_sub(1).ok_or(()) })
    }

    type Call2 = Pin<Box<dyn Future<Output = Result<u8, ()>>>>;

    assert_eq!(run(labelled(1)), Ok(0));
    assert_eq!(run(labelled(3)), Ok(2));
    assert_eq!(run(labelled(0)), Err(()));
    let counted = calls("labelled");
    assert!(counted.contains("1 false ok 1"), "{counted}");
    assert!(counted.contains("3 true ok 1"), "{counted}");
    assert!(counted.contains("0 false error 1"), "{counted}");
    assert_eq!(
        tests::series("checked_total", "labelled"),
        "ok 0, error 3, panic 0, cancelled 0"
    );
}

#[test]
#[allow(
    deprecated,
    reason = "the compiler warns that the call ends when the function returns"
)]
fn a_future_of_a_named_type_is_recorded_when_the_function_returns() {
    #[counted]
    #[in_flight]
    fn named(n: u8) -> Ready<u8> {
        ready(n)
    }

    #[counted]
    fn passed_through<F: Future>(future: F) -> F {
        future
    }

    let future = named(1);
    assert_eq!(calls("named"), "ok 1, panic 0");
    assert_eq!(in_progress("named"), "0");
    assert_eq!(run(passed_through(future)), 1);
    assert_eq!(calls("passed_through"), "ok 1, panic 0");
}

#[tokio::test]
#[allow(
    deprecated,
    reason = "the compiler warns that the call ends when the function returns"
)]
async fn the_handle_of_a_task_stays_one() {
    #[counted]
    fn spawned(n: u8) -> tokio::task::JoinHandle<u8> {
        tokio::spawn(async move { n })
    }

    let handle = spawned(1);
    handle.abort();
    assert!(handle.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(calls("spawned"), "ok 1, panic 0");
}

#[test]
fn the_future_of_a_generic_service_is_recorded_until_it_completes() {
    #[derive(Clone)]
    struct Around<S>(S);

    impl<S, R> Service<R> for Around<S>
    where
        S: Service<R> + Clone + Send + 'static,
        R: Send + 'static,
        S::Future: Send + 'static,
    {
        type Response = S::Response;
        type Error = S::Error;
        type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

        fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
            self.0.poll_ready(context)
        }

        #[counted(name = "around_calls_total")]
        fn call(&mut self, request: R) -> Self::Future {
            let mut inner = self.0.clone();
            Box::pin(async move { inner.call(request).await })
        }
    }

    let half = tower::service_fn(async |n: u8| {
        if n.is_multiple_of(2) {
            Ok(n / 2)
        } else {
            Err(())
        }
    });
    let mut service = Around(half);
    assert_eq!(run(service.call(2)), Ok(1));
    assert_eq!(run(service.call(1)), Err(()));
    drop(service.call(1));
    assert_eq!(
        tests::series("around_calls_total", "call"),
        "ok 1, error 1, panic 0"
    );
}

#[test]
fn the_future_of_a_function_from_a_macro_is_recorded_until_it_completes() {
    macro_rules! function {
        ($name:ident, $type:ty) => {
            #[counted]
            fn $name(n: u8) -> $type {
                Box::pin(async move {
                    suspend().await;
                    n.checked_sub(1).ok_or(())
                })
            }
        };
    }
    function!(from_a_macro, Local<Result<u8, ()>>);
    function!(implied_by_a_macro, impl Job);

    type Local<T> = Pin<Box<dyn Future<Output = T>>>;

    assert_eq!(run(from_a_macro(1)), Ok(0));
    assert_eq!(run(implied_by_a_macro(0)), Err(()));
    assert_eq!(calls("from_a_macro"), "ok 1, error 0, panic 0, cancelled 0");
    assert_eq!(calls("implied_by_a_macro"), "ok 0, error 1, panic 0");
}
