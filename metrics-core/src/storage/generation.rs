//! Generations: the numbers that tell apart the series which use the same storage one after the
//! other.
//!
//! Each series has a *generation*, a number higher than those of all earlier series of the metric.
//! A *region* is the storage of a metric or of some of its series, and a *place* is the part of a
//! region for one series. A region stores the generation of the series in each place, and the
//! newest generation that claimed a *used* place, one that another series had before.
//!
//! A thread stores for each region the newest generation it has *seen*: in places that were claimed
//! up to that generation, it has zeroed its cells (its storage). A thread's cells count for a
//! series only if the thread has seen the series' generation.

use std::sync::atomic::Ordering;

use crate::storage::{layout::Layout, sync::AtomicU64};

/// Gives a used place to a new series with this generation; called under the lock.
///
/// `place` holds the generation of the series in the place, `newest` the newest generation in the
/// region, and `shared` are the shared cells of the place, or empty.
pub(crate) fn claim(
    place: &AtomicU64,
    newest: &AtomicU64,
    layout: Layout,
    shared: &[AtomicU64],
    generation: u64,
) {
    layout.clear(shared);
    place.store(generation, Ordering::Relaxed);
    // Release: pairs with the Acquire in `catch_up`, which then sees all generations up to this
    // one in their places.
    newest.store(generation, Ordering::Release);
}

/// Zeroes a thread's cells in the places that were claimed since the thread's last call.
///
/// `generation` is that of the series for which the thread has looked up the place. `forget`
/// invalidates references to cells that the thread has looked up before but not used yet.
pub(crate) fn catch_up(
    generations: &[AtomicU64],
    newest: &AtomicU64,
    generation: u64,
    layout: Layout,
    cells: &[AtomicU64],
    seen: &AtomicU64,
    forget: impl FnOnce(),
) {
    // Acquire: pairs with the Release in `claim`.
    let newest = newest.load(Ordering::Acquire);
    let known = seen.load(Ordering::Relaxed);
    if newest > known {
        // Forgets the references before the cells are zeroed for new series, because a reference
        // may be to cells of a removed series.
        forget();
        let width = (cells.len() / generations.len()).max(1);
        for (place, cells) in generations.iter().zip(cells.chunks(width)) {
            if place.load(Ordering::Relaxed) > known {
                layout.clear(cells);
            }
        }
    }
    // `generation` may be newer than `newest`: then the series is the first one in its place, where
    // the cells are zero. Places are claimed in the order of generations, so all earlier ones are
    // seen too. Release: pairs with the Acquire in `has_seen`.
    seen.store(newest.max(generation), Ordering::Release);
}

/// Whether a thread's cells count for a series of this generation; called under the lock.
pub(crate) fn has_seen(seen: &AtomicU64, generation: u64) -> bool {
    // Acquire: pairs with the Release in `catch_up`, so that the zeros are seen.
    seen.load(Ordering::Acquire) >= generation
}
