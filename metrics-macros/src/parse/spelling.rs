//! Spells tokens as text, without the superfluous spaces that `TokenStream::to_string` writes.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The tokens as text, such as `Vec<(String, u8)>`.
pub(super) fn spelled(tokens: TokenStream) -> String {
    let mut text = String::new();
    spell(&mut text, tokens);
    text
}

/// Writes tokens with spaces only after commas, colons and semicolons and between words.
fn spell(out: &mut String, tokens: TokenStream) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                out.push_str(open);
                spell(out, group.stream());
                out.push_str(close);
            }
            TokenTree::Punct(punct) => {
                // A single `:`, not one of the two in `::`.
                let is_colon = punct.as_char() == ':'
                    && punct.spacing() == Spacing::Alone
                    && !out.ends_with(':');
                out.push(punct.as_char());
                if is_colon || matches!(punct.as_char(), ',' | ';') {
                    out.push(' ');
                }
            }
            word => {
                let runs_on = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
                if runs_on {
                    out.push(' ');
                }
                out.push_str(&word.to_string());
            }
        }
    }
}
