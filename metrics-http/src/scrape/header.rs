//! Parses request headers: comma-separated lists, parameters, quality values (RFC 9110).

use hyper::{HeaderMap, header::HeaderName};

/// The scraper's own timeout, in seconds.
pub(super) const SCRAPE_TIMEOUT: HeaderName =
    HeaderName::from_static("x-prometheus-scrape-timeout-seconds");

/// All lines of a header, joined into one list; a line that is not visible ASCII is skipped.
pub(crate) fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// The non-empty elements of a comma-separated header.
pub(super) fn elements(header: &str) -> impl Iterator<Item = &str> {
    split(header, ',').filter(|element| !element.trim().is_empty())
}

/// Splits at a delimiter, except inside a quoted string.
pub(super) fn split(text: &str, delimiter: char) -> impl Iterator<Item = &str> + Clone {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |c| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '\\' if is_quoted => is_escaped = !was_escaped,
            '"' if !was_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        c == delimiter && !is_quoted
    })
}

/// The quality value among an element's parameters: 1 if absent, `None` if malformed.
pub(super) fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> Option<f32> {
    let Some(value) = parameters.find_map(|text| parameter(text, "q")) else {
        return Some(1.0);
    };
    let quality = value.parse().ok()?;
    (0.0..=1.0).contains(&quality).then_some(quality)
}

/// The value of a `name=value` parameter, if it has this name.
pub(super) fn parameter<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (found, value) = text.split_once('=')?;
    found
        .trim()
        .eq_ignore_ascii_case(name)
        .then(|| value.trim())
}

/// A parameter's value with quotes and escapes removed.
pub(super) fn unquoted(value: &str) -> String {
    let Some(inner) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}
