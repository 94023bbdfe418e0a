//! Tests the function attributes on further forms of functions that return a future, beyond those
//! in `attributes_async.rs`.

#![allow(
    clippy::needless_lifetimes,
    clippy::elidable_lifetime_names,
    clippy::unnecessary_wraps,
    clippy::unused_async,
    reason = "signatures are written out in every way that there is"
)]

use std::{
    fmt::Display,
    future::{Ready, pending, ready},
    ops::ControlFlow,
    pin::{Pin, pin},
    sync::Arc,
};

use async_trait::async_trait;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use metrics_core::{counted, in_flight, timed};
use tests::{assert_panics, calls, fail, in_progress, poll, run, suspend, timings};
use tokio::task::yield_now;

fn assert_send<T: Send>(value: T) -> T {
    value
}

fn assert_static<T: 'static>(value: T) -> T {
    value
}

#[test]
fn methods_take_smart_pointers_to_self() {
    struct Node {
        n: u32,
    }

    impl Node {
        #[counted]
        async fn pinned(mut self: Pin<&mut Self>) -> Result<u32, ()> {
            suspend().await;
            self.n += 1;
            Ok(self.n)
        }

        #[counted]
        #[timed]
        async fn shared(self: Arc<Self>) -> Result<u32, ()> {
            suspend().await;
            Ok(self.n)
        }

        #[counted]
        async fn shared_in_place(self: &Arc<Self>) -> &u32 {
            suspend().await;
            &self.n
        }

        #[counted]
        #[in_flight]
        async fn changed(mut self) -> Self {
            suspend().await;
            self.n *= 2;
            self
        }

        #[counted]
        async fn changed_in_a_box(mut self: Box<Self>) -> Result<Box<Self>, ()> {
            self.n *= 2;
            Ok(self)
        }
    }

    let mut node = Node { n: 1 };
    assert_eq!(run(Pin::new(&mut node).pinned()), Ok(2));
    let node = run(Box::new(run(node.changed())).changed_in_a_box()).unwrap();
    let node: Arc<Node> = Arc::from(node);
    assert_eq!(run(node.shared_in_place()), &8);
    assert_eq!(run(node.shared()), Ok(8));
    assert_eq!(calls("pinned"), "ok 1, error 0, panic 0, cancelled 0");
    assert_eq!(calls("shared"), "ok 1, error 0, panic 0, cancelled 0");
    assert_eq!(calls("shared_in_place"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("changed"), "ok 1, panic 0, cancelled 0");
    assert_eq!(
        calls("changed_in_a_box"),
        "ok 1, error 0, panic 0, cancelled 0"
    );
}

#[test]
fn functions_that_return_a_future_are_async_calls() {
    #[counted]
    #[timed]
    #[in_flight]
    fn implied(n: u8) -> impl Future<Output = Result<u8, ()>> + Send + 'static {
        async move {
            suspend().await;
            n.checked_sub(1).ok_or(())
        }
    }

    #[counted]
    fn captures<'a>(text: &'a str, _: &str) -> impl Future<Output = &'a str> + use<'a> {
        async move { text }
    }

    #[counted]
    #[timed]
    fn in_a_box<'a>(
        text: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<&'a str, ()>> + Send + 'a>> {
        let trimmed = text.trim();
        Box::pin(async move {
            suspend().await;
            if trimmed.is_empty() {
                Err(())
            } else {
                Ok(trimmed)
            }
        })
    }

    #[counted]
    fn boxed_by_alias(n: u8) -> BoxFuture<'static, Result<u8, ()>> {
        Box::pin(async move { n.checked_sub(1).ok_or(()) })
    }

    #[counted]
    fn aliased_and_local<T: Clone>(value: &T) -> LocalBoxFuture<'_, Option<T>> {
        Box::pin(async move { Some(value.clone()) })
    }

    #[counted]
    fn returns_early(n: Option<u8>) -> BoxFuture<'static, u8> {
        let Some(n) = n else {
            return Box::pin(ready(0));
        };
        Box::pin(async move { n })
    }

    /// Returns a future of a named type.
    #[counted]
    #[allow(
        deprecated,
        reason = "the compiler warns that the future is not followed"
    )]
    fn named(n: u8) -> Ready<u8> {
        ready(n)
    }

    assert_eq!(run(assert_static(assert_send(implied(1)))), Ok(0));
    assert_eq!(run(implied(0)), Err(()));
    assert_eq!(run(captures("a", "b")), "a");
    assert_eq!(run(assert_send(in_a_box(" a "))), Ok("a"));
    assert_eq!(run(in_a_box(" ")), Err(()));
    drop(in_a_box("never polled"));
    assert!(poll(in_a_box("a").as_mut()).is_pending());
    assert_eq!(
        (run(assert_send(boxed_by_alias(1))), run(boxed_by_alias(0))),
        (Ok(0), Err(()))
    );
    assert_eq!(run(aliased_and_local(&1)), Some(1));
    assert_eq!(
        (run(returns_early(None)), run(returns_early(Some(1)))),
        (0, 1)
    );
    assert_eq!(run(named(1)), 1);
    assert_eq!(calls("implied"), "ok 1, error 1, panic 0, cancelled 0");
    assert_eq!(timings("implied"), "ok 1, error 1");
    assert_eq!(in_progress("implied"), "0");
    assert_eq!(calls("captures"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("in_a_box"), "ok 1, error 1, panic 0, cancelled 1");
    assert_eq!(timings("in_a_box"), "ok 1, error 1, cancelled 1");
    assert_eq!(
        calls("boxed_by_alias"),
        "ok 1, error 1, panic 0, cancelled 0"
    );
    assert_eq!(calls("aliased_and_local"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("returns_early"), "ok 2, panic 0, cancelled 0");
    assert_eq!(calls("named"), "ok 1, panic 0");
}

#[test]
fn an_attribute_keeps_a_future_send_and_static() {
    #[counted]
    #[timed]
    #[in_flight]
    async fn sendable(text: String, _: Box<dyn Send>) -> Result<String, ()> {
        suspend().await;
        Ok(text)
    }

    #[counted(labels(of = of.as_str()))]
    async fn labelled(of: String) -> Result<String, ()> {
        suspend().await;
        Ok(of)
    }

    #[counted]
    async fn generic<T: Send + 'static>(value: T, _: impl Display + Send + 'static) -> T {
        suspend().await;
        value
    }

    #[counted]
    #[timed(busy)]
    async fn borrows(text: &str) -> Result<&str, ()> {
        suspend().await;
        Ok(text)
    }

    #[counted]
    fn recursive(n: u8) -> BoxFuture<'static, u8> {
        Box::pin(async move { if n == 0 { 0 } else { recursive(n - 1).await } })
    }

    let text = String::new();
    let future = assert_static(assert_send(sendable(text.clone(), Box::new(1))));
    assert_eq!(run(future), Ok(String::new()));
    assert!(run(assert_static(assert_send(labelled("a".to_owned())))).is_ok());
    assert_eq!(run(assert_static(assert_send(generic(1, 2)))), 1);
    assert_eq!(run(assert_send(borrows(&text))), Ok(""));
    assert_eq!(run(assert_send(recursive(3))), 0);
    assert_eq!(calls("recursive"), "ok 4, panic 0, cancelled 0");
}

