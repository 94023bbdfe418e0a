//! Tests that annotated functions and declarations compile as without the macro: with the same
//! inference, coercions, `cfg` attributes and lints. Most of these tests only have to compile.

#![deny(
    unfulfilled_lint_expectations,
    clippy::implicit_return,
    clippy::needless_return
)]

use std::{
    error::Error,
    fmt::{self, Debug},
    iter,
};

use metrics_core::{counted, in_flight, metrics, timed};
use tests::{calls, in_progress, run};

#[test]
#[allow(
    clippy::implicit_return,
    clippy::unnecessary_wraps,
    reason = "not the subject"
)]
fn a_result_coerces_to_the_declared_type_although_that_contains_impl() {
    #[counted]
    fn numbers(fails: bool) -> Result<impl Iterator<Item = u8>, Box<dyn Error>> {
        match u8::from(fails) {
            0 => Ok(iter::once(1)),
            _ => Err(Box::new(fmt::Error)),
        }
    }

    #[counted]
    fn bytes() -> Result<(impl Debug, &'static [u8]), ()> {
        Ok((1, &[1, 2]))
    }

    #[counted]
    fn tail(text: &str) -> Result<(impl Debug, &str), ()> {
        Ok((1, &text[1..]))
    }

    assert!(numbers(true).is_err());
    assert_eq!(numbers(false).unwrap().sum::<u8>(), 1);
    assert_eq!(bytes().unwrap().1, [1, 2]);
    assert_eq!(tail("abc").unwrap().1, "bc");
    assert_eq!(calls("numbers"), "ok 1, error 1, panic 0");
    assert_eq!(calls("tail"), "ok 1, error 0, panic 0");
}

#[test]
#[allow(
    clippy::implicit_return,
    clippy::unused_async,
    reason = "not the subject"
)]
fn the_parameters_of_a_returned_closure_are_inferred_from_the_declared_bound() {
    #[counted]
    async fn measure() -> impl Fn(&str) -> usize {
        |text| text.len()
    }

    #[counted(labels(on_return(large: bool = |_| false)))]
    fn measure_now() -> impl Fn(&str) -> usize {
        |text| text.len()
    }

    assert_eq!(run(measure())("abc"), 3);
    assert_eq!(measure_now()("abc"), 3);
    assert_eq!(calls("measure"), "ok 1, panic 0, cancelled 0");
}

struct Pair {
    a: u8,
}

#[test]
#[allow(
    clippy::implicit_return,
    clippy::unused_async,
    clippy::unnecessary_wraps,
    reason = "not the subject"
)]
fn arguments_that_cfg_removes_are_left_out() {
    #[counted(labels(b))]
    fn sync(#[cfg(any())] a: u8, b: u8) -> Result<u8, u8> {
        Ok(b)
    }

    #[counted]
    #[must_use]
    async fn in_a_future(#[cfg(any())] a: u8, b: u8) -> u8 {
        b
    }

    #[counted(labels(b))]
    fn in_a_pattern(
        Pair {
            #[cfg(any())]
            z,
            a,
        }: Pair,
        b: u8,
    ) -> Result<u8, u8> {
        Ok(a + b)
    }

    #[counted(labels(b))]
    fn by_platform(#[cfg(any())] b: u8, #[cfg(not(any()))] b: u16) -> Result<u16, ()> {
        Ok(b)
    }

    assert_eq!(sync(2), Ok(2));
    assert_eq!(run(in_a_future(2)), 2);
    assert_eq!(in_a_pattern(Pair { a: 1 }, 2), Ok(3));
    assert_eq!(by_platform(300), Ok(300));
    assert_eq!(calls("by_platform"), "300 ok 1, 300 error 0, 300 panic 0");
}

#[test]
#[allow(
    clippy::implicit_return,
    clippy::unused_async,
    clippy::unnecessary_wraps,
    reason = "not the subject"
)]
fn a_label_may_be_a_variable_of_a_pattern() {
    struct Path<T>(T);

    #[counted(labels(id))]
    async fn show(Path(id): Path<u32>) -> u32 {
        id
    }

    #[counted(labels(id))]
    fn show_now(Path(id): Path<u32>) -> Result<u32, ()> {
        Ok(id)
    }

    assert_eq!(run(show(Path(7))), 7);
    assert_eq!(show_now(Path(8)), Ok(8));
    assert_eq!(calls("show"), "7 ok 1, 7 panic 0, 7 cancelled 0");
    assert_eq!(calls("show_now"), "8 ok 1, 8 error 0, 8 panic 0");
}

#[test]
#[allow(
    clippy::implicit_return,
    clippy::unused_async,
    clippy::unnecessary_wraps,
    reason = "not the subject"
)]
fn a_label_may_be_an_argument_that_the_body_changes() {
    #[counted(labels(user))]
    fn rename(user: &mut String) {
        user.push('!');
    }

    #[counted(labels(user))]
    async fn rename_later(user: &mut String) -> Result<&str, ()> {
        user.push('?');
        Ok(user)
    }

    let mut user = "ada".to_owned();
    rename(&mut user);
    assert_eq!(run(rename_later(&mut user)), Ok("ada!?"));
    assert_eq!(calls("rename"), "ada ok 1, ada panic 0");
    assert_eq!(
        calls("rename_later"),
        "ada! ok 1, ada! error 0, ada! panic 0, ada! cancelled 0"
    );
}

