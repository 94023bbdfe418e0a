//! Registers a family by its first recording, if its registration at link time is missing.
//!
//! A linker may drop the registration of a static library's metric. The first recording of a
//! declared family therefore adds the family to a list that the global registry reads at each
//! exposition. Recordings into gauges and state sets whose label values are all known at compile
//! time do not add their family, so that a recording stays a single atomic operation.

use std::{
    ops::DerefMut,
    sync::{Mutex, PoisonError, atomic::Ordering},
};

use crate::{metric::family::definition::Family, storage};

impl Family {
    /// Adds the family to the list for the registry, unless an earlier call has done so.
    #[inline]
    pub(crate) fn ensure_registered(&'static self) {
        if !self.has_been_used.load(Ordering::Relaxed) {
            self.register();
        }
    }

    #[cold]
    fn register(&'static self) {
        // Adding to the list allocates. If an allocator records during that, its recording does
        // not add its family; the family's next recording does.
        storage::without_reentry(|| {
            if !self.has_been_used.swap(true, Ordering::Relaxed) {
                used_families().push(self);
            }
        });
    }
}

fn used_families() -> impl DerefMut<Target = Vec<&'static Family>> {
    static USED: Mutex<Vec<&'static Family>> = Mutex::new(Vec::new());
    USED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The family at this position in the list that `ensure_registered` fills.
pub(crate) fn registered_on_first_use(position: usize) -> Option<&'static Family> {
    used_families().get(position).copied()
}
