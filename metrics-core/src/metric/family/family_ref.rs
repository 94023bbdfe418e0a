//! [`FamilyRef`]: a reference to a metric family, which `metrics!` declares or the program creates
//! while it runs.

use crate::{metric::family::definition::Family, storage::OwnerRef};

/// A reference to a declared family, or an `Arc` of a dynamic one.
pub(crate) type FamilyRef = OwnerRef<Family>;
