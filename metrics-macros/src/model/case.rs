//! Converts identifiers to a case such as `kebab-case`: for `rename_all`, for the default values of
//! a derived `Label`, and for metric names that are derived from the name of a static.

use proc_macro2::Ident;
use syn::ext::IdentExt;

/// A case of `rename_all`.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    separator: &'static str,
    /// The case of the first letter of the name.
    first: Letters,
    /// The case of the first letters of the other words.
    initial: Letters,
    /// The case of the remaining letters.
    rest: Letters,
}

#[derive(Clone, Copy)]
enum Letters {
    Lower,
    Upper,
}

impl Case {
    /// The default case of the values of a derived `Label`, and the case of derived metric names.
    pub(crate) const SNAKE: Case = Case::new("_", Letters::Lower, Letters::Lower, Letters::Lower);

    const fn new(separator: &'static str, first: Letters, initial: Letters, rest: Letters) -> Case {
        Case {
            separator,
            first,
            initial,
            rest,
        }
    }

    /// The case that serde calls `name`.
    pub(crate) fn named(name: &str) -> Option<Case> {
        use Letters::{Lower, Upper};

        Some(match name {
            "snake_case" => Case::SNAKE,
            "kebab-case" => Case::new("-", Lower, Lower, Lower),
            "lowercase" => Case::new("", Lower, Lower, Lower),
            "UPPERCASE" => Case::new("", Upper, Upper, Upper),
            "SCREAMING_SNAKE_CASE" => Case::new("_", Upper, Upper, Upper),
            "SCREAMING-KEBAB-CASE" => Case::new("-", Upper, Upper, Upper),
            "camelCase" => Case::new("", Lower, Upper, Lower),
            "PascalCase" => Case::new("", Upper, Upper, Lower),
            _ => return None,
        })
    }

    pub(crate) fn apply(self, name: &Ident) -> String {
        let mut out = String::new();
        for (word_index, word) in words(&name.unraw().to_string()).iter().enumerate() {
            if word_index > 0 {
                out.push_str(self.separator);
            }
            for (index, letter) in word.chars().enumerate() {
                let letters = match (word_index, index) {
                    (0, 0) => self.first,
                    (_, 0) => self.initial,
                    _ => self.rest,
                };
                match letters {
                    Letters::Lower => out.extend(letter.to_lowercase()),
                    Letters::Upper => out.extend(letter.to_uppercase()),
                }
            }
        }
        out
    }
}

/// Splits an identifier at `_` and where a capital letter begins a word: `HTTPServer` into `HTTP`
/// and `Server`.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (index, &letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(index + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if letter == '_' || begins {
            words.push(String::new());
        }
        if letter != '_' {
            words.last_mut().expect("never empty").push(letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_ends_where_the_case_changes() {
        let split = |name| words(name).join(" ");
        assert_eq!(split("HTTPServer"), "HTTP Server");
        assert_eq!(split("NotFound"), "Not Found");
        assert_eq!(split("not_found"), "not found");
        assert_eq!(split("V2"), "V2");
    }
}
