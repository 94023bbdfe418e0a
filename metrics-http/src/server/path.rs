//! [`check_path`]: the paths that a program may choose.

use crate::error::Error;

/// Refuses a path without a leading slash, with characters that have to be percent-encoded, or with
/// a segment that a router would not take literally.
///
/// axum reads braces as a pattern, and panics at a segment that begins with a colon or an asterisk,
/// because these were patterns in its earlier versions.
pub(super) fn check_path(path: &str) -> Result<(), Error> {
    if !path.starts_with('/') {
        return Err(Error::setting(format!(
            "the path `{path}` does not begin with a slash; write `/{path}`"
        )));
    }
    if path.contains("/:") {
        return Err(Error::setting(format!(
            "the path `{path}` has a segment that begins with a colon; write `%3A` instead of it"
        )));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-._~!$&'()+,;=:@%".contains(c);
    match path.chars().find(|&c| !is_plain(c)) {
        None => Ok(()),
        Some(c) => Err(Error::setting(format!(
            "the path `{path}` contains `{}`; remove it or percent-encode it",
            c.escape_default()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_literal() {
        for path in ["/", "/metrics", "/a/b:c/", "/a//b", "/%3Aa", "/..", "/~a@b"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        for path in [
            "", "metrics", "/:a", "/a/:", "/{a}", "/*", "/a b", "/a?b", "/a#b", "/é",
        ] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }

    #[cfg(feature = "axum")]
    #[test]
    fn axum_accepts_every_path_that_is_accepted() {
        let characters = (0..=0x7f_u8)
            .map(char::from)
            .chain(['\u{80}', 'é', '\u{1f600}']);
        for c in characters {
            for path in [
                format!("/{c}"),
                format!("/{c}a"),
                format!("/a{c}"),
                format!("/a/{c}b/{c}"),
                format!("/{c}{c}/"),
            ] {
                if check_path(&path).is_ok() {
                    let answer = axum::routing::get(async || "");
                    let inner: axum::Router = axum::Router::new().route(&path, answer);
                    let _: axum::Router = axum::Router::new().merge(inner);
                }
            }
        }
    }
}
