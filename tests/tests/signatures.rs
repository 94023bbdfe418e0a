//! Tests the function attributes on further forms of functions that are not `async`, beyond those
//! in `attributes`.

#![allow(
    clippy::needless_lifetimes,
    clippy::elidable_lifetime_names,
    clippy::unnecessary_wraps,
    reason = "signatures are written out in every way that there is"
)]

use std::{
    fmt::{self, Display},
    ops::ControlFlow,
    panic::Location,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
};

use metrics_core::{counted, in_flight, timed};
use tests::{assert_panics, calls, fail, in_progress, timings};

#[test]
fn methods_take_smart_pointers_to_self() {
    struct Node {
        n: u32,
    }

    impl Node {
        #[counted]
        fn pinned(mut self: Pin<&mut Self>) -> Result<u32, ()> {
            self.n += 1;
            Ok(self.n)
        }

        #[counted]
        #[timed]
        fn pinned_borrow(self: Pin<&mut Self>) -> &mut u32 {
            &mut self.get_mut().n
        }

        #[counted]
        fn shared(self: Arc<Self>) -> Result<u32, ()> {
            Ok(self.n)
        }

        #[counted]
        fn shared_in_place(self: &Rc<Self>) -> Option<&u32> {
            Some(&self.n)
        }

        #[counted]
        fn changed(mut self) -> Result<Self, ()> {
            self.n *= 2;
            Ok(self)
        }

        #[counted]
        fn changed_in_a_box(mut self: Box<Self>) -> Result<Box<Self>, ()> {
            self.n *= 2;
            Ok(self)
        }
    }

    let mut node = Node { n: 1 };
    assert_eq!(Pin::new(&mut node).pinned(), Ok(2));
    *Pin::new(&mut node).pinned_borrow() += 1;
    let node = Box::new(node.changed().unwrap())
        .changed_in_a_box()
        .unwrap();
    assert_eq!(Rc::new(Node { n: 5 }).shared_in_place(), Some(&5));
    assert_eq!(Arc::new(*node).shared(), Ok(12));
    assert_eq!(calls("pinned"), "ok 1, error 0, panic 0");
    assert_eq!(calls("pinned_borrow"), "ok 1, panic 0");
    assert_eq!(calls("shared"), "ok 1, error 0, panic 0");
    assert_eq!(calls("shared_in_place"), "ok 1, panic 0");
    assert_eq!(calls("changed"), "ok 1, error 0, panic 0");
    assert_eq!(calls("changed_in_a_box"), "ok 1, error 0, panic 0");
}

mod outcomes {
    use super::{ControlFlow, Poll, calls, counted};

    trait Parser {
        type Out;
        fn new() -> Self::Out;
    }
    struct Word;
    impl Parser for Word {
        type Out = Result<u8, ()>;
        fn new() -> Self::Out {
            Err(())
        }
    }

    #[counted]
    fn projected() -> <Word as Parser>::Out {
        Word::new()
    }

    #[counted]
    fn projected_from_a_parameter<T: Parser>() -> <T as Parser>::Out {
        T::new()
    }

    #[counted(fallible = true)]
    fn projected_and_said<T: Parser<Out = Result<u8, ()>>>() -> <T as Parser>::Out {
        T::new()
    }

    #[test]
    fn an_associated_type_is_recognised_as_a_result_where_possible() {
        assert_eq!(projected(), Err(()));
        assert_eq!(projected_from_a_parameter::<Word>(), Err(()));
        assert_eq!(projected_and_said::<Word>(), Err(()));
        assert_eq!(calls("projected"), "ok 0, error 1, panic 0");
        assert_eq!(calls("projected_from_a_parameter"), "ok 1, panic 0");
        assert_eq!(calls("projected_and_said"), "ok 0, error 1, panic 0");
    }

    #[counted]
    fn breaks(n: u8) -> ControlFlow<u8> {
        if n > 1 {
            ControlFlow::Break(n)?;
        }
        ControlFlow::Continue(())
    }

    #[counted]
    fn polled(ready: bool) -> Poll<Result<(), ()>> {
        if ready {
            Poll::Ready(Err(()))
        } else {
            Poll::Pending
        }
    }

    #[counted]
    fn nested() -> Option<Result<u8, ()>> {
        Some(Err(()))
    }

    #[counted]
    fn borrowed(result: &Result<u8, ()>) -> &Result<u8, ()> {
        result
    }

