//! [`Error`]: what is wrong with a metric, or with a setting of a registry.

use std::fmt;

/// An invalid or clashing metric, or an invalid setting of a registry.
///
/// The message says what is wrong and where, and in most cases what to do.
///
/// ```
/// use metrics_core::{Counter, Options, Registry};
///
/// let registry = Registry::new();
/// let error = registry.create::<Counter>(Options::new("jobs", "Jobs.")).unwrap_err();
/// assert!(error.to_string().contains("ends in `_total`"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Error(text.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Error {
    // Writes the `Display` text, because a `main` that returns an error prints the `Debug` form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}
