//! Suggests similar names for a misspelt metric or label name.

/// At most [`MAX_SUGGESTIONS`] of the names, those most similar to `name`, best first.
pub(super) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let is_near = |other: &&str| distance(name, other) <= (name.chars().count() / 8).max(2);
    let is_part =
        |other: &&str| !other.is_empty() && (name.contains(*other) || other.contains(name));
    let mut similar: Vec<&str> = names
        .filter(|other| is_near(other) || is_part(other))
        .collect();
    similar.sort_by_key(|other| (distance(name, other), *other));
    similar.dedup();
    similar.truncate(MAX_SUGGESTIONS);
    similar
}

/// The edit distance: insertions, deletions and replacements of characters (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[b.len()]
}

/// Maximum number of suggestions, because a longer list would hide the right name.
const MAX_SUGGESTIONS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_the_number_of_edits() {
        assert_eq!(distance("links", "links"), 0);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "links"), 5);
    }

    #[test]
    fn a_misspelt_name_suggests_the_right_one() {
        let names = ["links_followed_total", "links_stored", "pages_bytes"];
        let near = nearest("link_folowed_total", names.into_iter());
        assert_eq!(near, ["links_followed_total"]);
    }

    #[test]
    fn an_unrelated_name_suggests_nothing() {
        assert!(nearest("queue", ["links_stored"].into_iter()).is_empty());
    }
}
