//! Renders label sets as text, such as `a="1",b="2"`, and parses this text where names or values
//! are needed.

use std::borrow::Cow;

use crate::describe::{
    escaping,
    escaping::{Escaping, SCHEMES},
    label::{Label, LabelSet, LabelVisitor, with_exposed_str},
    name,
};

/// Appends labels given as pairs of name and value.
pub(crate) fn push_pairs<N: AsRef<str>, V: AsRef<str>>(out: &mut String, pairs: &[(N, V)]) {
    for (name, value) in pairs {
        push_label(out, name.as_ref(), value.as_ref());
    }
}

/// Appends `name="value"`, after a comma unless it is the first. Appends nothing if the value is
/// empty, because such a label counts as absent.
///
/// A name that does not match `[a-zA-Z_][a-zA-Z0-9_]*` is quoted: `"http.method"="GET"`.
/// [`push_escaped`] rewrites such names for scrapers that do not accept quoted names.
pub(crate) fn push_label(out: &mut String, name: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push(',');
    }
    if name::is_legacy_label(name) {
        out.push_str(name);
    } else {
        escaping::push_quoted(out, name);
    }
    out.push_str("=\"");
    escaping::push_escaped_value(out, value);
    out.push('"');
}

/// Appends rendered labels, after a comma if `out` has labels already.
pub(crate) fn push_rendered(out: &mut String, labels: &str) {
    if !out.is_empty() && !labels.is_empty() {
        out.push(',');
    }
    out.push_str(labels);
}

/// Appends rendered labels with their names escaped.
pub(crate) fn push_escaped(labels: &str, escaping: Escaping, out: &mut String) {
    if escaping == Escaping::AllowUtf8 {
        out.push_str(labels);
        return;
    }
    for (at, (name, value)) in raw(labels).enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&escaping::label_name(&unquoted(name), escaping));
        out.push_str("=\"");
        out.push_str(value);
        out.push('"');
    }
}

/// Rendered labels in the order of their names, so that equal label sets have equal texts.
pub(crate) fn sorted(labels: &str) -> String {
    let mut pairs: Vec<_> = raw(labels).collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    pairs.join(",")
}

/// Texts that identify a label set without escaping and under each escaping scheme. Two label sets
/// have one of these texts in common if and only if some scheme writes them alike.
pub(crate) fn identities(labels: &str) -> [String; 4] {
    let written = |scheme| {
        let mut escaped = String::new();
        push_escaped(labels, scheme, &mut escaped);
        // Begins with the scheme, so that texts of different schemes differ.
        format!("{scheme:?},{}", sorted(&escaped))
    };
    let [underscores, dots, values] = SCHEMES.map(written);
    [written(Escaping::AllowUtf8), underscores, dots, values]
}

/// Appends the labels of a set, with these names.
pub(crate) fn push_label_set<'n>(
    out: &mut String,
    names: impl Iterator<Item = &'n str>,
    labels: &impl LabelSet,
) {
    struct Renderer<'a, N>(&'a mut String, N);

    impl<'n, N: Iterator<Item = &'n str>> LabelVisitor for Renderer<'_, N> {
        fn label<L: Label>(&mut self, value: &L) {
            if let Some(name) = self.1.next() {
                with_exposed_str(value, |value| push_label(self.0, name, value));
            }
        }
    }

    labels.visit(&mut Renderer(out, names));
}

/// Appends the labels of the series at `position` of a metric whose label values are known at
/// compile time.
///
/// `sets` are the values of each label. Positions number the combinations of values; the value of
/// the last label changes from each position to the next.
pub(crate) fn push_closed_labels<'n>(
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
            push_label(out, name, value);
        }
    }
}

/// The labels of one series, in order.
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
    /// A view of labels that [`push_label`] has written.
    pub(crate) fn new(rendered: &'a str) -> Self {
        LabelView(rendered)
    }

    /// The labels as in the text formats, without braces: `a="1",b="2"`.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// The value of a label; `None` if it is absent or empty.
    pub fn get(self, name: &str) -> Option<Cow<'a, str>> {
        self.iter()
            .find_map(|(label, value)| (label == name).then_some(value))
    }

    /// The names and values of all labels.
    pub fn iter(self) -> impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)> {
        raw(self.0).map(|(name, value)| (unquoted(name), unescape(value)))
    }
}