    #[test]
    fn a_result_inside_another_type_has_no_errors() {
        assert!(breaks(2).is_break());
        assert!(breaks(1).is_continue());
        assert!(polled(true).is_ready());
        assert!(polled(false).is_pending());
        assert_eq!(nested(), Some(Err(())));
        assert_eq!(borrowed(&Err(())), &Err(()));
        assert_eq!(calls("breaks"), "ok 2, panic 0");
        assert_eq!(calls("polled"), "ok 2, panic 0");
        assert_eq!(calls("nested"), "ok 1, panic 0");
        assert_eq!(calls("borrowed"), "ok 1, panic 0");
    }
}

#[test]
fn arguments_of_every_type_and_pattern_are_accepted() {
    struct Point<T> {
        x: T,
        y: T,
    }

    #[counted]
    fn displays(value: impl Display, other: &dyn Display) -> Result<String, fmt::Error> {
        Ok(format!("{value}{other}"))
    }

    #[counted]
    fn calls_back(mut call: impl FnMut(&str) -> bool) -> Result<bool, ()> {
        Ok(call("a") && call("b"))
    }

    #[counted]
    fn renames(
        Point {
            x: left,
            y: mut right,
        }: Point<u32>,
    ) -> Result<u32, ()> {
        right += left;
        Ok(right)
    }

    #[counted]
    fn borrows(&Point { x, ref y }: &Point<u32>, &mut ref mut n: &mut u32) -> Result<u32, ()> {
        *n += x;
        Ok(*n + y)
    }

    #[counted]
    fn binds(whole @ [first, ..]: [u8; 3], _: &str, (): ()) -> Result<(u8, usize), ()> {
        Ok((first, whole.len()))
    }

    #[counted]
    #[timed]
    #[in_flight]
    fn ignores(_: u8, _unused: String, (): ()) -> Result<(), ()> {
        Ok(())
    }

    assert_eq!(displays(1, &"b").as_deref(), Ok("1b"));
    let mut heard = 0;
    let hear = |text: &str| {
        heard += 1;
        text == "a"
    };
    assert_eq!(calls_back(hear), Ok(false));
    assert_eq!(heard, 2);
    assert_eq!(renames(Point { x: 1, y: 2 }), Ok(3));
    let mut n = 1;
    assert_eq!(borrows(&Point { x: 1, y: 2 }, &mut n), Ok(4));
    assert_eq!(n, 2);
    assert_eq!(binds([7, 8, 9], "", ()), Ok((7, 3)));
    assert_eq!(ignores(1, String::new(), ()), Ok(()));
    for name in [
        "displays",
        "calls_back",
        "renames",
        "borrows",
        "binds",
        "ignores",
    ] {
        assert_eq!(calls(name), "ok 1, error 0, panic 0");
    }
}

#[test]
fn generic_parameters_with_every_kind_of_bound_and_default_are_accepted() {
    struct Table<'t, K, const N: usize = 2>
    where
        K: 't,
    {
        rows: &'t [K; N],
    }

    impl<'t, K, const N: usize> Table<'t, K, N>
    where
        K: PartialEq + 't,
    {
        #[counted]
        fn position<'q: 't, Q>(&self, key: &'q Q) -> Result<usize, &'q Q>
        where
            Q: ?Sized,
            K: PartialEq<Q>,
        {
            self.rows.iter().position(|row| row == key).ok_or(key)
        }

        #[counted]
        fn all<'s>(&'s self) -> impl Iterator<Item = &'t K> + 's {
            self.rows.iter()
        }

        #[counted]
        fn applied<F, R>(&self, f: F) -> Result<Vec<R>, R>
        where
            F: for<'k> Fn(&'k K) -> Result<R, R>,
        {
            self.rows.iter().map(f).collect()
        }
    }

    let rows = ["a".to_owned(), "b".to_owned()];
    let table = Table { rows: &rows };
    assert_eq!(table.position("b"), Ok(1));
    assert_eq!(table.position("c"), Err("c"));
    assert_eq!(table.all().count(), 2);
    assert_eq!(table.applied(|row| Ok(row.len())), Ok(vec![1, 1]));
    assert_eq!(calls("position"), "ok 1, error 1, panic 0");
    assert_eq!(calls("all"), "ok 1, panic 0");
    assert_eq!(calls("applied"), "ok 1, error 0, panic 0");
}

#[test]
fn elided_and_named_lifetimes_are_accepted() {
    struct Parser<'s> {
        rest: &'s str,
    }

    impl<'s> Parser<'s> {
        #[counted]
        fn word(&mut self) -> Result<&'s str, Box<dyn std::error::Error + '_>> {
            let (word, rest) = self.rest.split_once(' ').ok_or("no more")?;
            self.rest = rest;
            Ok(word)
        }

        #[counted]
        fn words(&self) -> Result<Box<dyn Iterator<Item = &'s str> + '_>, ()> {
            Ok(Box::new(self.rest.split(' ')))
        }

        #[counted]
        fn again(&mut self) -> Result<Parser<'_>, ()> {
            Ok(Parser { rest: self.rest })
        }
    }

    let mut parser = Parser { rest: "a b c" };
    assert!(parser.word().is_ok_and(|word| word == "a"));
    assert_eq!(parser.words().unwrap().count(), 2);
    assert!(parser.again().unwrap().word().is_ok());
    parser.rest = "";
    assert!(parser.word().is_err());
    assert_eq!(calls("word"), "ok 2, error 1, panic 0");
    assert_eq!(calls("words"), "ok 1, error 0, panic 0");
    assert_eq!(calls("again"), "ok 1, error 0, panic 0");
}

