//! Tests of `#[counted]`, `#[timed]` and `#[in_flight]` on `async` functions.

use std::{
    fmt,
    future::{pending, poll_fn},
    num::ParseIntError,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::mpsc::{Sender, channel},
    task::Poll,
    thread,
    time::Duration,
};

use metrics_core::{Label, counted, in_flight, timed};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use tests::{assert_panics, calls, fail, in_progress, poll, run, series, suspend, timings};
use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
    time::timeout,
};

#[test]
fn a_result_is_counted_as_ok_or_error() {
    #[counted]
    #[timed]
    async fn half(n: u32) -> Result<u32, String> {
        yield_now().await;
        if n.is_multiple_of(2) {
            return Ok(n / 2);
        }
        Err(format!("{n} is odd"))
    }

    assert_eq!(calls("half"), "ok 0, error 0, panic 0, cancelled 0");
    let runtime = Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(half(4)), Ok(2));
    assert!(runtime.block_on(half(3)).is_err());
    assert_eq!(calls("half"), "ok 1, error 1, panic 0, cancelled 0");
    assert_eq!(timings("half"), "ok 1, error 1");
}

#[test]
fn a_function_that_returns_no_result_has_no_error_series() {
    #[counted]
    async fn unit() {}
    #[counted]
    async fn double(n: u32) -> u32 {
        n * 2
    }

    run(unit());
    assert_eq!(run(double(2)), 4);
    assert_eq!(calls("unit"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("double"), "ok 1, panic 0, cancelled 0");
}

#[test]
fn a_future_that_is_never_polled_is_not_counted() {
    #[counted]
    #[timed]
    #[in_flight]
    async fn ignored() {}

    drop(ignored());
    assert_eq!(calls("ignored"), "ok 0, panic 0, cancelled 0");
    assert_eq!(timings("ignored"), "ok 0");
    assert_eq!(in_progress("ignored"), "0");
}

#[test]
fn a_future_dropped_before_completion_is_cancelled() {
    #[counted]
    #[timed]
    #[in_flight]
    async fn suspended() -> Result<(), ()> {
        pending().await
    }

    let mut future = Box::pin(suspended());
    assert!(poll(future.as_mut()).is_pending());
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(in_progress("suspended"), "1");
    drop(future);
    assert_eq!(calls("suspended"), "ok 0, error 0, panic 0, cancelled 1");
    assert_eq!(timings("suspended"), "ok 0, cancelled 1");
    assert_eq!(in_progress("suspended"), "0");
}

#[test]
fn a_panic_is_counted_before_and_after_the_first_await() {
    #[counted]
    #[in_flight]
    async fn falls(at_once: bool) -> Result<(), ()> {
        if !at_once {
            yield_now().await;
        }
        fail()
    }

    assert_panics(|| run(falls(true)));
    assert_eq!(calls("falls"), "ok 0, error 0, panic 1, cancelled 0");
    let runtime = Builder::new_current_thread().build().unwrap();
    assert_panics(|| runtime.block_on(falls(false)));
    assert_eq!(calls("falls"), "ok 0, error 0, panic 2, cancelled 0");
    assert_eq!(in_progress("falls"), "0");
}

#[test]
fn a_future_dropped_by_a_panic_elsewhere_is_cancelled() {
    #[counted]
    #[timed]
    #[in_flight]
    async fn bystander() {
        pending::<()>().await;
    }

    assert_panics(|| {
        let mut future = Box::pin(bystander());
        assert!(poll(future.as_mut()).is_pending());
        fail()
    });
    assert_eq!(calls("bystander"), "ok 0, panic 0, cancelled 1");
    assert_eq!(timings("bystander"), "ok 0, cancelled 1");
    assert_eq!(in_progress("bystander"), "0");
}

#[test]
fn a_call_that_completes_during_unwinding_is_not_counted_as_a_panic() {
    #[counted]
    async fn tidy_up() {}
    struct Tidy;
    impl Drop for Tidy {
        fn drop(&mut self) {
            run(tidy_up());
        }
    }

    assert_panics(|| {
        let _tidy = Tidy;
        fail()
    });
    assert_eq!(calls("tidy_up"), "ok 1, panic 0, cancelled 0");
}

#[test]
fn a_panic_is_counted_for_the_callee_and_its_caller() {
    #[counted]
    async fn within() {
        fail()
    }
    #[counted]
    async fn around() {
        within().await;
    }

    assert_panics(|| run(around()));
    assert_eq!(calls("within"), "ok 0, panic 1, cancelled 0");
    assert_eq!(calls("around"), "ok 0, panic 1, cancelled 0");
}

#[test]
fn the_attributes_combine_in_every_order() {
    macro_rules! stacked {
        ($($(#[$attribute:ident])* $name:ident),*) => {$(
            $(#[$attribute])*
            async fn $name(n: u8) -> Result<String, ()> {
                match n {
                    0 => Err(()),
                    1 => Ok(in_progress(stringify!($name))),
                    _ => pending().await,
                }
            }

            assert_eq!(run($name(1)).as_deref(), Ok("1"));
            assert_eq!(run($name(0)), Err(()));
            assert!(poll(pin!($name(2))).is_pending());
            let future = &mut Box::pin($name(2));
            assert!(poll(future.as_mut()).is_pending());
            future.set($name(2));
            assert_eq!(calls(stringify!($name)), "ok 1, error 1, panic 0, cancelled 2");
            assert_eq!(timings(stringify!($name)), "ok 1, error 1, cancelled 2");
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

#[test]
fn methods_generics_and_borrows_are_recorded() {
    struct Pool<T> {
        items: Vec<T>,
    }

    impl<T: Clone> Pool<T> {
        #[counted]
        #[timed]
        async fn first(&self) -> Result<&T, fmt::Error> {
            self.items.first().ok_or(fmt::Error)
        }

        #[counted]
        async fn put<'p>(&'p mut self, item: T) -> &'p mut T {
            self.items.push(item);
            yield_now().await;
            self.items.last_mut().expect("just pushed")
        }

        #[counted]
        async fn close(self) -> Vec<T> {
            self.items
        }
    }

    #[counted]
    async fn longest<'a, const N: usize>((a, b): (&'a str, &'a str)) -> Result<&'a str, ()>
    where
        'a: 'a,
    {
        let longest = if a.len() < b.len() { b } else { a };
        longest.get(..N).ok_or(())
    }

    let mut pool = Pool { items: Vec::new() };
    assert_eq!(run(pool.first()), Err(fmt::Error));
    let runtime = Builder::new_current_thread().build().unwrap();
    *runtime.block_on(pool.put(1)) += 1;
    assert_eq!(run(pool.first()), Ok(&2));
    assert_eq!(run(pool.close()), [2]);
    assert_eq!(run(longest::<2>(("a", "bcd"))), Ok("bc"));
    assert_eq!(run(longest::<4>(("a", "bcd"))), Err(()));
    assert_eq!(calls("first"), "ok 1, error 1, panic 0, cancelled 0");
    assert_eq!(calls("put"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("close"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("longest"), "ok 1, error 1, panic 0, cancelled 0");
}

#[test]
fn async_trait_functions_are_recorded() {
    trait Fetch {
        async fn fetch(&self, path: &str) -> Result<String, ()>;

        #[counted]
        async fn fetch_twice(&self, path: &str) -> Result<String, ()> {
            let first = self.fetch(path).await?;
            Ok(first + &self.fetch(path).await?)
        }
    }
    struct Echo;
    impl Fetch for Echo {
        #[counted]
        #[in_flight]
        async fn fetch(&self, path: &str) -> Result<String, ()> {
            if path.is_empty() {
                return Err(());
            }
            Ok(path.to_owned())
        }
    }

    assert_eq!(run(Echo.fetch_twice("ab")).as_deref(), Ok("abab"));
    assert_eq!(run(Echo.fetch_twice("")), Err(()));
    assert_eq!(calls("fetch"), "ok 2, error 1, panic 0, cancelled 0");
    assert_eq!(calls("fetch_twice"), "ok 1, error 1, panic 0, cancelled 0");
}

#[test]
fn unnameable_return_types_are_recorded() {
    #[counted]
    async fn clones(text: &str) -> Result<Vec<impl Clone + use<>>, ParseIntError> {
        let number: u32 = text.parse()?;
        Ok(vec![number])
    }

    #[counted]
    async fn serves() -> Result<std::convert::Infallible, ParseIntError> {
        loop {
            yield_now().await;
        }
    }

    #[counted]
    #[timed]
    async fn falls_for_ever() -> ! {
        yield_now().await;
        fail()
    }

    #[counted]
    async fn boxed<'a>(text: &'a str) -> Result<Box<dyn Iterator<Item = &'a str> + 'a>, ()> {
        Ok(Box::new(text.split(' ')))
    }

    assert_eq!(run(clones("1")).unwrap().len(), 1);
    assert!(run(clones("one")).is_err());
    assert_eq!(calls("clones"), "ok 1, error 1, panic 0, cancelled 0");
    let mut future = Box::pin(serves());
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        Poll::Ready(())
    }));
    drop(future);
    assert_eq!(calls("serves"), "ok 0, error 0, panic 0, cancelled 1");
    assert_panics(|| runtime.block_on(falls_for_ever()));
    assert_eq!(calls("falls_for_ever"), "ok 0, panic 1, cancelled 0");
    assert_eq!(run(boxed("a b")).unwrap().count(), 2);
}

#[test]
fn a_recursive_function_counts_every_call() {
    #[counted]
    #[in_flight]
    async fn factorial(n: u64) -> Result<u64, String> {
        if n == 0 {
            return Err(in_progress("factorial"));
        }
        Ok(n * Box::pin(factorial(n - 1)).await?)
    }

    assert_eq!(run(factorial(3)), Err("4".to_owned()));
    assert_eq!(calls("factorial"), "ok 0, error 4, panic 0, cancelled 0");
    assert_eq!(in_progress("factorial"), "0");
}

#[derive(Label, Clone, Copy)]
enum Size {
    Small,
    Large,
}

#[test]
fn labels_are_computed_at_the_first_poll_before_the_body_moves_its_arguments() {
    fn size(text: &str) -> Size {
        if text.len() > 3 {
            Size::Large
        } else {
            Size::Small
        }
    }

    #[counted(
        name = "attributes_async_sent_total",
        help = "Sent.",
        labels(to = to.as_str(), size: Size = size(&text))
    )]
    #[timed(labels(size: Size = size(&text)))]
    async fn send(to: String, text: String) -> Result<String, ()> {
        let letter = async move { to + &text };
        Ok(letter.await)
    }

    assert_eq!(timings("send"), "small ok 0, large ok 0");
    let future = send("Ulm".to_owned(), "hello".to_owned());
    let sent = || series("attributes_async_sent_total", "send");
    assert_eq!(sent(), "");
    assert_eq!(run(future).as_deref(), Ok("Ulmhello"));
    assert_eq!(
        sent(),
        "Ulm large ok 1, Ulm large error 0, Ulm large panic 0, Ulm large cancelled 0"
    );
    assert_eq!(timings("send"), "small ok 0, large ok 1");
}

#[tokio::test]
async fn branches_that_select_abandons_are_cancelled() {
    #[counted]
    async fn wins() -> u8 {
        1
    }
    #[counted]
    #[in_flight]
    async fn loses() -> u8 {
        pending().await
    }

    let winner = tokio::select! {
        biased;
        n = loses() => n,
        n = wins() => n,
    };
    assert_eq!(winner, 1);
    assert_eq!(calls("wins"), "ok 1, panic 0, cancelled 0");
    assert_eq!(calls("loses"), "ok 0, panic 0, cancelled 1");
    assert_eq!(in_progress("loses"), "0");
}

#[tokio::test]
async fn a_call_that_times_out_is_cancelled() {
    #[counted]
    #[timed]
    async fn hangs() -> Result<(), ()> {
        pending().await
    }

    assert!(timeout(Duration::ZERO, hangs()).await.is_err());
    assert_eq!(calls("hangs"), "ok 0, error 0, panic 0, cancelled 1");
    assert_eq!(timings("hangs"), "ok 0, cancelled 1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_task_is_cancelled_and_a_panicking_task_is_a_panic() {
    #[counted(labels(of = of.clone()))]
    #[in_flight]
    async fn worker(of: String, begun: Sender<()>) -> Result<(), String> {
        begun.send(()).map_err(|_| of)?;
        pending().await
    }
    #[counted]
    #[in_flight]
    async fn falls_in_a_task() {
        yield_now().await;
        fail()
    }

    let (begun, begins) = channel();
    let task = tokio::spawn(worker("mail".to_owned(), begun));
    begins.recv().unwrap();
    assert_eq!(in_progress("worker"), "1");
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(
        calls("worker"),
        "mail ok 0, mail error 0, mail panic 0, mail cancelled 1"
    );
    assert_eq!(in_progress("worker"), "0");

    let fallen = tokio::spawn(falls_in_a_task()).await;
    assert!(fallen.unwrap_err().is_panic());
    assert_eq!(calls("falls_in_a_task"), "ok 0, panic 1, cancelled 0");
    assert_eq!(in_progress("falls_in_a_task"), "0");
}

#[test]
fn tasks_dropped_with_their_runtime_are_cancelled() {
    #[counted]
    #[in_flight]
    async fn daemon(begun: Sender<()>) {
        begun.send(()).unwrap();
        pending::<()>().await;
    }

    let current = Builder::new_current_thread().build().unwrap();
    for (runs, runtime) in [(1, current), (2, Runtime::new().unwrap())] {
        let (begun, begins) = channel();
        runtime.spawn(daemon(begun.clone()));
        runtime.spawn(daemon(begun));
        runtime.block_on(yield_now());
        begins.recv().unwrap();
        begins.recv().unwrap();
        assert_eq!(in_progress("daemon"), "2");
        drop(runtime);
        assert_eq!(
            calls("daemon"),
            format!("ok 0, panic 0, cancelled {}", 2 * runs)
        );
        assert_eq!(in_progress("daemon"), "0");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_migrate_between_threads_are_counted_once() {
    #[counted]
    #[timed]
    #[in_flight]
    async fn wanders(steps: usize) -> Result<usize, ()> {
        for _ in 0..steps {
            yield_now().await;
        }
        steps.checked_sub(50).ok_or(())
    }

    let tasks: Vec<_> = (0..100).map(|n| tokio::spawn(wanders(n))).collect();
    for task in tasks {
        let _ = task.await.unwrap();
    }
    assert_eq!(calls("wanders"), "ok 50, error 50, panic 0, cancelled 0");
    assert_eq!(timings("wanders"), "ok 50, error 50");
    assert_eq!(in_progress("wanders"), "0");
}

/// An action that ends one poll of a scripted future.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Wait,
    Succeed,
    Fail,
    Panic,
}

#[counted]
#[timed]
#[in_flight]
async fn scripted(turns: Vec<Turn>) -> Result<(), ()> {
    for turn in turns {
        match turn {
            Turn::Wait => suspend().await,
            Turn::Succeed => return Ok(()),
            Turn::Fail => return Err(()),
            Turn::Panic => fail(),
        }
    }
    Ok(())
}

/// An action on one of the test's futures.
#[derive(Clone, Copy, Debug)]
enum Action {
    Poll,
    Drop,
    /// Drops the future during the unwinding of an unrelated panic.
    DropInPanic,
}

type Scripted = Pin<Box<dyn Future<Output = Result<(), ()>> + Send>>;

/// A future, which is `None` after its end, and whether it has been polled.
struct Actor {
    future: Option<Scripted>,
    begun: bool,
}

impl Actor {
    fn new(turns: Vec<Turn>) -> Self {
        Actor {
            future: Some(Box::pin(scripted(turns))),
            begun: false,
        }
    }

    fn is_in_flight(&self) -> bool {
        self.future.is_some() && self.begun
    }

    /// Applies an action and returns the outcome if it ends the call.
    fn act(&mut self, action: Action) -> Option<&'static str> {
        let mut future = self.future.take()?;
        match action {
            Action::Poll => {
                self.begun = true;
                let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
                let Ok(polled) = polled else {
                    return Some("panic");
                };
                if let Poll::Ready(result) = polled {
                    return Some(if result.is_ok() { "ok" } else { "error" });
                }
                self.future = Some(future);
                return None;
            }
            Action::Drop => drop(future),
            Action::DropInPanic => assert_panics(move || {
                let _dropped = future;
                fail()
            }),
        }
        self.begun.then_some("cancelled")
    }
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        4 => Just(Turn::Wait),
        1 => Just(Turn::Succeed),
        1 => Just(Turn::Fail),
        1 => Just(Turn::Panic),
    ];
    proptest::collection::vec(turn, 0..5)
}

fn actions() -> impl Strategy<Value = Vec<(usize, Action, bool)>> {
    let action = prop_oneof![
        6 => Just(Action::Poll),
        1 => Just(Action::Drop),
        1 => Just(Action::DropInPanic),
    ];
    proptest::collection::vec((0..6_usize, action, any::<bool>()), 0..40)
}

const OUTCOMES: [&str; 4] = ["ok", "error", "panic", "cancelled"];

/// Returns how often a family counts each outcome of `scripted`, in the order of [`OUTCOMES`].
fn outcomes(family: &str) -> [u32; 4] {
    let text = series(family, "scripted");
    OUTCOMES.map(|outcome| {
        let of = |series: &str| series.strip_prefix(outcome)?.trim().parse().ok();
        text.split(", ").find_map(of).unwrap_or(0)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_call_has_exactly_one_outcome_whatever_happens_to_its_future(
        scripts in proptest::collection::vec(turns(), 6),
        actions in actions(),
    ) {
        let mut expected = outcomes("function_calls_total");
        let mut actors: Vec<Actor> = scripts.into_iter().map(Actor::new).collect();
        let at_last = (0..actors.len()).map(|at| (at, Action::Drop, false));
        for (at, action, elsewhere) in actions.into_iter().chain(at_last) {
            let actor = &mut actors[at];
            let outcome = if elsewhere {
                thread::scope(|scope| scope.spawn(|| actor.act(action)).join()).unwrap()
            } else {
                actor.act(action)
            };
            for (count, name) in expected.iter_mut().zip(OUTCOMES) {
                *count += u32::from(outcome == Some(name));
            }
            let flying = actors.iter().filter(|actor| actor.is_in_flight()).count();
            assert_eq!(in_progress("scripted"), flying.to_string());
        }
        assert_eq!(outcomes("function_calls_total"), expected);
        assert_eq!(outcomes("function_duration_seconds"), expected);
    }
}
