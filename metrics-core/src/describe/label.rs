//! Labels: [`Label`] is one value, [`LabelSet`] the values of one series.

use std::{borrow::Cow, sync::Arc};

/// A label's value: one of a closed set, or open text.
///
/// Derive it for an enum whose variants are the values; `bool` is closed as well. Strings and
/// integers are open: a metric with an open label has a cap on its series.
///
/// ```
/// use metrics_core::Label;
///
/// #[derive(Label, Clone, Copy)]
/// enum Cache {
///     Hit,
///     #[label(rename = "not_found")]
///     Miss,
/// }
/// assert_eq!(Cache::VALUES, Some(["hit", "not_found"].as_slice()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a label",
    label = "neither text, an integer, `bool` nor an enum that derives `Label`"
)]
pub trait Label {
    /// Every value there is, when that is known at compile time.
    const VALUES: Option<&'static [&'static str]>;

    /// The position of this value in [`VALUES`](Self::VALUES); 0 for open labels.
    fn index(&self) -> usize {
        0
    }

    /// Calls `with` with the value as text.
    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R;
}

impl Label for bool {
    const VALUES: Option<&'static [&'static str]> = Some(&["false", "true"]);

    fn index(&self) -> usize {
        usize::from(*self)
    }

    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        with(if *self { "true" } else { "false" })
    }
}

impl Label for str {
    const VALUES: Option<&'static [&'static str]> = None;

    #[inline]
    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        with(self)
    }
}

macro_rules! text_labels {
    ($($type:ty),*) => {$(
        impl Label for $type {
            const VALUES: Option<&'static [&'static str]> = None;

            #[inline]
            fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
                with(self)
            }
        }
    )*};
}

text_labels!(String, Box<str>, Arc<str>, Cow<'_, str>);

impl<L: Label + ?Sized> Label for &L {
    const VALUES: Option<&'static [&'static str]> = L::VALUES;

    #[inline]
    fn index(&self) -> usize {
        L::index(self)
    }

    #[inline]
    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        L::with_str(self, with)
    }
}

macro_rules! integer_labels {
    ($($type:ty),*) => {$(
        impl Label for $type {
            const VALUES: Option<&'static [&'static str]> = None;

            #[inline]
            fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
                with(itoa::Buffer::new().format(*self))
            }
        }
    )*};
}

integer_labels!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize
);

/// The values of one series' labels, in the order in which the metric names them.
///
/// Tuples of [`Label`]s implement it, and structs by `#[derive(Labels)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of labels",
    label = "write a list such as `(name: {Self})`, or derive `Labels` for a struct"
)]
pub trait LabelSet {
    /// For each label its values, when they are known at compile time.
    const SETS: &'static [Option<&'static [&'static str]>];

    /// Calls `visit` for each label in turn.
    fn visit(&self, visitor: &mut impl LabelVisitor);
}

impl<S: LabelSet> LabelSet for &S {
    const SETS: &'static [Option<&'static [&'static str]>] = S::SETS;

    #[inline(always)]
    fn visit(&self, visitor: &mut impl LabelVisitor) {
        S::visit(self, visitor);
    }
}

/// A struct whose fields are labels; derive it.
///
/// ```
/// use metrics_core::{Label, Labels, metrics};
///
/// #[derive(Label, Clone, Copy)]
/// enum Method { Get, Post }
///
/// #[derive(Labels)]
/// struct Request<'a> {
///     method: Method,
///     #[label(rename = "path")]
///     route: &'a str,
/// }
///
/// metrics! {
///     /// Requests answered.
///     static REQUESTS: Counter<Request<'_>> = "api_requests_total";
/// }
///
/// REQUESTS.with(&Request { method: Method::Get, route: "/" }).inc();
/// # let _ = Method::Post;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of labels with names",
    label = "write a list such as `(name: {Self})`, or derive `Labels` for a struct"
)]
pub trait Labels: LabelSet {
    /// The labels' names.
    const NAMES: &'static [&'static str];
}

/// What [`LabelSet::visit`] shows each label to.
pub trait LabelVisitor {
    /// Takes the next label.
    fn label<L: Label>(&mut self, label: &L);
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: Label),*> LabelSet for ($($name,)*) {
            const SETS: &'static [Option<&'static [&'static str]>] = &[$($name::VALUES),*];

            #[inline(always)]
            #[allow(non_snake_case, unused_variables)]
            fn visit(&self, visitor: &mut impl LabelVisitor) {
                let ($($name,)*) = self;
                $(visitor.label($name);)*
            }
        }
    };
}

tuples!();
tuples!(A);
tuples!(A B);
tuples!(A B C);
tuples!(A B C D);
tuples!(A B C D E);
tuples!(A B C D E F);
tuples!(A B C D E F G);
tuples!(A B C D E F G H);
tuples!(A B C D E F G H I);
tuples!(A B C D E F G H I J);
tuples!(A B C D E F G H I J K);
tuples!(A B C D E F G H I J K M);

