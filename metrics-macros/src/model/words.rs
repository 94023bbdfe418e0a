//! Lists the expected words of a grammar for error messages, and finds the known word that a
//! misspelt one resembles.

use proc_macro2::Ident;

/// The words as text: `` `a`, `b` or `c` ``.
pub(crate) fn either(words: &[&str]) -> String {
    let (last, others) = words.split_last().expect("there are words");
    match others {
        [] => format!("`{last}`"),
        _ => format!("`{}` or `{last}`", others.join("`, `")),
    }
}

/// The word of `known` nearest to `word`, if they differ in at most one letter, or two if `word`
/// has at least five.
pub(crate) fn similar<'k>(word: &Ident, known: &[&'k str]) -> Option<&'k str> {
    let word = word.to_string();
    let most = if word.len() < 5 { 1 } else { 2 };
    let distances = known.iter().map(|known| (distance(&word, known), *known));
    let nearest = distances.min_by_key(|(distance, _)| *distance);
    nearest
        .filter(|(distance, _)| *distance <= most)
        .map(|(_, known)| known)
}

/// Number of letters to insert, delete or replace to turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    #[test]
    fn a_misspelt_word_is_similar_to_the_one_meant_and_another_word_to_none() {
        let words = ["name", "help", "labels", "buckets", "Gauge", "slo"];
        let meant = |word| similar(&Ident::new(word, Span::call_site()), &words);
        assert_eq!(meant("nome"), Some("name"));
        assert_eq!(meant("label"), Some("labels"));
        assert_eq!(meant("bukcets"), Some("buckets"));
        assert_eq!(meant("Guage"), Some("Gauge"));
        for other in ["size", "time", "level", "x", "ret"] {
            assert_eq!(meant(other), None, "{other}");
        }
    }
}