#[test]
fn attributes_work_above_and_below_others() {
    /// Documented.
    #[cfg_attr(all(), counted, timed)]
    #[cfg_attr(any(), counted(name = "never_total"))]
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "the attribute is what is tested")]
    fn conditional(n: u8) -> Result<u8, ()> {
        n.checked_sub(1).ok_or(())
    }

    #[counted]
    /// Documented below.
    #[cfg_attr(all(), timed)]
    #[must_use]
    #[cold]
    fn conditional_below() -> u8 {
        1
    }

    #[counted(outcome = false)]
    #[track_caller]
    fn shows_its_caller() -> Result<u32, ()> {
        Ok(Location::caller().line())
    }

    #[track_caller]
    #[in_flight]
    #[timed]
    fn shows_its_caller_too() -> u32 {
        Location::caller().line()
    }

    #[counted]
    #[cfg(any())]
    fn not_there() {}

    assert_eq!((conditional(1), conditional(0)), (Ok(0), Err(())));
    assert_eq!(conditional_below(), 1);
    assert_eq!(shows_its_caller(), Ok(line!()));
    assert_eq!(shows_its_caller_too(), line!());
    assert_eq!(calls("conditional"), "ok 1, error 1, panic 0");
    assert_eq!(timings("conditional"), "ok 1, error 1");
    assert_eq!(calls("conditional_below"), "ok 1, panic 0");
    assert_eq!(timings("conditional_below"), "ok 1");
    assert_eq!(calls("shows_its_caller"), "1");
    assert_eq!(calls("not_there"), "");
}

#[test]
fn tracing_spans_work_around_and_inside_calls() {
    #[counted]
    #[timed]
    #[tracing::instrument(skip(b), fields(len = b.len()))]
    fn above(a: u8, (b, _): (&str, u8)) -> Result<u8, ()> {
        a.checked_sub(u8::try_from(b.len()).unwrap()).ok_or(())
    }

    #[tracing::instrument(err(Debug), ret)]
    #[counted]
    #[timed]
    fn below(a: u8, _: (&str, u8)) -> Result<u8, ()> {
        a.checked_sub(1).ok_or(())
    }

    #[counted]
    #[tracing::instrument]
    #[in_flight]
    fn between() -> String {
        in_progress("between")
    }

    assert_eq!((above(1, ("a", 0)), above(0, ("a", 0))), (Ok(0), Err(())));
    assert_eq!((below(1, ("", 0)), below(0, ("", 0))), (Ok(0), Err(())));
    assert_eq!(between(), "1");
    assert_eq!(calls("above"), "ok 1, error 1, panic 0");
    assert_eq!(timings("above"), "ok 1, error 1");
    assert_eq!(calls("below"), "ok 1, error 1, panic 0");
    assert_eq!(timings("below"), "ok 1, error 1");
    assert_eq!(calls("between"), "ok 1, panic 0");
}

#[test]
fn the_tokio_main_function_is_counted_above_and_below() {
    #[counted]
    #[tokio::main(flavor = "current_thread")]
    async fn main_below() -> Result<(), ()> {
        tokio::task::yield_now().await;
        Err(())
    }

    #[tokio::main(flavor = "current_thread")]
    #[counted]
    async fn main_above() -> Result<(), ()> {
        tokio::task::yield_now().await;
        Err(())
    }

    assert_eq!(main_below(), Err(()));
    assert_eq!(main_above(), Err(()));
    assert_eq!(calls("main_below"), "ok 0, error 1, panic 0, cancelled 0");
    // Here `tokio::main` expands first, to a function that is not `async` and cannot be cancelled.
    assert_eq!(calls("main_above"), "ok 0, error 1, panic 0");
}

#[counted]
#[test]
fn a_test_attribute_below_ours_is_accepted() {
    assert_eq!(
        calls("a_test_attribute_below_ours_is_accepted"),
        "ok 0, panic 0"
    );
}

#[test]
#[counted]
fn a_test_attribute_above_ours_is_accepted() -> Result<(), String> {
    assert_eq!(
        calls("a_test_attribute_above_ours_is_accepted"),
        "ok 0, error 0, panic 0"
    );
    Ok(())
}