mod outcomes {
    use super::{ControlFlow, calls, counted, run};

    type Answer = Result<u8, ()>;
    type AnswerOf<T> = Result<T, ()>;

    #[counted]
    async fn aliased(n: u8) -> Answer {
        n.checked_sub(1).ok_or(())
    }

    #[counted]
    async fn aliased_with_a_parameter(n: u8) -> AnswerOf<u8> {
        let answer = aliased(n).await?;
        Ok(answer)
    }

    #[counted(fallible = true)]
    async fn aliased_and_generic<T>(answer: AnswerOf<T>) -> AnswerOf<T> {
        answer
    }

    #[counted]
    fn aliased_in_a_future(n: u8) -> impl Future<Output = Answer> {
        aliased(n)
    }

    #[counted]
    async fn breaks(n: u8) -> ControlFlow<u8> {
        if n > 1 {
            ControlFlow::Break(n)?;
        }
        ControlFlow::Continue(())
    }

    #[counted]
    async fn has_no_value(text: &str) -> Option<u32> {
        text.parse::<u32>().ok()?.checked_sub(1)
    }

    #[test]
    fn only_a_result_or_its_alias_has_errors() {
        assert_eq!((run(aliased(1)), run(aliased(0))), (Ok(0), Err(())));
        assert_eq!(run(aliased_with_a_parameter(0)), Err(()));
        assert_eq!(run(aliased_and_generic::<u8>(Err(()))), Err(()));
        assert_eq!(run(aliased_in_a_future(0)), Err(()));
        assert!(run(breaks(2)).is_break());
        assert!(run(breaks(1)).is_continue());
        assert_eq!(run(has_no_value("x")), None);
        let failed = "ok 0, error 1, panic 0, cancelled 0";
        assert_eq!(calls("aliased"), "ok 1, error 3, panic 0, cancelled 0");
        assert_eq!(calls("aliased_with_a_parameter"), failed);
        assert_eq!(calls("aliased_and_generic"), failed);
        assert_eq!(calls("aliased_in_a_future"), failed);
        assert_eq!(calls("breaks"), "ok 2, panic 0, cancelled 0");
        assert_eq!(calls("has_no_value"), "ok 1, panic 0, cancelled 0");
    }
}

