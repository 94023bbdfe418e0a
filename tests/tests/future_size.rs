//! Tests that an attribute enlarges the future of an `async` function by at most 64 bytes.

#![allow(
    clippy::large_types_passed_by_value,
    clippy::unused_async,
    reason = "what is measured is large, or nothing"
)]

use std::{future::ready, hint::black_box, num::ParseIntError};

use metrics_core::{counted, in_flight, timed};
use tokio::task::yield_now;

/// The allowed growth per attribute, in bytes.
const AT_MOST: usize = 64;

/// Defines modules with the same functions, which have different attributes in each module.
macro_rules! twins {
    ($($module:ident: $(#[$($attribute:tt)*])*;)*) => {$(
        mod $module {
            #[allow(unused_imports, reason = "the plain ones have no use for them")]
            use super::{ParseIntError, black_box, counted, in_flight, ready, timed, yield_now};

            $(#[$($attribute)*])*
            pub(super) async fn waits() {
                yield_now().await;
            }

            $(#[$($attribute)*])*
            pub(super) async fn small(a: u8, b: u64) -> u64 {
                yield_now().await;
                u64::from(a) + b
            }

            $(#[$($attribute)*])*
            pub(super) async fn held(bytes: [u8; 1024]) -> u8 {
                yield_now().await;
                bytes[0]
            }

            $(#[$($attribute)*])*
            pub(super) async fn held_through_a_reference(bytes: [u8; 1024]) -> u8 {
                let borrowed = &bytes;
                yield_now().await;
                black_box(borrowed)[0]
            }

            $(#[$($attribute)*])*
            pub(super) async fn held_for_long(bytes: [u8; 1024]) -> u8 {
                yield_now().await;
                let first = bytes[0];
                yield_now().await;
                let last = bytes[1023];
                yield_now().await;
                first + last
            }

            $(#[$($attribute)*])*
            pub(super) async fn made_within() -> u8 {
                let bytes = black_box([1_u8; 1024]);
                yield_now().await;
                bytes[0]
            }

            $(#[$($attribute)*])*
            pub(super) async fn not_used(_bytes: [u8; 1024], _: [u8; 1024]) {
                yield_now().await;
            }

            $(#[$($attribute)*])*
            pub(super) async fn taken_apart((bytes, n): ([u8; 1024], u8)) -> u8 {
                yield_now().await;
                bytes[0] + n
            }

            $(#[$($attribute)*])*
            pub(super) async fn text(a: String, b: String) -> String {
                yield_now().await;
                a + &b
            }

            $(#[$($attribute)*])*
            pub(super) async fn fallible(text: String) -> Result<u8, ParseIntError> {
                yield_now().await;
                let number = text.parse::<u8>()?;
                yield_now().await;
                Ok(number)
            }

            $(#[$($attribute)*])*
            pub(super) async fn wide_result(bytes: [u8; 1024]) -> Result<[u8; 1024], ()> {
                yield_now().await;
                Ok(bytes)
            }

            $(#[$($attribute)*])*
            pub(super) async fn generic<T: Copy>(value: T) -> T {
                yield_now().await;
                value
            }

            $(#[$($attribute)*])*
            pub(super) fn returned(bytes: [u8; 1024]) -> impl Future<Output = u8> {
                async move {
                    yield_now().await;
                    bytes[0]
                }
            }

            pub(super) struct Wide(pub(super) [u8; 1024]);

            impl Wide {
                $(#[$($attribute)*])*
                pub(super) async fn by_reference(&self) -> u8 {
                    yield_now().await;
                    self.0[0]
                }

                $(#[$($attribute)*])*
                pub(super) async fn by_mutable_reference(&mut self, text: String) -> usize {
                    yield_now().await;
                    self.0[0] += 1;
                    text.len()
                }

                $(#[$($attribute)*])*
                pub(super) async fn by_value(self) -> u8 {
                    yield_now().await;
                    self.0[0]
                }
            }
        }
    )*};
}

/// Defines functions that move an argument before or at the first await: an attribute must not make
/// the compiler store the argument twice.
macro_rules! twins_that_move_an_argument {
    ($($module:ident: $(#[$($attribute:tt)*])*;)*) => {$(
        mod $module {
            #[allow(unused_imports, reason = "the plain ones have no use for them")]
            use super::{black_box, counted, in_flight, ready, timed, yield_now};

            $(#[$($attribute)*])*
            pub(super) async fn moved_away(bytes: [u8; 1024]) -> u8 {
                let first = black_box(bytes)[0];
                yield_now().await;
                first
            }

            $(#[$($attribute)*])*
            pub(super) async fn moved_on(bytes: [u8; 1024]) -> u64 {
                u64::from(ready(bytes).await[0])
            }

            $(#[$($attribute)*])*
            pub(super) async fn text_moved_away(text: String) -> usize {
                let length = black_box(text).len();
                yield_now().await;
                length
            }
        }
    )*};
}

/// Defines ten functions, each of which calls the next, down to `one`.
macro_rules! chains {
    ($($module:ident: $(#[$attribute:meta])*;)*) => {$(
        mod $module {
            #[allow(unused_imports, reason = "the plain ones have no use for them")]
            use super::{counted, in_flight, timed, yield_now};

            chains! {
                @ $(#[$attribute])*;
                ten nine, nine eight, eight seven, seven six, six five, five four, four three,
                three two, two one
            }

            $(#[$attribute])*
            async fn one(bytes: [u8; 32]) -> u8 {
                yield_now().await;
                bytes[0]
            }
        }
    )*};
    (@ $(#[$attribute:meta])*; $($outer:ident $inner:ident),*) => {
        chains! { @@ ($(#[$attribute])*) $($outer $inner),* }
    };
    (@@ $attributes:tt $($outer:ident $inner:ident),*) => {$(
        chains! { @@@ $attributes $outer $inner }
    )*};
    (@@@ ($(#[$attribute:meta])*) $outer:ident $inner:ident) => {
        $(#[$attribute])*
        pub(super) async fn $outer(bytes: [u8; 32]) -> u8 {
            $inner(bytes).await + 1
        }
    };
}

twins! {
    plain: ;
    with_count: #[counted];
    with_time: #[timed];
    with_flight: #[in_flight];
    with_busy: #[timed(busy)];
    with_sample: #[timed(sample = 1/16)];
    with_label: #[counted(labels(always = 1))];
    with_result_label: #[counted(labels(on_return(always = |_result| 1)))];
    with_two: #[counted] #[timed];
    with_three: #[counted] #[timed] #[in_flight];
}

twins_that_move_an_argument! {
    plain_moves: ;
    count_of_moves: #[counted];
    time_of_moves: #[timed];
    flight_of_moves: #[in_flight];
    sample_of_moves: #[timed(sample = 1/16)];
    moves_with_result_label: #[counted(labels(on_return(always = |_result| 1)))];
    two_of_moves: #[counted] #[timed];
}

chains! {
    plain_chain: ;
    chain_with_count: #[counted];
    chain_with_time: #[timed];
    chain_with_two: #[counted] #[timed];
}

macro_rules! sizes {
    ($module:ident) => {{
        use $module::*;
        let wide = Wide([0; 1024]);
        let mut wide_too = Wide([0; 1024]);
        let sizes = [
            ("waits", size_of_val(&waits())),
            ("small", size_of_val(&small(1, 2))),
            ("held", size_of_val(&held([0; 1024]))),
            (
                "held_through_a_reference",
                size_of_val(&held_through_a_reference([0; 1024])),
            ),
            ("held_for_long", size_of_val(&held_for_long([0; 1024]))),
            ("made_within", size_of_val(&made_within())),
            ("not_used", size_of_val(&not_used([0; 1024], [0; 1024]))),
            ("taken_apart", size_of_val(&taken_apart(([0; 1024], 0)))),
            ("text", size_of_val(&text(String::new(), String::new()))),
            ("fallible", size_of_val(&fallible(String::new()))),
            ("wide_result", size_of_val(&wide_result([0; 1024]))),
            ("generic", size_of_val(&generic([0_u8; 1024]))),
            ("returned", size_of_val(&returned([0; 1024]))),
            ("by_reference", size_of_val(&wide.by_reference())),
            (
                "by_mutable_reference",
                size_of_val(&wide_too.by_mutable_reference(String::new())),
            ),
            ("by_value", size_of_val(&Wide([0; 1024]).by_value())),
        ];
        sizes
    }};
}

macro_rules! sizes_of_moves {
    ($module:ident) => {
        [
            ("moved_away", size_of_val(&$module::moved_away([0; 1024]))),
            ("moved_on", size_of_val(&$module::moved_on([0; 1024]))),
            (
                "text_moved_away",
                size_of_val(&$module::text_moved_away(String::new())),
            ),
        ]
    };
}

#[track_caller]
fn assert_grown_by(most: usize, plain: &[(&str, usize)], annotated: &[(&str, usize)]) {
    for ((name, plain), (_, annotated)) in plain.iter().zip(annotated) {
        assert!(
            *annotated <= plain + most,
            "`{name}` has {annotated} bytes instead of {plain}"
        );
    }
}

#[test]
fn an_attribute_adds_a_few_words_whatever_the_future_holds() {
    let plain = sizes!(plain);
    assert_grown_by(AT_MOST, &plain, &sizes!(with_count));
    assert_grown_by(AT_MOST, &plain, &sizes!(with_time));
    assert_grown_by(AT_MOST, &plain, &sizes!(with_flight));
    assert_grown_by(AT_MOST, &plain, &sizes!(with_busy));
    assert_grown_by(AT_MOST, &plain, &sizes!(with_sample));
    assert_grown_by(AT_MOST, &plain, &sizes!(with_label));
    assert_grown_by(AT_MOST, &plain, &sizes!(with_result_label));
}

#[test]
fn each_further_attribute_adds_the_same_size() {
    let plain = sizes!(plain);
    assert_grown_by(2 * AT_MOST, &plain, &sizes!(with_two));
    assert_grown_by(3 * AT_MOST, &plain, &sizes!(with_three));
}

#[test]
fn an_argument_moved_before_the_first_await_is_not_stored_twice() {
    let plain = sizes_of_moves!(plain_moves);
    assert_grown_by(AT_MOST, &plain, &sizes_of_moves!(count_of_moves));
    assert_grown_by(AT_MOST, &plain, &sizes_of_moves!(time_of_moves));
    assert_grown_by(AT_MOST, &plain, &sizes_of_moves!(flight_of_moves));
    assert_grown_by(AT_MOST, &plain, &sizes_of_moves!(sample_of_moves));
    assert_grown_by(AT_MOST, &plain, &sizes_of_moves!(moves_with_result_label));
    assert_grown_by(2 * AT_MOST, &plain, &sizes_of_moves!(two_of_moves));
}

#[test]
fn ten_nested_calls_add_the_same_size_each() {
    let size = |of: usize| [("ten", of)];
    let plain = size(size_of_val(&plain_chain::ten([0; 32])));
    let counted = size(size_of_val(&chain_with_count::ten([0; 32])));
    let timed = size(size_of_val(&chain_with_time::ten([0; 32])));
    let both = size(size_of_val(&chain_with_two::ten([0; 32])));
    assert_grown_by(10 * AT_MOST, &plain, &counted);
    assert_grown_by(10 * AT_MOST, &plain, &timed);
    assert_grown_by(20 * AT_MOST, &plain, &both);
}

#[test]
fn an_empty_future_stays_small() {
    async fn plain() {}

    #[timed(busy)]
    async fn timed_as_busy() {}

    let size = |of: usize| [("nothing", of)];
    let (plain, annotated) = (size_of_val(&plain()), size_of_val(&timed_as_busy()));
    assert_grown_by(AT_MOST, &size(plain), &size(annotated));
}

#[test]
fn labels_do_not_store_an_argument_moved_before_the_first_await() {
    async fn plain(bytes: [u8; 1024], n: u8) -> u8 {
        let first = bytes[0] + n;
        yield_now().await;
        first
    }

    #[counted(labels(n))]
    async fn labelled(bytes: [u8; 1024], n: u8) -> u8 {
        let first = bytes[0] + n;
        yield_now().await;
        first
    }

    let size = |of: usize| [("moved", of)];
    let plain = size_of_val(&plain([0; 1024], 0));
    let annotated = size_of_val(&labelled([0; 1024], 0));
    assert_grown_by(AT_MOST, &size(plain), &size(annotated));
}
