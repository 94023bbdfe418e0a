//! Bounds on a label's values: what `#[allow_only(...)]` and `#[normalize(...)]` expand to.

use std::marker::PhantomData;

use crate::describe::label::Label;

/// The values that the label of number `AT` of a declared metric may have; the last is that of
/// all others, unless `OTHER` says which it is.
#[doc(hidden)]
pub trait AllowList<const AT: usize> {
    const VALUES: &'static [&'static str];
    const OTHER: usize;
}

/// A value that is on an allow-list: a closed label.
#[doc(hidden)]
pub struct Allowed<M, const AT: usize> {
    index: usize,
    list: PhantomData<fn() -> M>,
}

impl<M: AllowList<AT>, const AT: usize> Allowed<M, AT> {
    /// The value itself where it is on the list, else the one for all others.
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

/// What a normaliser makes of a value; that it is no label is said once, at the normaliser.
#[doc(hidden)]
#[inline(always)]
pub fn normalized<A, R: Label>(normalize: fn(A) -> R, value: A) -> impl Label {
    normalize(value)
}

/// The values that a normaliser returns, when its type knows them.
#[doc(hidden)]
pub const fn normalizer_values<A, R: Label>(_: fn(A) -> R) -> Option<&'static [&'static str]> {
    R::VALUES
}