/// Names and values, still escaped: names with their quotes if they have any, values without.
fn raw(labels: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = labels;
    std::iter::from_fn(move || {
        let name_end = match rest.strip_prefix('"') {
            // Adds 2 for both quotes.
            Some(quoted) => closing_quote(quoted) + 2,
            None => rest.find('=')?,
        };
        let (name, after) = rest.split_at_checked(name_end)?;
        let after = after.strip_prefix("=\"")?;
        let (value, after) = after.split_at(closing_quote(after));
        let after = after.strip_prefix('"').unwrap_or(after);
        rest = after.strip_prefix(',').unwrap_or(after);
        Some((name, value))
    })
}

/// A name without quotes and escapes.
fn unquoted(name: &str) -> Cow<'_, str> {
    let inner = name
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.map_or(Cow::Borrowed(name), unescape)
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
    fn a_rendered_value_is_parsed_back_unchanged() {
        let value = "a\"b\\c\nd,e=\"☃";
        let mut out = String::new();
        push_label(&mut out, "x", value);
        push_label(&mut out, "y", "2");
        let view = LabelView::new(&out);
        assert_eq!(view.get("x").as_deref(), Some(value));
        assert_eq!(view.get("y").as_deref(), Some("2"));
        assert_eq!(view.iter().count(), 2);
    }

    #[test]
    fn a_name_with_other_characters_is_quoted() {
        let mut out = String::new();
        push_label(&mut out, "http.method", "GET");
        push_label(&mut out, "plain", "1");
        push_label(&mut out, "a:b", "2");
        assert_eq!(out, r#""http.method"="GET",plain="1","a:b"="2""#);
        let view = LabelView::new(&out);
        assert_eq!(view.get("http.method").as_deref(), Some("GET"));
        assert_eq!(view.get("plain").as_deref(), Some("1"));
    }

    #[test]
    fn any_names_and_values_are_parsed_back_unchanged() {
        const PARTS: [&str; 17] = [
            "\"", "\\", "\n", ",", "=", "=\"", "\",", "\",\"", "{", "}", "_", "a", "9", ".", "é",
            "花", "\0",
        ];
        // A xorshift generator: the same cases each time.
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        for _ in 0..5_000 {
            let mut text = || -> String {
                let len = 1 + random(5);
                (0..len)
                    .map(|_| match random(PARTS.len() + 4) {
                        at if at < PARTS.len() => PARTS[at].to_owned(),
                        _ => char::from_u32(random(0x11_0000) as u32)
                            .unwrap_or('☃')
                            .to_string(),
                    })
                    .collect()
            };
            let labels: Vec<(String, String)> = (0..3).map(|_| (text(), text())).collect();
            let mut out = String::new();
            push_pairs(&mut out, &labels);
            let back: Vec<(String, String)> = LabelView::new(&out)
                .iter()
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
            assert_eq!(back, labels);

            let mut escaped = String::new();
            push_escaped(&out, Escaping::Values, &mut escaped);
            let of_escaped: Vec<(String, String)> = LabelView::new(&escaped)
                .iter()
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
            let expected: Vec<(String, String)> = labels
                .iter()
                .map(|(name, value)| {
                    let name = escaping::label_name(name, Escaping::Values);
                    (name.into_owned(), value.clone())
                })
                .collect();
            assert_eq!(of_escaped, expected);
        }
    }

    #[test]
    fn names_are_escaped_in_each_scheme() {
        let labels = r#""http.method"="a,\"b\"=",plain_one="1","a\"b"="\n""#;
        let under = |escaping| {
            let mut out = String::new();
            push_escaped(labels, escaping, &mut out);
            out
        };
        assert_eq!(
            under(Escaping::Underscores),
            r#"http_method="a,\"b\"=",plain_one="1",a_b="\n""#,
        );
        assert_eq!(
            under(Escaping::Dots),
            r#"http_dot_method="a,\"b\"=",plain__one="1",a__b="\n""#,
        );
        assert_eq!(
            under(Escaping::Values),
            r#"U__http_2e_method="a,\"b\"=",plain_one="1",U__a_22_b="\n""#,
        );
        assert_eq!(under(Escaping::AllowUtf8), labels);
    }
}
