//! [`Label`] for `Option`: a label that is absent for `None`.

use std::marker::PhantomData;

use crate::describe::label::{Label, empty_value, index_of};

/// Absent for `None`. Prometheus does not distinguish an absent label from an empty one, so
/// `Some("")` is the same value as `None`.
///
/// If `L` has a fixed set of values, `Option<L>` has one too: the values of `L`, preceded by the
/// empty value unless `L` has an empty value already.
///
/// ```
/// use metrics_core::{Format, Label, encode_to_string, metrics};
///
/// #[derive(Label, Clone, Copy)]
/// enum Plan { Free, Paid }
///
/// metrics! {
///     /// Visits.
///     static VISITS: Counter<(plan: Option<Plan>)> = "site_visits_total";
/// }
///
/// VISITS.with(None).inc();
/// VISITS.with(Some(Plan::Paid)).inc();
/// let text = encode_to_string(Format::Text);
/// assert!(text.contains("\nsite_visits_total 1\n"));
/// assert!(text.contains("\nsite_visits_total{plan=\"free\"} 0\n"));
/// assert!(text.contains("\nsite_visits_total{plan=\"paid\"} 1\n"));
/// # let _ = Plan::Free;
/// ```
impl<L: Label> Label for Option<L> {
    const VALUES: Option<&'static [&'static str]> = match L::VALUES {
        Some(values) if empty_value(L::VALUES).is_none() => Some(first(
            match values.len() {
                0..16 => Padded::<L, 16>::VALUES,
                16..256 => Padded::<L, 256>::VALUES,
                256..4096 => Padded::<L, 4096>::VALUES,
                _ => panic!(
                    "a closed label in an `Option` may have at most 4095 values; use an open label"
                ),
            },
            1 + values.len(),
        )),
        values => values,
    };

    #[inline]
    fn index(&self) -> usize {
        // The values of `L` move up by one if the empty value was put before them.
        let moved = const { L::VALUES.is_some() && empty_value(L::VALUES).is_none() };
        match self {
            Some(label) => index_of(label) + usize::from(moved),
            None => const { empty_value(L::VALUES) }.unwrap_or(0),
        }
    }

    #[inline(always)]
    fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        match self {
            Some(label) => label.with_str(with),
            None => with(""),
        }
    }
}

/// The empty value, then the values of `L`, in an array of length `N`. `N` may exceed the number of
/// values, because the length of an array cannot depend on a constant of `L`.
struct Padded<L, const N: usize>(PhantomData<L>);

impl<L: Label, const N: usize> Padded<L, N> {
    const VALUES: &'static [&'static str] = &Self::ARRAY;

    const ARRAY: [&'static str; N] = {
        let mut array = [""; N];
        let values: &[&str] = match L::VALUES {
            Some(values) => values,
            None => &[],
        };
        let mut i = 0;
        // `i + 1 < N`, because the compiler also evaluates arrays that are too short. These are not
        // used.
        while i < values.len() && i + 1 < N {
            array[i + 1] = values[i];
            i += 1;
        }
        array
    };
}

/// The first `len` values.
const fn first(values: &'static [&'static str], len: usize) -> &'static [&'static str] {
    values.split_at(len).0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A closed label, one of whose values is empty.
    struct Blank(usize);

    impl Label for Blank {
        const VALUES: Option<&'static [&'static str]> = Some(&["a", "", "b"]);

        fn index(&self) -> usize {
            self.0
        }

        fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
            with(["a", "", "b"][self.0])
        }
    }

    /// A closed label with `N` values.
    struct Many<const N: usize>;

    impl<const N: usize> Label for Many<N> {
        const VALUES: Option<&'static [&'static str]> = Some(&["x"; N]);

        fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
            with("x")
        }
    }

    #[test]
    fn the_values_of_an_optional_closed_label_are_the_empty_one_and_those_of_the_label() {
        assert_eq!(
            <Option<bool> as Label>::VALUES,
            Some(["", "false", "true"].as_slice())
        );
        assert_eq!(None::<bool>.index(), 0);
        assert_eq!(Some(false).index(), 1);
        assert_eq!(Some(true).index(), 2);
    }

    #[test]
    fn an_optional_label_has_one_empty_value() {
        let values = ["", "false", "true"].as_slice();
        assert_eq!(<Option<Option<bool>> as Label>::VALUES, Some(values));
        assert_eq!(None::<Option<bool>>.index(), 0);
        assert_eq!(Some(None::<bool>).index(), 0);
        assert_eq!(Some(Some(true)).index(), 2);

        assert_eq!(<Option<Blank> as Label>::VALUES, Blank::VALUES);
        assert_eq!(None::<Blank>.index(), 1);
        for index in 0..3 {
            assert_eq!(Some(Blank(index)).index(), index);
        }
    }

    #[test]
    fn an_optional_label_may_have_thousands_of_values() {
        fn count<L: Label>() -> usize {
            <Option<L> as Label>::VALUES.map_or(0, <[_]>::len)
        }
        assert_eq!(count::<Many<0>>(), 1);
        assert_eq!(count::<Many<15>>(), 16);
        assert_eq!(count::<Many<16>>(), 17);
        assert_eq!(count::<Many<255>>(), 256);
        assert_eq!(count::<Many<4095>>(), 4096);
    }

    #[test]
    fn an_optional_open_label_is_open() {
        assert_eq!(<Option<&str> as Label>::VALUES, None);
        assert_eq!(Some("a").with_str(str::to_owned), "a");
        assert_eq!(None::<&str>.with_str(str::to_owned), "");
    }
}
