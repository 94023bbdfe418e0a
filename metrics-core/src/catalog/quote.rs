//! Quotes strings for PromQL and YAML.

use std::fmt::Write;

/// Quotes a string so that both `PromQL` (which has Go's escapes) and YAML 1.2 (section 7.3.1)
/// read it back unchanged.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            // Escapes characters that are not printable (YAML 1.2, section 5.1), and line breaks of
            // YAML 1.1.
            c if c.is_control()
                || matches!(
                    c,
                    '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                ) =>
            {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_quotes_and_line_breaks_are_escaped() {
        assert_eq!(
            quoted("a: \"b\" \\ #c\n\u{7}\u{85}\u{2028}é"),
            r#""a: \"b\" \\ #c\n\u0007\u0085\u2028é""#
        );
    }
}