/// How many series a label set has, when all its labels are closed.
#[doc(hidden)]
pub const fn closed_series(sets: &[Option<&'static [&'static str]>]) -> Option<usize> {
    let mut product: usize = 1;
    let mut i = 0;
    while i < sets.len() {
        match sets[i] {
            Some(values) => product = product.saturating_mul(values.len()),
            None => return None,
        }
        i += 1;
    }
    Some(product)
}

/// The position of a series among all those of closed label sets.
#[inline(always)]
pub(crate) fn position<S: LabelSet>(labels: &S) -> usize {
    struct Position(usize);

    impl LabelVisitor for Position {
        #[inline(always)]
        fn label<L: Label>(&mut self, label: &L) {
            let count = L::VALUES.map_or(1, <[_]>::len);
            self.0 = self.0 * count + label.index();
        }
    }

    let mut position = Position(0);
    labels.visit(&mut position);
    position.0
}

/// The labels as words that are equal exactly when the labels are.
///
/// A closed label is its index. A text is two words: of up to 15 bytes, the first 8, the last 7
/// and, in the upper byte of the second word, their number; a longer one, its first 8 bytes and
/// its length under a mark. What is left of long texts follows behind all labels, in a [`LongKey`]
/// only.
///
/// How many words there are is a constant, so that they stay in registers: see [`key_words`].
#[derive(Debug)]
pub(crate) struct Key<const N: usize> {
    words: [u64; N],
    len: usize,
    short: bool,
}

/// The most bytes of a text that is a part of a [`Key`].
const SHORT: usize = 15;
/// Marks the length of a longer one.
const LONG: u64 = 0xff << 56;

/// Words of labels before the rest of long texts; 0 when that is not known at compile time.
pub(crate) const fn key_words(sets: &[Option<&'static [&'static str]>]) -> usize {
    let mut words = 0;
    let mut i = 0;
    while i < sets.len() {
        words += if sets[i].is_some() { 1 } else { 2 };
        i += 1;
    }
    words
}

/// Calls something with the [`Key`] of labels; `None` when a text is too long for it, or there are
/// too many labels.
macro_rules! with_key {
    ($set:ty, $labels:expr, |$key:ident| $call:expr) => {
        $crate::describe::label::with_key!(@ $set, $labels, $key, $call, 1 2 3 4 5 6 7 8 9 10 11 12)
    };
    (@ $set:ty, $labels:expr, $key:ident, $call:expr, $($words:literal)*) => {
        match const { $crate::describe::label::key_words(<$set>::SETS) } {
            $($words => $crate::describe::label::Key::<$words>::of($labels).and_then(
                #[inline(always)]
                |key| {
                    let $key = &key;
                    $call
                },
            ),)*
            _ => None,
        }
    };
}

pub(crate) use with_key;

impl<const N: usize> Key<N> {
    #[inline(always)]
    pub(crate) fn of(labels: &impl LabelSet) -> Option<[u64; N]> {
        let mut key = Key {
            words: [0; N],
            len: 0,
            short: true,
        };
        labels.visit(&mut key);
        key.short.then_some(key.words)
    }

    #[inline(always)]
    fn push(&mut self, word: u64) {
        if let Some(place) = self.words.get_mut(self.len) {
            *place = word;
            self.len += 1;
        }
    }
}

impl<const N: usize> LabelVisitor for Key<N> {
    #[inline(always)]
    fn label<L: Label>(&mut self, label: &L) {
        if L::VALUES.is_some() {
            return self.push(label.index() as u64);
        }
        label.with_str(
            #[inline(always)]
            |text| {
                let packed = packed_short(text.as_bytes());
                self.short &= packed.is_some();
                let [first, second] = packed.unwrap_or([0; 2]);
                self.push(first);
                self.push(second);
            },
        );
    }
}

/// The two words of a text.
#[inline(always)]
fn packed(bytes: &[u8]) -> [u64; 2] {
    match packed_short(bytes) {
        Some(words) => words,
        None => [eight(bytes, 0), LONG | bytes.len() as u64],
    }
}

/// The two words of a text that they hold as a whole.
#[inline(always)]
fn packed_short(bytes: &[u8]) -> Option<[u64; 2]> {
    let len = bytes.len();
    let [first, rest] = if (8..=SHORT).contains(&len) {
        // The last eight bytes overlap the first: the lowest of them is there already.
        [eight(bytes, 0), eight(bytes, len - 8) >> 8]
    } else if len > SHORT {
        return None;
    } else if len >= 4 {
        let last = u64::from(four(bytes, len - 4)) << 32;
        [u64::from(four(bytes, 0)) | last, 0]
    } else if len > 0 {
        let at = |at: usize| u64::from(bytes[at]) << (8 * at);
        [at(0) | at(len / 2) | at(len - 1), 0]
    } else {
        [0, 0]
    };
    Some([first, rest | (len as u64) << 56])
}

