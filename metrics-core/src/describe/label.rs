//! The traits of labels: [`Label`] for one value, [`LabelSet`] for the values of one series,
//! [`Labels`] for a struct of values.

use std::{borrow::Cow, sync::Arc};

/// The value of a label, closed or open.
///
/// A closed label has a fixed set of values, like `bool` or an enum that derives `Label`. Strings
/// and integers are open labels; a metric with an open label has a cardinality limit. An `Option`
/// is as open or closed as the label in it, and is absent for `None`.
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
    label = "a label is text, an integer, `bool` or an enum that derives `Label`; convert the value, or derive `Label`"
)]
pub trait Label {
    /// All values of a closed label, which differ from each other; `None` for an open one.
    const VALUES: Option<&'static [&'static str]>;

    /// The position of this value in [`VALUES`](Self::VALUES); 0 for an open label.
    ///
    /// A position beyond the last value counts as that of the last value.
    fn index(&self) -> usize {
        0
    }

    /// Calls `with` with the value as a string.
    ///
    /// The library holds no lock during the call, so that an implementation may record, even into
    /// the metric that has the label.
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

    #[inline(always)]
    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        with(self)
    }
}

macro_rules! text_labels {
    ($($type:ty),*) => {$(
        impl Label for $type {
            const VALUES: Option<&'static [&'static str]> = None;

            #[inline(always)]
            fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
                with(self)
            }
        }
    )*};
}

text_labels!(String, Box<str>, Arc<str>, Cow<'_, str>);

macro_rules! references {
    ($($reference:ty),*) => {$(
        impl<L: Label + ?Sized> Label for $reference {
            const VALUES: Option<&'static [&'static str]> = L::VALUES;

            #[inline(always)]
            fn index(&self) -> usize {
                L::index(self)
            }

            #[inline(always)]
            fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
                L::with_str(self, with)
            }
        }
    )*};
}

references!(&L, &mut L);

macro_rules! integer_labels {
    ($($type:ty),*) => {$(
        impl Label for $type {
            const VALUES: Option<&'static [&'static str]> = None;

            #[inline(always)]
            fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
                with(itoa::Buffer::new().format(*self))
            }
        }
    )*};
}

integer_labels!(
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize
);

/// The label values of one series, in the order in which the metric declares the labels.
///
/// Implemented by tuples of up to 12 [`Label`]s and by structs that derive [`Labels`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of labels",
    label = "write a list such as `(name: {Self})`, or derive `Labels` for a struct"
)]
pub trait LabelSet {
    /// The [`VALUES`](Label::VALUES) of each label.
    const VALUE_SETS: &'static [Option<&'static [&'static str]>];

    /// Passes each label to `visitor`, in order.
    fn visit(&self, visitor: &mut impl LabelVisitor);
}

impl<S: LabelSet> LabelSet for &S {
    const VALUE_SETS: &'static [Option<&'static [&'static str]>] = S::VALUE_SETS;

    #[inline(always)]
    fn visit(&self, visitor: &mut impl LabelVisitor) {
        S::visit(self, visitor);
    }
}

/// A struct whose fields are labels, with the names of the labels; derive it.
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
    /// The label names.
    const NAMES: &'static [&'static str];
}

/// Receives the labels that [`LabelSet::visit`] passes.
pub trait LabelVisitor {
    /// Receives the next label.
    fn label<L: Label>(&mut self, label: &L);
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: Label),*> LabelSet for ($($name,)*) {
            const VALUE_SETS: &'static [Option<&'static [&'static str]>] = &[$($name::VALUES),*];

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

/// The [`index`](Label::index) of a label, lowered to that of the last value, because the index
/// selects the cells of a series.
///
/// The index of a label with an empty list of values, as in a copy of a label set, is not lowered.
#[inline(always)]
pub(crate) fn index_of<L: Label>(label: &L) -> usize {
    match L::VALUES {
        Some([_, others @ ..]) => label.index().min(others.len()),
        _ => label.index(),
    }
}

/// Calls `with` with the text under which the value is exposed: the text that
/// [`VALUES`](Label::VALUES) has at the index of the label, or, if `VALUES` has none, that of
/// [`with_str`](Label::with_str).
///
/// The texts in `VALUES` take precedence because they all differ, as the indices do: series with
/// different indices are therefore never exposed with the same text.
pub(crate) fn with_exposed_str<L: Label, R>(label: &L, with: impl FnOnce(&str) -> R) -> R {
    match L::VALUES.and_then(|values| values.get(index_of(label))) {
        Some(value) => with(value),
        None => label.with_str(with),
    }
}

/// The position of the empty value in `values`, if there is one.
pub(crate) const fn empty_value(values: Option<&[&str]>) -> Option<usize> {
    let values = match values {
        Some(values) => values,
        None => &[],
    };
    let mut i = 0;
    while i < values.len() {
        if values[i].is_empty() {
            return Some(i);
        }
        i += 1;
    }
    None
}

/// The position of the first label whose values are not all different.
pub(crate) const fn label_with_equal_values(
    sets: &[Option<&'static [&'static str]>],
) -> Option<usize> {
    let mut label = 0;
    while label < sets.len() {
        let values: &[&str] = match sets[label] {
            Some(values) => values,
            None => &[],
        };
        let mut i = 0;
        while i < values.len() {
            let mut j = 0;
            while j < i {
                if is_equal(values[i].as_bytes(), values[j].as_bytes()) {
                    return Some(label);
                }
                j += 1;
            }
            i += 1;
        }
        label += 1;
    }
    None
}

pub(crate) const fn is_equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // Compares from the end, because values of equal length often differ in their last bytes.
    let mut i = a.len();
    while i > 0 {
        i -= 1;
        if a[i] != b[i] {
            return false;
        }
    }
    true
}

/// The number of combinations of these label values; `None` if a label has no fixed set of values.
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

/// The position of a label set among all combinations of its labels' values, if these are fixed.
#[inline(always)]
pub(crate) fn position<S: LabelSet>(labels: &S) -> usize {
    struct Position(usize);

    impl LabelVisitor for Position {
        #[inline(always)]
        fn label<L: Label>(&mut self, label: &L) {
            let count = L::VALUES.map_or(1, <[_]>::len);
            self.0 = self.0 * count + index_of(label);
        }
    }

    let mut position = Position(0);
    labels.visit(&mut position);
    position.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::label_text;

    #[test]
    fn a_position_enumerates_the_combinations_of_closed_labels() {
        assert_eq!(closed_series(<(bool, bool)>::VALUE_SETS), Some(4));
        assert_eq!(position(&(true, false)), 2);
        let mut out = String::new();
        let names = ["a", "b"];
        label_text::push_closed_labels(&mut out, names.into_iter(), <(bool, bool)>::VALUE_SETS, 2);
        assert_eq!(out, r#"a="true",b="false""#);
    }
}
