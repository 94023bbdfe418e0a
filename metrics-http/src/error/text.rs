//! [`one_line`]: makes text from outside the program safe to write to a log.

/// Escapes unprintable characters and shortens the text to [`MAX_CHARS`].
///
/// For text that a client, a server or a user of the program has chosen: it must neither forge
/// lines of a log nor control a terminal, nor fill memory.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for (position, c) in text.chars().enumerate() {
        if position == MAX_CHARS {
            line.push('…');
            break;
        }
        match c {
            // `escape_debug` would escape these too.
            '\'' | '"' | '\\' => line.push(c),
            // Control characters, line separators, and those that change the direction of text.
            _ => line.extend(c.escape_debug()),
        }
    }
    line
}

/// The number of characters that are kept, before they are escaped.
const MAX_CHARS: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unprintable_characters_are_escaped() {
        assert_eq!(
            one_line("a\nb\u{1b}[31m\u{85}\u{202e}\u{2028}"),
            "a\\nb\\u{1b}[31m\\u{85}\\u{202e}\\u{2028}"
        );
    }

    #[test]
    fn printable_text_is_unchanged() {
        let text = r#"it's "Προμηθεύς" in C:\metrics 🦀"#;
        assert_eq!(one_line(text), text);
    }

    #[test]
    fn a_long_text_is_shortened() {
        let line = one_line(&"é".repeat(10_000));
        assert_eq!(line, "é".repeat(MAX_CHARS) + "…");
    }
}