#[test]
fn arguments_of_every_type_and_pattern_are_accepted() {
    struct Point {
        x: u32,
        y: u32,
    }

    #[counted]
    async fn takes_apart(
        (a, mut b): (u32, u32),
        Point {
            x: left,
            y: ref right,
        }: Point,
        &[first, ..]: &[u32; 2],
        mut list: Vec<u32>,
        _: u32,
        (): (),
    ) -> Result<Vec<u32>, ()> {
        suspend().await;
        b += 1;
        list.extend([a, b, left, *right, first]);
        Ok(list)
    }

    #[counted]
    async fn displays(value: impl Display, other: &(dyn Display + Sync)) -> Result<String, ()> {
        suspend().await;
        Ok(format!("{value}{other}"))
    }

    #[counted]
    #[timed]
    #[in_flight]
    async fn ignores(_: u8, _unused: String, _also: &str) -> Result<(), ()> {
        Ok(())
    }

    #[counted]
    async fn runs<F>(body: F) -> Result<u8, String>
    where
        F: AsyncFnOnce(u8) -> Result<u8, String>,
    {
        body(1).await
    }

    let list = takes_apart((1, 2), Point { x: 4, y: 5 }, &[6, 7], vec![0], 8, ());
    assert_eq!(run(list), Ok(vec![0, 1, 3, 4, 5, 6]));
    assert_eq!(run(displays(1, &"b")).as_deref(), Ok("1b"));
    assert_eq!(run(ignores(1, String::new(), "")), Ok(()));
    assert_eq!(run(runs(async |n| Ok(n + 1))), Ok(2));
    for name in ["takes_apart", "displays", "ignores", "runs"] {
        assert_eq!(calls(name), "ok 1, error 0, panic 0, cancelled 0");
    }
}

#[test]
fn every_exit_of_a_body_is_recorded() {
    #[counted]
    async fn crowded(n: u32) -> Result<u32, String> {
        #![allow(clippy::items_after_statements)]
        #[counted]
        async fn within(n: u32) -> Result<u32, String> {
            if n == 9 {
                return Err("nine".to_owned());
            }
            Ok(n)
        }
        let text = n.to_string();
        let later = async move {
            suspend().await;
            text.parse::<u32>().map_err(|error| error.to_string())
        };
        let closure = async |n: u32| within(n).await;
        let found = 'found: {
            if n == 1 {
                break 'found 2;
            }
            if n == 0 {
                return Err("zero".to_owned());
            }
            later.await?
        };
        Ok(closure(n).await? + found)
    }

    assert!(run(crowded(0)).is_err());
    assert_eq!(run(crowded(1)), Ok(3));
    assert_eq!(run(crowded(2)), Ok(4));
    assert!(run(crowded(9)).is_err());
    assert_eq!(calls("crowded"), "ok 2, error 2, panic 0, cancelled 0");
    assert_eq!(calls("within"), "ok 2, error 1, panic 0, cancelled 0");
}

#[test]
fn functions_generated_by_a_macro_are_recorded() {
    macro_rules! getter {
        ($name:ident, $argument:ident, $type:ty, $result:ty, $body:expr) => {
            #[counted]
            #[timed]
            async fn $name($argument: $type, hygienic: u32) -> $result {
                suspend().await;
                $body.map(|found| found + hygienic)
            }
        };
    }
    getter!(made, n, u32, Result<u32, ()>, n.checked_sub(1).ok_or(()));

    assert_eq!((run(made(1, 2)), run(made(0, 2))), (Ok(2), Err(())));
    assert_eq!(calls("made"), "ok 1, error 1, panic 0, cancelled 0");
}

