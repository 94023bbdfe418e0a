//! [`SourceLocation`]: the file, line and module in which a metric is declared.

use std::{fmt, panic::Location};

/// Where a metric is declared in the source code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceLocation {
    /// The file, as the compiler names it.
    pub file: &'static str,
    /// The line, counted from 1.
    pub line: u32,
    /// The module path; empty unless a macro has declared the metric.
    pub module: &'static str,
}

impl SourceLocation {
    /// The caller's location, without a module.
    #[track_caller]
    pub(crate) const fn caller() -> Self {
        let at = Location::caller();
        SourceLocation {
            file: at.file(),
            line: at.line(),
            module: "",
        }
    }
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