#[test]
#[expect(unsafe_code, reason = "the test needs unsafe functions")]
fn unsafe_methods_and_functions_with_an_abi_are_recorded() {
    struct Bytes(*const u8);

    impl Bytes {
        /// # Safety
        ///
        /// The pointer points to a readable byte that lives for `'a`.
        #[counted]
        #[timed]
        unsafe fn first<'a>(&self) -> Result<&'a u8, ()> {
            // SAFETY: the caller guarantees that the byte is readable.
            unsafe { self.0.as_ref() }.ok_or(())
        }
    }

    /// # Safety
    ///
    /// `byte` is null or points to a readable byte.
    #[counted]
    #[in_flight]
    unsafe extern "C" fn read(byte: *const u8) -> u8 {
        // SAFETY: the caller guarantees that `byte` is null or readable.
        unsafe { byte.as_ref() }.copied().unwrap_or(0)
    }

    let byte = 7;
    // SAFETY: the pointer is to a live local variable.
    assert_eq!(unsafe { Bytes(&raw const byte).first() }, Ok(&7));
    // SAFETY: the pointer is null.
    assert_eq!(unsafe { read(std::ptr::null()) }, 0);
    assert_eq!(calls("first"), "ok 1, error 0, panic 0");
    assert_eq!(calls("read"), "ok 1, panic 0");
    assert_eq!(in_progress("read"), "0");
}

#[test]
fn bodies_with_every_kind_of_statement_are_accepted() {
    #[counted]
    fn crowded(n: u32) -> Result<u32, String> {
        #![allow(clippy::items_after_statements, unused_macros)]
        use std::collections::BTreeMap as Map;
        const STEP: u32 = 2;
        macro_rules! twice {
            ($n:expr) => {
                $n * STEP
            };
        }
        let within = |n: u32| -> Result<u32, String> {
            if n == 9 {
                return Err("nine".to_owned());
            }
            Ok(n)
        };
        let map = Map::from([(n, twice!(n))]);
        let found = 'outer: {
            for (key, value) in &map {
                if *key == 1 {
                    break 'outer *value;
                }
                if *key == 0 {
                    return Err("zero".to_owned());
                }
            }
            0
        };
        Ok(within(n)? + found)
    }

    let shows = |n| crowded(n).unwrap_or_else(|error| u32::try_from(error.len()).unwrap());
    assert_eq!((shows(0), shows(1), shows(2), shows(9)), (4, 3, 2, 4));
    assert_eq!(calls("crowded"), "ok 2, error 2, panic 0");
}

/// Instrumented functions that a test calls from outside their module.
mod elsewhere {
    use metrics_core::counted;

    pub(crate) struct Key(pub(crate) u8);

    #[counted]
    pub(crate) fn unlock(Key(key): Key) -> Result<u8, ()> {
        key.checked_sub(1).ok_or(())
    }

    pub(crate) mod deeper {
        #[metrics_core::counted]
        #[::metrics_core::timed]
        pub(in crate::elsewhere) fn hidden() -> Result<(), ()> {
            Err(())
        }

        #[metrics_core::counted]
        pub(crate) fn seen() -> Result<(), ()> {
            hidden()
        }
    }
}

#[test]
fn instrumented_functions_are_used_across_modules_and_as_values() {
    let unlock: fn(elsewhere::Key) -> Result<u8, ()> = elsewhere::unlock;
    let all: Vec<_> = [1, 0].map(elsewhere::Key).into_iter().map(unlock).collect();
    assert_eq!(all, [Ok(0), Err(())]);
    assert_eq!(elsewhere::deeper::seen(), Err(()));
    assert_eq!(calls("unlock"), "ok 1, error 1, panic 0");
    assert_eq!(calls("hidden"), "ok 0, error 1, panic 0");
    assert_eq!(calls("seen"), "ok 0, error 1, panic 0");
}

#[test]
fn diverging_functions_of_every_type_are_recorded() {
    #[counted]
    #[timed]
    #[in_flight]
    fn diverges<T>() -> Result<T, std::convert::Infallible> {
        fail()
    }

    #[counted]
    fn diverges_in_a_branch(n: u8) -> u8 {
        match n {
            0 => fail(),
            n => n,
        }
    }

    assert_panics(diverges::<u8>);
    assert_panics(|| diverges_in_a_branch(0));
    assert_eq!(diverges_in_a_branch(1), 1);
    assert_eq!(calls("diverges"), "ok 0, error 0, panic 1");
    assert_eq!(in_progress("diverges"), "0");
    assert_eq!(calls("diverges_in_a_branch"), "ok 1, panic 1");
}