#[inline(always)]
fn eight(bytes: &[u8], at: usize) -> u64 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[inline(always)]
fn four(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// A [`Key`] of any length.
#[derive(Debug)]
pub(crate) struct LongKey {
    len: usize,
    inline: [u64; LongKey::INLINE],
    spilled: Vec<u64>,
    /// Whether it is the turn of what is left of long texts.
    rest: bool,
}

impl LongKey {
    /// Words that need no allocation.
    const INLINE: usize = 128;

    pub(crate) fn new(labels: &impl LabelSet) -> Self {
        let mut key = LongKey {
            len: 0,
            inline: [0; LongKey::INLINE],
            spilled: Vec::new(),
            rest: false,
        };
        labels.visit(&mut key);
        key.rest = true;
        labels.visit(&mut key);
        key
    }

    pub(crate) fn words(&self) -> &[u64] {
        if self.spilled.is_empty() {
            &self.inline[..self.len]
        } else {
            &self.spilled
        }
    }

    fn push(&mut self, word: u64) {
        if self.spilled.is_empty() {
            if let Some(place) = self.inline.get_mut(self.len) {
                *place = word;
                self.len += 1;
                return;
            }
            self.spilled.extend_from_slice(&self.inline);
        }
        self.spilled.push(word);
    }
}

impl LabelVisitor for LongKey {
    fn label<L: Label>(&mut self, label: &L) {
        if L::VALUES.is_some() {
            if !self.rest {
                self.push(label.index() as u64);
            }
            return;
        }
        label.with_str(|text| {
            let bytes = text.as_bytes();
            if !self.rest {
                let [first, second] = packed(bytes);
                self.push(first);
                self.push(second);
            } else if bytes.len() > SHORT {
                for chunk in bytes[8..].chunks(8) {
                    let mut word = [0; 8];
                    word[..chunk.len()].copy_from_slice(chunk);
                    self.push(u64::from_le_bytes(word));
                }
            }
        });
    }
}

/// The positions and texts of labels known at run time only.
pub(crate) struct Texts<'a>(pub(crate) &'a [&'a str]);

impl LabelSet for Texts<'_> {
    const SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        for text in self.0 {
            visitor.label(text);
        }
    }
}

/// The labels of the series that takes what goes beyond a metric's cap.
pub(crate) struct Overflow(pub(crate) usize);

/// The value of every label of an overflow series.
pub(crate) const OVERFLOW: &str = "overflow";

impl LabelSet for Overflow {
    const SETS: &'static [Option<&'static [&'static str]>] = &[];

    fn visit(&self, visitor: &mut impl LabelVisitor) {
        for _ in 0..self.0 {
            visitor.label(&OVERFLOW);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::label_text;

    fn key(labels: &impl LabelSet) -> Vec<u64> {
        LongKey::new(labels).words().to_vec()
    }

    #[test]
    fn short_keys_are_long_keys_of_a_known_length() {
        fn short<L: LabelSet>(labels: &L) -> Option<Vec<u64>> {
            with_key!(L, labels, |key| Some(key.to_vec()))
        }
        for len in 0..40 {
            let text = "x".repeat(len);
            let labels = (true, text.as_str(), 3_u8);
            let expected = (len <= SHORT).then(|| key(&labels));
            assert_eq!(short(&labels), expected, "{len}");
        }
    }

    #[test]
    fn keys_are_equal_exactly_when_the_labels_are() {
        assert_ne!(key(&("ab", "c")), key(&("a", "bc")));
        assert_ne!(key(&("a", "")), key(&("", "a")));
        assert_ne!(key(&("a\0",)), key(&("a",)));
        assert_eq!(key(&("a", 1_u8)), key(&("a", "1")));
        let texts: Vec<String> = (0..40).map(|len| "\u{1}".repeat(len)).collect();
        for (at, text) in texts.iter().enumerate() {
            for other in &texts[..at] {
                assert_ne!(key(&(text,)), key(&(other,)));
            }
            for flipped in 0..text.len() {
                let mut other = text.clone();
                other.replace_range(flipped..=flipped, "\u{2}");
                assert_ne!(key(&(text,)), key(&(other,)));
            }
        }
        let long = "x".repeat(1000);
        assert_eq!(key(&(long.as_str(),)), key(&(long.clone(),)));
        assert_ne!(key(&(long.as_str(),)), key(&(&long[1..],)));
    }

    #[test]
    fn positions_enumerate_the_product_of_closed_sets() {
        assert_eq!(closed_series(<(bool, bool)>::SETS), Some(4));
        assert_eq!(position(&(true, false)), 2);
        let mut out = String::new();
        let names = ["a", "b"];
        label_text::position(&mut out, names.into_iter(), <(bool, bool)>::SETS, 2);
        assert_eq!(out, r#"a="true",b="false""#);
    }
}