macro_rules! counter_by {
    ($type:ty) => {
        metrics! {
            /// Things.
            static BY_FRAGMENT: Counter<(label: $type)> = "compiler_fragments_total";
        }
    };
}

counter_by!(String);

metrics! {
    /// Things.
    static BY_KEYWORD: Counter<(gen: u32, r#type: u8)> = "compiler_keywords_total";
}

#[test]
fn a_label_may_be_a_keyword_of_a_later_edition() {
    BY_KEYWORD.with(1, 2).inc();
    assert_eq!(BY_KEYWORD.with(1, 2).get(), 1);
}

#[test]
fn a_string_label_takes_a_borrow_although_a_macro_passes_its_type() {
    BY_FRAGMENT.with("x").inc();
    assert_eq!(BY_FRAGMENT.with("x").get(), 1);
}

/// Functions that satisfy `clippy::implicit_return`, which this file denies.
mod explicit {
    #![allow(
        clippy::needless_return,
        reason = "functions without branches return explicitly as well"
    )]

    use std::{future::Future, pin::Pin};

    use super::{counted, in_flight, timed};

    #[counted]
    pub(super) fn checked(n: u8) -> Result<u8, u8> {
        if n > 0 {
            return Ok(n);
        }
        return Err(n);
    }

    #[counted]
    #[in_flight]
    pub(super) async fn awaited(n: u8) -> Result<u8, u8> {
        return checked(n);
    }

    #[timed(labels(n))]
    #[must_use]
    pub(super) async fn labelled(n: u8) -> Option<u8> {
        return checked(n).ok();
    }

    #[counted]
    pub(super) fn boxed(n: u8) -> Pin<Box<dyn Future<Output = u8>>> {
        return Box::pin(async move {
            return n;
        });
    }
}

#[test]
fn a_body_may_return_explicitly() {
    assert_eq!(explicit::checked(0), Err(0));
    assert_eq!(run(explicit::awaited(1)), Ok(1));
    assert_eq!(run(explicit::labelled(1)), Some(1));
    assert_eq!(run(explicit::boxed(1)), 1);
    assert_eq!(in_progress("awaited"), "0");
}

/// Functions that expect lints about the form of a function, which the attribute changes.
mod expected {
    #![allow(clippy::implicit_return, reason = "not the subject")]

    use super::{counted, timed};

    #[timed]
    #[expect(
        clippy::unused_async,
        clippy::unnecessary_wraps,
        reason = "an interface"
    )]
    pub(super) async fn unused_async() -> Result<u8, u8> {
        Ok(1)
    }

    #[counted]
    #[expect(clippy::needless_pass_by_value)]
    pub(super) fn by_value(text: String) -> Result<usize, usize> {
        if text.is_empty() {
            Err(0)
        } else {
            Ok(text.len())
        }
    }

    #[counted]
    #[expect(clippy::only_used_in_recursion)]
    pub(super) fn depth(of: u8, n: u8) -> Result<u8, u8> {
        match n {
            0 => Err(n),
            1 => Ok(n),
            _ => depth(of, n - 1),
        }
    }

    #[timed]
    #[cfg_attr(all(), expect(clippy::only_used_in_recursion))]
    pub(super) fn conditional(of: u8, n: u8) -> Option<u8> {
        match n {
            0 => None,
            1 => Some(n),
            _ => conditional(of, n - 1),
        }
    }

    pub(super) struct Block;

    #[counted]
    #[expect(clippy::only_used_in_recursion, clippy::unused_self)]
    impl Block {
        pub(super) fn depth(&self, n: u8) -> Result<u8, u8> {
            match n {
                0 => Err(n),
                1 => Ok(n),
                _ => self.depth(n - 1),
            }
        }
    }

    pub(super) struct Unused;

    impl Unused {
        #[counted]
        #[expect(clippy::unused_self)]
        pub(super) fn half(&self, n: u8) -> Option<u8> {
            n.checked_div(2)
        }
    }

    #[counted]
    #[inline(always)]
    #[expect(clippy::inline_always)]
    pub(super) fn inlined(n: u8) -> Result<u8, u8> {
        if n == 0 { Err(n) } else { Ok(n) }
    }
}

#[test]
fn a_lint_that_the_attribute_hides_may_be_expected() {
    assert_eq!(run(expected::unused_async()), Ok(1));
    assert_eq!(expected::by_value("a".to_owned()), Ok(1));
    assert_eq!(expected::Unused.half(4), Some(2));
    assert_eq!(expected::inlined(1), Ok(1));
    assert_eq!(expected::depth(0, 2), Ok(1));
    assert_eq!(expected::conditional(0, 2), Some(1));
    assert_eq!(expected::Block.depth(2), Ok(1));
}
