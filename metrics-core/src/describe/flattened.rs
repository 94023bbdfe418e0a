//! The labels of structs with `#[label(flatten)]`: their own and those of the structs in them.

use std::marker::PhantomData;

/// The values of a label, if they are a fixed set.
type Values = Option<&'static [&'static str]>;

/// The labels of each field of a struct, which the derive of `Labels` lists.
#[doc(hidden)]
pub trait LabelFields {
    const NAMES: &'static [&'static [&'static str]];
    const VALUE_SETS: &'static [&'static [Option<&'static [&'static str]>]];
}

/// The labels of all fields of `S` in one list.
#[doc(hidden)]
#[derive(Debug)]
pub struct Flattened<S>(PhantomData<S>);

impl<S: LabelFields> Flattened<S> {
    pub const NAMES: &'static [&'static str] = first(&Self::ALL_NAMES, count(S::NAMES));
    pub const VALUE_SETS: &'static [Option<&'static [&'static str]>] =
        first(&Self::ALL_VALUE_SETS, count(S::VALUE_SETS));

    // Longer than needed, because the length of an array cannot depend on `S`.
    const ALL_NAMES: [&'static str; MAX_LABELS] = joined(S::NAMES, "");
    const ALL_VALUE_SETS: [Values; MAX_LABELS] = joined(S::VALUE_SETS, None);
}

/// The most labels that a struct with flattened fields may have.
const MAX_LABELS: usize = 128;

/// The number of elements of all lists.
const fn count<T>(lists: &[&[T]]) -> usize {
    let mut count = 0;
    let mut i = 0;
    while i < lists.len() {
        count += lists[i].len();
        i += 1;
    }
    count
}

/// Concatenates all lists and fills the rest of the array with `fill`.
#[expect(
    clippy::manual_assert,
    reason = "the compiler's error would quote the assertion"
)]
const fn joined<T: Copy>(lists: &[&[T]], fill: T) -> [T; MAX_LABELS] {
    if count(lists) > MAX_LABELS {
        panic!("a struct with flattened labels may have at most 128 labels; remove some");
    }
    let mut all = [fill; MAX_LABELS];
    let mut len = 0;
    let mut i = 0;
    while i < lists.len() {
        let mut j = 0;
        while j < lists[i].len() {
            all[len] = lists[i][j];
            len += 1;
            j += 1;
        }
        i += 1;
    }
    all
}

const fn first<T>(list: &'static [T; MAX_LABELS], len: usize) -> &'static [T] {
    list.split_at(len).0
}