#[test]
fn every_way_to_declare_a_future_in_a_trait_is_accepted() {
    trait Store {
        async fn get(&self, key: &str) -> Result<String, ()>;

        fn put(&mut self, key: String) -> impl Future<Output = Result<(), ()>> + Send;

        fn scan<'a>(&'a self) -> BoxFuture<'a, usize>;

        #[counted]
        #[timed]
        fn put_twice(&mut self, key: String) -> impl Future<Output = Result<(), ()>> + Send
        where
            Self: Send,
        {
            async move {
                self.put(key.clone()).await?;
                self.put(key).await
            }
        }
    }

    struct Memory(Vec<String>);
    impl Store for Memory {
        #[counted]
        #[timed]
        async fn get(&self, key: &str) -> Result<String, ()> {
            self.0.iter().find(|known| *known == key).cloned().ok_or(())
        }

        #[in_flight]
        #[counted]
        async fn put(&mut self, key: String) -> Result<(), ()> {
            suspend().await;
            self.0.push(key);
            Ok(())
        }

        #[counted]
        fn scan<'a>(&'a self) -> BoxFuture<'a, usize> {
            Box::pin(async move { self.0.len() })
        }
    }

    let mut memory = Memory(Vec::new());
    assert_eq!(run(assert_send(memory.put_twice("a".to_owned()))), Ok(()));
    assert_eq!(run(memory.get("a")).as_deref(), Ok("a"));
    assert_eq!(run(memory.get("b")), Err(()));
    assert_eq!(run(memory.scan()), 2);
    assert_eq!(calls("put_twice"), "ok 1, error 0, panic 0, cancelled 0");
    assert_eq!(calls("put"), "ok 2, error 0, panic 0, cancelled 0");
    assert_eq!(calls("get"), "ok 1, error 1, panic 0, cancelled 0");
    assert_eq!(calls("scan"), "ok 1, panic 0, cancelled 0");
}

#[tokio::test]
async fn async_trait_works_above_and_below() {
    #[async_trait]
    trait Fetch: Sync {
        async fn fetch(&self, path: &str) -> Result<String, ()>;

        #[counted]
        #[timed]
        async fn fetch_twice(&self, path: &str) -> Result<String, ()> {
            yield_now().await;
            Ok(self.fetch(path).await? + &self.fetch(path).await?)
        }
    }

    struct Method;
    #[async_trait]
    impl Fetch for Method {
        #[counted(labels(path))]
        #[in_flight]
        async fn fetch(&self, path: &str) -> Result<String, ()> {
            yield_now().await;
            if path.is_empty() {
                Err(())
            } else {
                Ok(path.to_owned())
            }
        }
    }

    struct Above;
    #[counted]
    #[async_trait]
    impl Fetch for Above {
        async fn fetch(&self, path: &str) -> Result<String, ()> {
            Ok(path.to_owned())
        }
    }

    struct Below;
    #[async_trait]
    #[counted]
    impl Fetch for Below {
        async fn fetch(&self, path: &str) -> Result<String, ()> {
            Ok(path.to_owned())
        }
    }

    let all: [&dyn Fetch; 3] = [&Method, &Above, &Below];
    for fetch in all {
        assert_eq!(fetch.fetch_twice("ab").await.as_deref(), Ok("abab"));
    }
    assert_eq!(Method.fetch("").await, Err(()));
    assert_eq!(calls("fetch_twice"), "ok 3, error 0, panic 0, cancelled 0");
    assert_eq!(timings("fetch_twice"), "ok 3");
    assert!(calls("fetch").contains("ab ok 2, ab error 0"));
    assert!(calls("fetch").contains(" error 1"));
    assert_eq!(in_progress("fetch"), "0");
    assert_eq!(
        calls("<Above as Fetch>::fetch"),
        "ok 2, error 0, panic 0, cancelled 0"
    );
    assert_eq!(
        calls("<Below as Fetch>::fetch"),
        "ok 2, error 0, panic 0, cancelled 0"
    );
}

