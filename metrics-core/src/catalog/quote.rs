//! Texts in double quotes.

use std::fmt::Write;

/// A text in double quotes that means itself in `PromQL`, whose escapes are those of Go, and in
/// YAML 1.2, by its chapter 7.3.1.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            // What is not printable, by chapter 5.1, or would be a line's end in YAML 1.1.
            c if c.is_control()
                || matches!(
                    c,
                    '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                ) =>
            {
                // To a string it cannot fail.
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
    fn any_text_means_itself() {
        assert_eq!(
            quoted("a: \"b\" \\ #c\n\u{7}\u{85}\u{2028}é"),
            r#""a: \"b\" \\ #c\n\u0007\u0085\u2028é""#
        );
    }
}
