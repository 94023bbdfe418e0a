//! Labels as text: rendered once, when a series is born, and read back where they are shown.

use std::borrow::Cow;

use crate::label::{Label, LabelSet, Visitor};

/// Renders labels given as pairs.
pub(crate) fn pairs<N: AsRef<str>, V: AsRef<str>>(out: &mut String, pairs: &[(N, V)]) {
    for (name, value) in pairs {
        label(out, name.as_ref(), value.as_ref());
    }
}

/// Writes `name="value"`, escaped as both text formats have it, a comma before it unless it is
/// the first. A label without value is a label that is absent.
pub(crate) fn label(out: &mut String, name: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push(',');
    }
    out.push_str(name);
    out.push_str("=\"");
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// How long the values of a series' labels are, for formats that write labels otherwise than
/// text: they need not search for the values then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lens([u8; Lens::MOST]);

impl Lens {
    /// Of so many labels it is known.
    pub(crate) const MOST: usize = 4;
    const UNKNOWN: Self = Lens([u8::MAX; Lens::MOST]);

    /// Of the labels of a set.
    pub(crate) fn of(labels: &impl LabelSet) -> Self {
        struct Measure(Lens, usize);

        impl Visitor for Measure {
            fn label<L: Label>(&mut self, value: &L) {
                let Measure(Lens(lens), at) = self;
                value.with_str(|value| {
                    let as_it_is = !value.contains(['\\', '"', '\n']);
                    let len = u8::try_from(value.len()).ok();
                    match (lens.get_mut(*at), len) {
                        (Some(place), Some(len)) if as_it_is && len < u8::MAX => *place = len,
                        _ => *at = Lens::MOST + 1,
                    }
                });
                *at = at.saturating_add(1);
            }
        }

        let mut measure = Measure(Lens::default(), 0);
        labels.visit(&mut measure);
        match measure {
            Measure(lens, ..=Lens::MOST) => lens,
            _ => Lens::UNKNOWN,
        }
    }

    /// The lengths, 0 for a label that is absent; `None` when a value is long or has escapes in
    /// it, or there are too many.
    #[inline(always)]
    pub(crate) fn known(self) -> Option<[u8; Lens::MOST]> {
        (self != Lens::UNKNOWN).then_some(self.0)
    }
}

impl Default for Lens {
    /// Those of no labels.
    fn default() -> Self {
        Lens([0; Lens::MOST])
    }
}

/// Renders all labels of a set under these names.
pub(crate) fn set<'n>(
    out: &mut String,
    names: impl Iterator<Item = &'n str>,
    labels: &impl LabelSet,
) {
    struct Renderer<'a, N>(&'a mut String, N);

    impl<'n, N: Iterator<Item = &'n str>> Visitor for Renderer<'_, N> {
        fn label<L: Label>(&mut self, value: &L) {
            if let Some(name) = self.1.next() {
                value.with_str(|value| label(self.0, name, value));
            }
        }
    }

    labels.visit(&mut Renderer(out, names));
}

/// Renders the labels of the series at `position` of closed sets.
pub(crate) fn position<'n>(
    out: &mut String,
    names: impl Iterator<Item = &'n str>,
    sets: &[Option<&'static [&'static str]>],
    mut position: usize,
) {
    let mut indices = vec![0; sets.len()];
    for (index, set) in indices.iter_mut().zip(sets).rev() {
        let count = set.map_or(1, <[_]>::len).max(1);
        *index = position % count;
        position /= count;
    }
    for ((name, set), index) in names.zip(sets).zip(indices) {
        if let Some(value) = set.and_then(|values| values.get(index)) {
            label(out, name, value);
        }
    }
}

/// The labels of one series, as [`retain`](crate::Counter) and gathered data show them.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Bytes sent.
///     static SENT: Counter<(peer: &str)> = "net_sent_bytes_total";
/// }
///
/// SENT.with("a").inc();
/// SENT.with("b").inc();
/// SENT.retain(|labels| labels.get("peer").as_deref() == Some("b"));
/// assert_eq!(SENT.with("a").get(), 0);
/// assert_eq!(SENT.with("b").get(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LabelView<'a>(&'a str);

impl<'a> LabelView<'a> {
    /// From labels as [`label`] writes them.
    pub(crate) fn new(rendered: &'a str) -> Self {
        LabelView(rendered)
    }

    /// The labels as an exposition shows them, without braces: `a="1",b="2"`.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// The value of a label, `None` when it is absent or empty.
    pub fn get(self, name: &str) -> Option<Cow<'a, str>> {
        self.iter()
            .find_map(|(label, value)| (label == name).then_some(value))
    }

    /// Names and values, in order.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (name, after) = rest.split_once("=\"")?;
            let end = closing_quote(after);
            let (value, after) = after.split_at(end);
            let after = after.strip_prefix('"').unwrap_or(after);
            rest = after.strip_prefix(',').unwrap_or(after);
            Some((name, unescape(value)))
        })
    }
}

fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    text.len()
}

fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some(c) => c,
                None => '\\',
            },
            c => c,
        });
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rendered_value_is_read_back_as_it_was() {
        let value = "a\"b\\c\nd,e=\"☃";
        let mut out = String::new();
        label(&mut out, "x", value);
        label(&mut out, "y", "2");
        let view = LabelView::new(&out);
        assert_eq!(view.get("x").as_deref(), Some(value));
        assert_eq!(view.get("y").as_deref(), Some("2"));
        assert_eq!(view.iter().count(), 2);
    }
}
