//! [`Column`]: a contender of a bench: this library, another library (a peer), or the minimal code
//! for an operation (LIMIT).

use std::fmt::{self, Display, Formatter};

use super::versions::version;

/// A contender: a library, a variant of its use, or minimal code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// The package whose version is printed; `name@version` if the lock file has several.
    pub(crate) package: Option<&'static str>,
    pub(crate) role: Role,
}

/// The role of a contender in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The minimal code for the operation, which shows the cost of the hardware.
    Limit,
    /// This library.
    Ours,
    /// A library that ours is compared with.
    Peer,
    /// A contender that is printed but not compared; the text says why.
    Unranked(&'static str),
}

/// Displays the name and version of a contender, with an asterisk if it is unranked.
pub(crate) struct Heading(pub(crate) Column);

impl Display for Heading {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)?;
        if let Some(package) = self.0.package {
            write!(f, " {}", version(package))?;
        }
        if let Role::Unranked(_) = self.0.role {
            f.write_str(" \\*")?;
        }
        Ok(())
    }
}
