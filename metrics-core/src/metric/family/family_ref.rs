//! [`FamilyRef`]: a reference to a metric family, which `metrics!` declares or the program creates
//! while it runs.

use std::{ops::Deref, sync::Arc};

use crate::metric::family::definition::Family;

/// A reference to a declared family, or an `Arc` of a dynamic one.
#[derive(Clone, Debug)]
pub(crate) enum FamilyRef {
    Declared(&'static Family),
    Dynamic(Arc<Family>),
}

impl Deref for FamilyRef {
    type Target = Family;

    #[inline]
    fn deref(&self) -> &Family {
        match self {
            FamilyRef::Declared(family) => family,
            FamilyRef::Dynamic(family) => family,
        }
    }
}
