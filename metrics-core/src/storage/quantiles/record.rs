//! Counts an observation in the window of its series.

use super::{
    page::Page,
    window::{self, Window},
};
use crate::storage::{
    sync::AtomicU64,
    thread::{lock_out_scrapes, without_reentry},
    thread_state::with_flags,
};

/// Counts an observation that is finite and not negative, given by its bits.
///
/// `cells` are those of a series whose layout has quantiles, and only the calling thread records
/// into them. `second` is a reading of [`clock::second`](crate::storage::clock::second).
///
/// Returns false, and counts nothing, if [`observe_slowly`] must be called.
#[inline(always)]
#[must_use]
pub(crate) fn observe(cells: &[AtomicU64], bits: u64, second: u64) -> bool {
    window::of(cells).is_some_and(|window| window.count_in_first_page(bits, second))
}

/// Counts an observation like [`observe`], also if its page must be searched or allocated.
///
/// Returns false, and counts nothing, if there is not enough memory: in a recording by an allocator
/// that a cold path of this thread has called, and, unless `spare` is filled, in a late recording,
/// which holds the lock and so cannot allocate.
#[must_use]
pub(crate) fn observe_slowly(
    cells: &[AtomicU64],
    bits: u64,
    second: u64,
    spare: &mut Spare,
) -> bool {
    let part = window::current_part();
    let window = window::of(cells);
    if window.is_some_and(|window| window.count_in_any_page(bits, second, part)) {
        return true;
    }
    if !with_flags(|flags| flags.holds_lock.get()) {
        spare.fill();
    }
    lock_out_scrapes(|| {
        if window::of(cells).is_none()
            && let Some(new) = spare.window.take()
        {
            window::install(cells, new);
        }
        let window = window::of(cells);
        window.is_some_and(|window| window.count_in_new_page(bits, part, &mut spare.page))
    })
}

/// Memory for one observation, allocated before the lock is taken and freed after its release.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    window: Option<Box<Window>>,
    page: Option<Box<Page>>,
}

impl Spare {
    /// Allocates a window and a page, unless this recording comes from an allocator that a cold
    /// path of this thread has called.
    pub(crate) fn fill(&mut self) {
        let allocated = without_reentry(|| Spare {
            window: Some(Box::default()),
            page: Some(Box::default()),
        });
        if let Some(allocated) = allocated {
            *self = allocated;
        }
    }
}
