//! Types and functions that the expansions of `#[allow_only(...)]` and `#[normalize(...)]` on a
//! label use.

use std::marker::PhantomData;

use crate::describe::label::Label;

/// The allow-list of the label at position `AT` of a declared metric.
///
/// `OTHER` is the position in `VALUES` of the value that replaces all values not on the list.
#[doc(hidden)]
pub trait AllowList<const AT: usize> {
    const VALUES: &'static [&'static str];
    const OTHER: usize;
}

/// A label value from an allow-list, which is a fixed set of values.
#[doc(hidden)]
pub struct Allowed<M, const AT: usize> {
    index: usize,
    list: PhantomData<fn() -> M>,
}

impl<M: AllowList<AT>, const AT: usize> Allowed<M, AT> {
    /// `value` if it is on the list, otherwise the replacement.
    #[inline]
    pub fn new(value: &(impl Label + ?Sized)) -> Self {
        let find = |text: &str| M::VALUES.iter().position(|allowed| *allowed == text);
        Allowed {
            index: value.with_str(find).unwrap_or(M::OTHER),
            list: PhantomData,
        }
    }
}

impl<M: AllowList<AT>, const AT: usize> Label for Allowed<M, AT> {
    const VALUES: Option<&'static [&'static str]> = Some(M::VALUES);

    #[inline]
    fn index(&self) -> usize {
        self.index
    }

    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        with(M::VALUES[self.index])
    }
}

/// Calls the function of `#[normalize(...)]`.
///
/// `value` need not be a label; only the function's result must be one.
#[doc(hidden)]
#[inline(always)]
pub fn normalized<A, R: Label>(normalize: fn(A) -> R, value: A) -> impl Label {
    normalize(value)
}

/// The values of the label type that the function of `#[normalize(...)]` returns; `None` if they
/// are not a fixed set.
#[doc(hidden)]
pub const fn normalizer_values<A, R: Label>(_: fn(A) -> R) -> Option<&'static [&'static str]> {
    R::VALUES
}
