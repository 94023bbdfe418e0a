//! Checks passwords against bcrypt hashes, in the same time for every user.

use std::hint::black_box;

use base64::Engine;
use bcrypt::{BASE_64, HashParts};

/// A valid bcrypt hash.
pub(super) struct PasswordHash {
    text: String,
    cost: u32,
}

impl PasswordHash {
    /// Accepts the hashes that [`bcrypt::verify`] can check, as `htpasswd -B` writes them.
    pub(super) fn parse(text: &str) -> Option<PasswordHash> {
        let cost = text.parse::<HashParts>().ok()?.get_cost();
        // The last part of a hash is 22 characters of salt and 31 of hash.
        let (_, salted) = text.rsplit_once('$')?;
        let (salt, hash) = salted.split_at_checked(22)?;
        let is_valid = COSTS.contains(&cost)
            && BASE_64.decode(salt).is_ok_and(|salt| salt.len() == 16)
            && BASE_64.decode(hash).is_ok();
        is_valid.then(|| PasswordHash {
            text: text.to_owned(),
            cost,
        })
    }

    pub(super) fn cost(&self) -> u32 {
        self.cost
    }
}

/// Whether a password matches a user's hash; `hash` is `None` for an unknown user.
///
/// The time does not depend on the user, so that it does not tell which users exist: every check
/// does the work of one hash of `highest_cost`, which is the highest cost of all users.
pub(super) fn check_password(
    password: &[u8],
    hash: Option<&PasswordHash>,
    highest_cost: u32,
) -> bool {
    check_with(hash, highest_cost, |step| match step {
        // Does not fail, because the hash is valid.
        Step::Compare(hash) => bcrypt::verify(password, &hash.text).unwrap_or(false),
        Step::Fill(cost) => {
            let _ = black_box(bcrypt::hash_with_salt(password, cost, [0; 16]));
            false
        }
    })
}

/// A hash that a check computes.
enum Step<'a> {
    /// Compares the password with the user's hash.
    Compare(&'a PasswordHash),
    /// Takes the time of a hash of this cost.
    Fill(u32),
}

/// A hash of cost c takes 2^c rounds. After the user's own hash of cost c, hashes of the costs c,
/// c + 1, .., m - 1 make 2^m rounds in all, which is one hash of the highest cost m.
fn check_with(
    hash: Option<&PasswordHash>,
    highest_cost: u32,
    mut compute: impl FnMut(Step<'_>) -> bool,
) -> bool {
    let Some(hash) = hash else {
        compute(Step::Fill(highest_cost));
        return false;
    };
    let is_right = compute(Step::Compare(hash));
    for cost in hash.cost..highest_cost {
        compute(Step::Fill(cost));
    }
    is_right
}

/// Beyond this length, bcrypt ignores a password's bytes, so that passwords with the same beginning
/// would be the same.
pub(super) const MAX_PASSWORD_BYTES: usize = 72;
/// The costs that bcrypt defines.
const COSTS: std::ops::RangeInclusive<u32> = 4..=31;

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(password: &str, cost: u32) -> PasswordHash {
        PasswordHash::parse(&bcrypt::hash(password, cost).unwrap()).expect("a hash")
    }

    #[test]
    fn a_check_does_the_same_work_for_every_user() {
        let text = "$2y$04$L6Bc/AlTQHyd9liGgGEZyOFLPHNgyxeEPfgYfBCVxJ7JIlwxyVU3u";
        let of_cost = |cost: u32| {
            let text = text.replacen("$04$", &format!("${cost:02}$"), 1);
            PasswordHash::parse(&text).expect("a hash")
        };
        let users = [4, 5, 11, 12].map(of_cost);
        for user in users.iter().map(Some).chain([None]) {
            for is_right in [false, true] {
                let mut rounds = 0;
                check_with(user, 12, |step| {
                    rounds += match step {
                        Step::Compare(hash) => 1 << hash.cost,
                        Step::Fill(cost) => 1 << cost,
                    };
                    is_right
                });
                assert_eq!(rounds, 1 << 12, "{:?}", user.map(PasswordHash::cost));
            }
        }
    }

    #[test]
    fn only_the_right_password_matches_whatever_the_highest_cost() {
        let hash = hash("open sesame", 4);
        for highest in [4, 6] {
            assert!(check_password(b"open sesame", Some(&hash), highest));
            assert!(!check_password(b"open says me", Some(&hash), highest));
            assert!(!check_password(b"", Some(&hash), highest));
            assert!(!check_password(b"open sesame", None, highest));
        }
    }

    #[test]
    fn a_password_of_the_maximum_length_is_compared_to_its_end() {
        let password = "p".repeat(MAX_PASSWORD_BYTES);
        let hash = hash(&password, 4);
        assert!(check_password(password.as_bytes(), Some(&hash), 4));
        let other = password[1..].to_owned() + "q";
        assert!(!check_password(other.as_bytes(), Some(&hash), 4));
        assert!(!check_password(&password.as_bytes()[1..], Some(&hash), 4));
    }

    #[test]
    fn a_hash_that_could_not_be_checked_is_refused() {
        let valid = "$2y$04$L6Bc/AlTQHyd9liGgGEZyOFLPHNgyxeEPfgYfBCVxJ7JIlwxyVU3u";
        assert!(PasswordHash::parse(valid).is_some());
        for (from, to) in [
            ("$04$", "$03$"),
            ("$04$", "$32$"),
            ("$2y$", "$5$"),
            ("L6", "!6"),
            ("3u", "3"),
        ] {
            let invalid = valid.replacen(from, to, 1);
            assert!(PasswordHash::parse(&invalid).is_none(), "{invalid}");
        }
        assert!(PasswordHash::parse("open sesame").is_none());
    }
}
