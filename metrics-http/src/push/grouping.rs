//! Encodes a Pushgateway's grouping key as the path of a URL.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Error;

/// The path of a group, such as `/metrics/job/backup/instance/db1`.
///
/// See the [gateway's README](https://github.com/prometheus/pushgateway#url).
pub(super) fn path(job: &str, labels: &[(String, String)]) -> Result<String, Error> {
    if job.is_empty() {
        return Err(Error::setting(
            "the job name of the push is empty; set one".to_owned(),
        ));
    }
    let mut path = String::from("/metrics");
    append(&mut path, "job", job);
    for (position, (name, value)) in labels.iter().enumerate() {
        check_name(name)?;
        if labels[..position]
            .iter()
            .any(|(earlier, _)| earlier == name)
        {
            return Err(Error::setting(format!(
                "the label `{name}` is in the grouping key twice; remove one"
            )));
        }
        append(&mut path, name, value);
    }
    Ok(path)
}

fn check_name(name: &str) -> Result<(), Error> {
    let fault = if name == "job" {
        "is set by the job name already; leave it out"
    } else if name.starts_with("__") {
        "begins with `__`, which is reserved for Prometheus; choose another"
    } else if !is_label_name(name) {
        "is not a label name; use letters, digits and `_`, and no digit first"
    } else {
        return Ok(());
    };
    let name = name.escape_default();
    Err(Error::setting(format!(
        "the label `{name}` of the grouping key {fault}"
    )))
}

fn is_label_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(is_plain) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// Appends a label, base64-encoded if its value cannot be a path segment.
fn append(path: &mut String, name: &str, value: &str) {
    // Writing to a string does not fail.
    let _ = match value {
        // Encoded, because proxies may merge the two slashes around an empty segment. The gateway
        // decodes a single padding character as an empty value.
        "" => write!(path, "/{name}@base64/="),
        // Encoded, because proxies may resolve `.` and `..` as relative path segments, even
        // percent-encoded.
        "." | ".." => write!(path, "/{name}@base64/{}", URL_SAFE_NO_PAD.encode(value)),
        value if value.contains('/') => {
            write!(path, "/{name}@base64/{}", URL_SAFE_NO_PAD.encode(value))
        }
        value => write!(path, "/{name}/{}", utf8_percent_encode(value, ESCAPED)),
    };
}

/// ASCII characters to percent-encode: all but those that
/// [RFC 3986](https://www.rfc-editor.org/rfc/rfc3986#section-2.3) calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(job: &str, labels: &[(&str, &str)]) -> Result<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let labels: Vec<_> = labels.iter().map(owned).collect();
        path(job, &labels).map_err(|error| error.to_string())
    }

    #[test]
    fn paths_match_the_examples_of_the_gateways_readme() {
        for (job, labels, expected) in [
            ("some_job", &[][..], "/metrics/job/some_job"),
            (
                "some_job",
                &[("instance", "some_instance")],
                "/metrics/job/some_job/instance/some_instance",
            ),
            (
                "directory_cleaner",
                &[("path", "/var/tmp")],
                "/metrics/job/directory_cleaner/path@base64/L3Zhci90bXA",
            ),
            (
                "titan",
                &[("name", "Προμηθεύς")],
                "/metrics/job/titan/name/%CE%A0%CF%81%CE%BF%CE%BC%CE%B7%CE%B8%CE%B5%CF%8D%CF%82",
            ),
            (
                "example",
                &[("first", ""), ("second", "foo")],
                "/metrics/job/example/first@base64/=/second/foo",
            ),
        ] {
            assert_eq!(path_of(job, labels).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn the_job_is_encoded_like_any_label() {
        assert_eq!(
            path_of("a/b", &[]).as_deref(),
            Ok("/metrics/job@base64/YS9i")
        );
        assert_eq!(
            path_of("a b+?#%", &[]).as_deref(),
            Ok("/metrics/job/a%20b%2B%3F%23%25")
        );
    }

    #[test]
    fn a_relative_path_segment_is_base64_encoded() {
        let path = path_of("..", &[("a", "."), ("b", "...")]);
        assert_eq!(
            path.as_deref(),
            Ok("/metrics/job@base64/Li4/a@base64/Lg/b/...")
        );
    }

    #[test]
    fn an_invalid_label_is_an_error_that_names_it() {
        for (name, expected) in [
            ("job", "`job`"),
            ("__name__", "`__name__`"),
            ("a-b", "`a-b`"),
            ("1", "`1`"),
            ("", "``"),
            ("a@base64", "`a@base64`"),
        ] {
            let error = path_of("job", &[(name, "x")]).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let error = path_of("job", &[("a", "x"), ("a", "y")]).unwrap_err();
        assert!(error.contains("twice"), "{error}");
        assert!(path_of("", &[]).unwrap_err().contains("job"));
    }
}