#[tokio::test]
async fn tracing_spans_work_around_and_inside_calls() {
    #[counted]
    #[tracing::instrument(skip(b), fields(length = b.len()))]
    #[timed]
    async fn between(a: u8, (b, _): (&str, u8)) -> Result<u8, ()> {
        yield_now().await;
        a.checked_sub(u8::try_from(b.len()).unwrap()).ok_or(())
    }

    #[tracing::instrument(err(Debug), ret)]
    #[counted]
    #[timed]
    async fn below(a: u8) -> Result<u8, ()> {
        yield_now().await;
        a.checked_sub(1).ok_or(())
    }

    assert_eq!(
        (between(1, ("a", 0)).await, between(0, ("a", 0)).await),
        (Ok(0), Err(()))
    );
    assert_eq!((below(1).await, below(0).await), (Ok(0), Err(())));
    assert_eq!(calls("between"), "ok 1, error 1, panic 0, cancelled 0");
    assert_eq!(timings("between"), "ok 1, error 1");
    assert_eq!(calls("below"), "ok 1, error 1, panic 0, cancelled 0");
    assert_eq!(timings("below"), "ok 1, error 1");
}

#[counted]
#[tokio::test]
async fn a_tokio_test_attribute_below_ours_is_accepted() {
    yield_now().await;
    assert_eq!(
        calls("a_tokio_test_attribute_below_ours_is_accepted"),
        "ok 0, panic 0, cancelled 0"
    );
}

#[tokio::test]
#[counted]
async fn a_tokio_test_attribute_above_ours_is_accepted() {
    yield_now().await;
    // Here `tokio::test` expands first, to a function that is not `async` and cannot be cancelled.
    assert_eq!(
        calls("a_tokio_test_attribute_above_ours_is_accepted"),
        "ok 0, panic 0"
    );
}

#[tokio::test]
async fn attributes_work_above_and_below_others() {
    /// Documented.
    #[must_use]
    #[counted]
    #[inline]
    #[cfg_attr(all(), timed)]
    async fn conditional(n: u8) -> Option<u8> {
        yield_now().await;
        n.checked_sub(1)
    }

    #[cfg_attr(all(), counted, in_flight)]
    #[allow(clippy::let_unit_value, reason = "an attribute is what is tested")]
    async fn conditional_above(n: u8) -> Result<u8, ()> {
        n.checked_sub(1).ok_or(())
    }

    assert_eq!(conditional(1).await, Some(0));
    assert_eq!(conditional_above(0).await, Err(()));
    assert_eq!(calls("conditional"), "ok 1, panic 0, cancelled 0");
    assert_eq!(timings("conditional"), "ok 1");
    assert_eq!(
        calls("conditional_above"),
        "ok 0, error 1, panic 0, cancelled 0"
    );
}

#[test]
#[expect(unsafe_code, reason = "the test needs unsafe functions")]
fn unsafe_functions_are_recorded() {
    /// # Safety
    ///
    /// `byte` is null or points to a byte that stays readable until the future ends.
    #[counted]
    async unsafe fn read(byte: *const u8) -> Result<u8, ()> {
        suspend().await;
        // SAFETY: the caller guarantees that `byte` is null or readable.
        unsafe { byte.as_ref() }.copied().ok_or(())
    }

    // SAFETY: the pointer is null.
    assert_eq!(run(unsafe { read(std::ptr::null()) }), Err(()));
    assert_eq!(calls("read"), "ok 0, error 1, panic 0, cancelled 0");
}

#[test]
fn diverging_functions_of_every_type_are_recorded() {
    #[counted]
    async fn waits_for_ever() -> ! {
        pending().await
    }

    #[counted]
    #[timed]
    #[in_flight]
    async fn diverges<T>(after: u8) -> Result<T, std::convert::Infallible> {
        for _ in 0..after {
            suspend().await;
        }
        fail()
    }

    {
        let mut future = pin!(waits_for_ever());
        assert!(poll(future.as_mut()).is_pending());
    }
    assert_panics(|| run(diverges::<u8>(0)));
    assert_panics(|| run(diverges::<u8>(2)));
    assert_eq!(calls("waits_for_ever"), "ok 0, panic 0, cancelled 1");
    assert_eq!(calls("diverges"), "ok 0, error 0, panic 2, cancelled 0");
    assert_eq!(in_progress("diverges"), "0");
}
