//! [`Stripe`]: cells of a region that threads without cells of their own use in turn.
//!
//! If each of hundreds of threads had its own cells of each region on the heap, memory and the time
//! of a scrape would grow with their number. So only some threads, at most
//! [`max_owners`](sync::max_owners), are *owners* of heap cells of a region. A region with that
//! many owners is *crowded*: any other thread borrows a stripe for each recording. It takes the
//! stripe's flag, records into the stripe's cells as into cells of its own, and returns the flag.
//!
//! # Why a stripe's cells have one writer
//!
//! A thread takes the flag with an Acquire compare-exchange, and returns it with a Release store.
//! So all accesses of one borrower happen before those of the next, and to a scrape the borrowers
//! look like a single thread that records without pause. A scrape never takes the flag: it reads a
//! stripe as it reads the cells of a running thread, and lets the borrower copy a histogram's block
//! into the stripe's own copy buffer.
//!
//! # Why no thread waits
//!
//! A thread that finds a stripe taken tries another one. If all are taken, or the next list of
//! stripes is empty, it adds a stripe. Threads begin with the list in which they found a stripe
//! last, and move on when that is taken, so that threads which run at the same time soon use
//! different stripes. A region therefore has at most one stripe for each list, unless the operating
//! system has stopped even more threads at the same time, each in the middle of a recording into
//! this region.

#![allow(unsafe_code, reason = "the stripes of a region are linked lists")]

use std::{
    array,
    ptr::{self, NonNull},
    sync::{OnceLock, atomic::Ordering},
};

use crate::storage::sync::{self, AtomicPtr, AtomicU32, AtomicU64, STRIPE_LISTS};
use crate::storage::{cells::CellBlock, histogram_block::CopyBuffer};

/// In place of a list's index: the thread is exempt from the limit on owners and borrows no stripe.
pub(super) const EXEMPT: usize = usize::MAX;

/// How threads share the heap cells of one region: the number of owners, and the stripes.
#[derive(Debug)]
pub(super) struct Stripes {
    pub(super) owners: AtomicU32,
    pub(super) max_owners: u32,
    /// Linked lists. Stripes are added at the front and never removed.
    pub(super) lists: [AtomicPtr<Stripe>; STRIPE_LISTS],
}

/// The values of a stripe's flag.
pub(super) const FREE: u32 = 0;
pub(super) const TAKEN: u32 = 1;

/// Cells of a region with a flag, which a thread takes for one recording.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Stripe {
    pub(super) flag: AtomicU32,
    /// The newest [`generation`](super::generation) for which the cells are valid.
    pub(super) seen: AtomicU64,
    pub(super) cells: CellBlock,
    /// The buffer into which a borrower copies a histogram's block for a scrape; set from the start
    /// if the region has histograms.
    pub(super) copies: OnceLock<CopyBuffer<AtomicU64>>,
    /// The next stripe of the list; null for the last one.
    pub(super) next: AtomicPtr<Stripe>,
}

impl Stripes {
    pub(super) fn new() -> Self {
        Stripes {
            owners: AtomicU32::new(0),
            max_owners: sync::max_owners() as u32,
            lists: array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
        }
    }

    /// Counts the calling thread as an owner; `None` if there are as many as there may be, unless
    /// the thread `is_exempt` from the limit.
    pub(super) fn add_owner(&self, is_exempt: bool) -> Option<()> {
        let before = self.owners.fetch_add(1, Ordering::Relaxed);
        if is_exempt || before < self.max_owners {
            return Some(());
        }
        self.remove_owner();
        None
    }

    pub(super) fn remove_owner(&self) {
        self.owners.fetch_sub(1, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn is_crowded(&self) -> bool {
        self.owners.load(Ordering::Relaxed) >= self.max_owners
    }

    /// Adds a stripe at the front of the list with this index.
    pub(super) fn push(&self, list: usize, stripe: Box<Stripe>) -> &Stripe {
        let list = &self.lists[list];
        let stripe = NonNull::from(Box::leak(stripe));
        // SAFETY: the box was leaked above. `Stripes::drop` frees it, when `self` is no longer
        // borrowed.
        let added: &Stripe = unsafe { stripe.as_ref() };
        let mut first = list.load(Ordering::Relaxed);
        loop {
            added.next.store(first, Ordering::Relaxed);
            // Release: pairs with the Acquire in `stripes_of`. Acquire: a thread reaches the stripe
            // `first`, which another thread has initialised, through this one from now on.
            let (success, failure) = (Ordering::AcqRel, Ordering::Relaxed);
            match list.compare_exchange(first, stripe.as_ptr(), success, failure) {
                Ok(_) => return added,
                Err(now) => first = now,
            }
        }
    }
}

impl Drop for Stripes {
    fn drop(&mut self) {
        for list in &self.lists {
            let mut next = list.load(Ordering::Relaxed);
            while !next.is_null() {
                // SAFETY: `push` made each pointer of a list from a box, and put it into one list
                // only. `self` is borrowed exclusively, so that no stripe is borrowed.
                let stripe = unsafe { Box::from_raw(next) };
                next = stripe.next.load(Ordering::Relaxed);
            }
        }
    }
}

/// The stripes of a list.
pub(super) fn stripes_of(list: &AtomicPtr<Stripe>) -> impl Iterator<Item = &Stripe> {
    // Acquire: pairs with the Release in `push`, so that the stripe and those that follow it are
    // seen initialised.
    let mut next = list.load(Ordering::Acquire);
    std::iter::from_fn(move || {
        // SAFETY: null or a pointer from a box, which `Stripes::drop` frees. `Stripes`, which has
        // the list, is borrowed while the stripe is used.
        let stripe = unsafe { next.as_ref() }?;
        next = stripe.next.load(Ordering::Relaxed);
        Some(stripe)
    })
}

impl Stripe {
    pub(super) fn cells(&self) -> &[AtomicU64] {
        self.cells.cells()
    }
}
