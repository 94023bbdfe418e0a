//! Tests that an attribute such as `#[timed]` does not change when, and in which order, a
//! function's values are dropped.

#![allow(
    clippy::must_use_unit,
    clippy::double_must_use,
    reason = "an attribute that needs to see the function as it was written"
)]

use std::{cell::RefCell, pin::pin};

use metrics_core::{counted, in_flight, timed};
use tests::{poll, run};
use tokio::task::yield_now;

thread_local! {
    static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Adds its name to `DROPPED` when dropped.
struct Noted(&'static str);

impl Drop for Noted {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
    }
}

/// Runs a closure, drops its result, and returns the names of what was dropped, in order.
fn dropped<T>(during: impl FnOnce() -> T) -> Vec<&'static str> {
    drop(during());
    DROPPED.take()
}

/// Defines modules with the same functions, which have different attributes in each module.
macro_rules! twins {
    ($($module:ident: $(#[$($attribute:tt)*])*;)*) => {$(
        mod $module {
            #[allow(unused_imports, reason = "the plain ones have no use for them")]
            use super::{Noted, counted, in_flight, timed, yield_now};

            $(#[$($attribute)*])*
            pub(super) fn plain(_a: Noted, b: Noted, c: Noted) {
                let local = Noted("local");
                let _used = (&c, &b, &local);
            }

            $(#[$($attribute)*])*
            pub(super) fn fallible(a: Noted, b: Noted, _c: Noted) -> Result<(), ()> {
                let local = Noted("local");
                let _used = (&a, &b, &local);
                Ok(())
            }

            $(#[$($attribute)*])*
            pub(super) fn taken_apart(
                _: Noted,
                (a, _): (Noted, Noted),
                mut c: Noted,
            ) -> Result<(), ()> {
                let local = Noted("local");
                c.0 = "c, changed";
                let _used = (&a, &c, &local);
                Err(())
            }

            $(#[$($attribute)*])*
            pub(super) fn moved(a: Noted, b: Noted, _c: Noted) -> Result<Noted, ()> {
                let _local = Noted("local");
                drop(b);
                Ok(a)
            }

            $(#[$($attribute)*])*
            pub(super) async fn waits(a: Noted, b: Noted, _c: Noted) {
                let local = Noted("local");
                let _used = (&a, &b, &local);
                yield_now().await;
            }

            $(#[$($attribute)*])*
            pub(super) async fn waits_or_fails(a: Noted, b: Noted, _c: Noted) -> Result<(), ()> {
                let local = Noted("local");
                let _used = (&a, &b, &local);
                yield_now().await;
                Ok(())
            }

            $(#[$($attribute)*])*
            pub(super) async fn taken_apart_later(
                _: Noted,
                (a, _): (Noted, Noted),
                mut c: Noted,
            ) -> Result<(), ()> {
                let local = Noted("local");
                c.0 = "c, changed";
                let _used = (&a, &c, &local);
                Err(())
            }

            $(#[$($attribute)*])*
            pub(super) async fn moved_later(a: Noted, b: Noted, _c: Noted) -> Result<Noted, ()> {
                let _local = Noted("local");
                drop(b);
                yield_now().await;
                Ok(a)
            }

            $(#[$($attribute)*])*
            pub(super) fn made(a: Noted, b: Noted) -> impl Future<Output = Result<(), ()>> {
                let used = (&a, &b);
                let _ = used.0;
                async { Ok(()) }
            }

            pub(super) struct Owner(pub(super) Noted, pub(super) Noted);

            impl Owner {
                $(#[$($attribute)*])*
                pub(super) fn whole(self, a: Noted, b: Noted) -> Result<(), ()> {
                    let local = Noted("local");
                    let _used = (&self.1, &self.0, &a, &b, &local);
                    Ok(())
                }

                $(#[$($attribute)*])*
                pub(super) fn part(mut self, a: Noted) -> Result<(), ()> {
                    let local = Noted("local");
                    self.0.0 = "x, changed";
                    drop(self.1);
                    let _used = (&a, &local);
                    Ok(())
                }

                $(#[$($attribute)*])*
                pub(super) async fn whole_later(self, a: Noted, b: Noted) -> Result<(), ()> {
                    let local = Noted("local");
                    let _used = (&self.1, &self.0, &a, &b, &local);
                    yield_now().await;
                    Ok(())
                }

                $(#[$($attribute)*])*
                pub(super) async fn part_later(mut self, a: Noted) -> Result<(), ()> {
                    let local = Noted("local");
                    self.0.0 = "x, changed";
                    drop(self.1);
                    let _used = (&a, &local);
                    yield_now().await;
                    Ok(())
                }
            }
        }
    )*};
}

twins! {
    plain: ;
    with_count: #[counted];
    with_time: #[timed];
    with_flight: #[in_flight];
    with_all: #[counted] #[timed] #[in_flight];
    with_label: #[counted(labels(always = 1))];
    with_another_attribute: #[counted] #[must_use];
}

/// Lists the functions of a module, each with the names of the values that a call dropped, in
/// order.
macro_rules! orders {
    ($module:ident) => {{
        use $module::*;
        let new = || (Noted("a"), Noted("b"), Noted("c"));
        let with = |call: fn(Noted, Noted, Noted)| {
            dropped(|| {
                let (a, b, c) = new();
                call(a, b, c);
            })
        };
        let owner = || Owner(Noted("x"), Noted("y"));
        let pair = || (Noted("a"), Noted("left of a"));
        vec![
            ("plain", with(|a, b, c| plain(a, b, c))),
            ("fallible", with(|a, b, c| _ = fallible(a, b, c))),
            ("moved", with(|a, b, c| drop(moved(a, b, c)))),
            ("waits", with(|a, b, c| run(waits(a, b, c)))),
            ("waits, not polled", with(|a, b, c| drop(waits(a, b, c)))),
            (
                "waits, cancelled",
                with(|a, b, c| {
                    assert!(poll(pin!(waits(a, b, c))).is_pending());
                }),
            ),
            (
                "waits_or_fails",
                with(|a, b, c| _ = run(waits_or_fails(a, b, c))),
            ),
            (
                "waits_or_fails, cancelled",
                with(|a, b, c| {
                    assert!(poll(pin!(waits_or_fails(a, b, c))).is_pending());
                }),
            ),
            (
                "moved_later",
                with(|a, b, c| drop(run(moved_later(a, b, c)))),
            ),
            ("made", with(|a, b, _| _ = run(made(a, b)))),
            (
                "taken_apart",
                dropped(|| taken_apart(Noted("nameless"), pair(), Noted("c"))),
            ),
            (
                "taken_apart_later",
                dropped(|| run(taken_apart_later(Noted("nameless"), pair(), Noted("c")))),
            ),
            ("whole", dropped(|| owner().whole(Noted("a"), Noted("b")))),
            ("part", dropped(|| owner().part(Noted("a")))),
            (
                "whole_later",
                dropped(|| run(owner().whole_later(Noted("a"), Noted("b")))),
            ),
            (
                "part_later",
                dropped(|| run(owner().part_later(Noted("a")))),
            ),
        ]
    }};
}

#[test]
fn values_are_dropped_in_the_same_order_with_and_without_an_attribute() {
    let expected = orders!(plain);
    assert_eq!(orders!(with_count), expected);
    assert_eq!(orders!(with_time), expected);
    assert_eq!(orders!(with_flight), expected);
    assert_eq!(orders!(with_all), expected);
    assert_eq!(orders!(with_label), expected);
    assert_eq!(orders!(with_another_attribute), expected);
}

#[test]
fn arguments_are_dropped_after_locals_and_in_reverse_order() {
    let order = |name: &str| {
        let orders = orders!(with_count);
        let found = orders.iter().find(|(known, _)| *known == name);
        found.map(|(_, order)| order.clone()).unwrap()
    };
    assert_eq!(order("fallible"), ["local", "c", "b", "a"]);
    assert_eq!(order("waits_or_fails"), ["local", "c", "b", "a"]);
    assert_eq!(order("waits, cancelled"), ["local", "c", "b", "a"]);
    assert_eq!(order("moved"), ["b", "local", "c", "a"]);
}
