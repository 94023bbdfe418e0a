//! Who is measured.

use std::fmt::{self, Display, Formatter};

use super::versions::version;

/// Who is measured: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// The package whose version stands in the table; `name@version` where there are several.
    pub(crate) package: Option<&'static str>,
    pub(crate) standing: Standing,
}

/// How a column takes part in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The least code that could do it: what the hardware charges.
    Limit,
    /// What is compared with the peers.
    Ours,
    /// What ours is compared with.
    Peer,
    /// Shown beside the others, not compared with; the remark says why.
    Shown(&'static str),
}

/// A name with its version.
pub(crate) struct Heading(pub(crate) Column);

impl Display for Heading {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)?;
        if let Some(package) = self.0.package {
            write!(f, " {}", version(package))?;
        }
        if let Standing::Shown(_) = self.0.standing {
            f.write_str(" \\*")?;
        }
        Ok(())
    }
}
