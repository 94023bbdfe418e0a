//! Suggestions for a misspelt name.

/// The names that are most similar to `name`, best first; names without similarity are left out.
pub(super) fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let near = |other: &&str| distance(name, other) <= (name.chars().count() / 8).max(2);
    let is_part =
        |other: &&str| !other.is_empty() && (name.contains(*other) || other.contains(name));
    let mut like: Vec<&str> = names
        .filter(|other| near(other) || is_part(other))
        .collect();
    like.sort_by_key(|other| (distance(name, other), *other));
    like.dedup();
    like.truncate(MOST);
    like
}

/// The edit distance: insertions, deletions and replacements of characters (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, other) in b.iter().enumerate() {
            let exchanged = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = exchanged.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[b.len()]
}

/// A longer list would hide the right name.
const MOST: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_as_far_away_as_it_takes_changes() {
        assert_eq!(distance("links", "links"), 0);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "links"), 5);
    }

    #[test]
    fn a_typo_leads_to_the_name_that_was_meant() {
        let names = ["links_followed_total", "links_stored", "pages_bytes"];
        let near = nearest("link_folowed_total", names.into_iter());
        assert_eq!(near, ["links_followed_total"]);
    }

    #[test]
    fn what_is_like_nothing_leads_nowhere() {
        assert!(nearest("queue", ["links_stored"].into_iter()).is_empty());
    }
}
