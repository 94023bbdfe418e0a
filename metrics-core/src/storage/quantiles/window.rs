//! [`Window`]: the pages in which one thread counts its recent observations of a series.

#![allow(unsafe_code, reason = "owns pages and windows through their addresses")]

use std::{
    iter,
    ptr::{self, NonNull},
    sync::atomic::Ordering,
};

use super::page::{PARTS, Page, exponent, key, stamp};
use crate::storage::{
    clock, histogram_block,
    sync::{AtomicPtr, AtomicU64, CHAINS},
};

/// Position of the window's address in the cells of a series.
pub(in crate::storage) const WINDOW: usize = histogram_block::HEADER + 1;

/// The length of a part in nanoseconds.
const PART_NANOS: u64 = 120 * 1_000_000_000;

/// The number of the part that is current for this thread.
pub(in crate::storage) fn current_part() -> u64 {
    // The first part has the number `PARTS`, so that part 0 is in no window.
    clock::nanos() / PART_NANOS + PARTS
}

/// One thread's recent observations of a series, or those of ended threads and late recordings.
///
/// The owner is the thread that records into the window, or for a shared window the thread that
/// holds the lock. Only the owner changes the lists of pages, and only under the lock; it may read
/// them without the lock.
#[derive(Debug)]
pub(super) struct Window {
    /// The first pages of lists. The list of a page depends on its exponent, and most lists
    /// have at most one page for each part.
    chains: [AtomicPtr<Page>; CHAINS],
}

impl Default for Window {
    fn default() -> Self {
        Window {
            chains: [const { AtomicPtr::new(ptr::null_mut()) }; CHAINS],
        }
    }
}

impl Window {
    /// Counts an observation in the first page of its list; false if that page has not been found
    /// in this second, so that it may belong to an earlier part, or to another exponent.
    #[inline(always)]
    pub(super) fn count_in_first_page(&self, bits: u64, second: u64) -> bool {
        let first = self.chain(bits).load(Ordering::Relaxed);
        // SAFETY: null, or a page of this window, which the owner frees with the window.
        let page = unsafe { first.as_ref() };
        let page = page.filter(|page| page.has_stamp(stamp(second, bits)));
        page.is_some_and(|page| {
            page.count(bits);
            true
        })
    }

    /// Counts an observation of this part, if there is a page for it, and returns whether there is.
    pub(super) fn count_in_any_page(&self, bits: u64, second: u64, part: u64) -> bool {
        let key = key(part, bits);
        let page = pages(self.chain(bits)).find(|page| page.has_key(key));
        page.is_some_and(|page| {
            page.stamp(stamp(second, bits));
            page.count(bits);
            true
        })
    }

    /// Counts an observation of this part in a page that has left the window, or in `spare`, and
    /// returns whether there is one of them. Called under the lock.
    pub(super) fn count_in_new_page(
        &self,
        bits: u64,
        part: u64,
        spare: &mut Option<Box<Page>>,
    ) -> bool {
        let allocated = || spare.take().map(|page| NonNull::from(Box::leak(page)));
        let unlinked = unlink_old(self.chain(bits), part);
        let Some(new) = unlinked.or_else(allocated) else {
            return false;
        };
        // SAFETY: `new` was a page of this window, or was allocated for it.
        let page = unsafe { new.as_ref() };
        page.restart(key(part, bits), bits);
        page.count(bits);
        link(self.chain(bits), new);
        true
    }

    /// Moves or adds the pages of another window that are in the window of the part `now`; called
    /// under the lock. The other window is freed afterwards, with the pages that it still has.
    fn merge(&self, other: &Window, now: u64) {
        for (into, from) in self.chains.iter().zip(&other.chains) {
            let rest = AtomicPtr::new(ptr::null_mut());
            while let Some(moved) = unlink(from, |_| true) {
                // SAFETY: a page of `other`, which is freed with one of the two windows.
                let page = unsafe { moved.as_ref() };
                if !page.is_in_window(now) {
                    link(&rest, moved);
                } else if let Some(known) = pages(into).find(|known| known.has_key(page.key())) {
                    known.merge(page);
                    link(&rest, moved);
                } else {
                    link(into, moved);
                    // Gives a page for the one that was taken, so that this window does not grow
                    // with the number of windows that are merged into it.
                    if let Some(old) = unlink_old(into, now) {
                        link(&rest, old);
                    }
                }
            }
            from.store(rest.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    fn pages(&self) -> impl Iterator<Item = &Page> {
        self.chains.iter().flat_map(pages)
    }

    /// The list of the pages for the exponent of an observation.
    #[inline(always)]
    fn chain(&self, bits: u64) -> &AtomicPtr<Page> {
        let exponent = exponent(bits);
        // Zero has the exponent 0 and 2.0 has 1024. The addition gives them different lists,
        // because a summary of small integers observes both all the time.
        &self.chains[(exponent + (exponent >> 10)) as usize % CHAINS]
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        for chain in &self.chains {
            while let Some(page) = unlink(chain, |_| true) {
                // SAFETY: the pages of a window come from `Box::leak`, and this window alone had
                // the address.
                drop(unsafe { Box::from_raw(page.as_ptr()) });
            }
        }
    }
}

/// The pages of a list of a window, which is borrowed.
fn pages(chain: &AtomicPtr<Page>) -> impl Iterator<Item = &Page> {
    let load = |from: &AtomicPtr<Page>| {
        let page = from.load(Ordering::Relaxed);
        // SAFETY: null, or a page of the window that contains `chain`. Its owner frees it with the
        // window, and moves it to another window only under the lock, which a reader holds.
        unsafe { page.as_ref() }
    };
    iter::successors(load(chain), move |page| load(&page.next))
}

/// Adds a page to the front of a list.
fn link(chain: &AtomicPtr<Page>, page: NonNull<Page>) {
    let next = chain.load(Ordering::Relaxed);
    // SAFETY: the caller has a page that is in no list and has not been freed.
    unsafe { page.as_ref() }.next.store(next, Ordering::Relaxed);
    chain.store(page.as_ptr(), Ordering::Relaxed);
}

/// Removes the first page for which `is_it` returns true from a list.
fn unlink(chain: &AtomicPtr<Page>, is_it: impl Fn(&Page) -> bool) -> Option<NonNull<Page>> {
    let links = iter::once(chain).chain(pages(chain).map(|page| &page.next));
    for link in links {
        let Some(page) = NonNull::new(link.load(Ordering::Relaxed)) else {
            break;
        };
        // SAFETY: a page of the list, which the window that contains `chain` owns.
        let found = unsafe { page.as_ref() };
        if is_it(found) {
            link.store(found.next.load(Ordering::Relaxed), Ordering::Relaxed);
            return Some(page);
        }
    }
    None
}

/// Removes a page whose observations have left the window of the part `now` from a list.
fn unlink_old(chain: &AtomicPtr<Page>, now: u64) -> Option<NonNull<Page>> {
    unlink(chain, |page| !page.is_in_window(now))
}

/// Calls `each` with the pages of a series that are in the window of the part `now`, until it
/// returns false. Returns whether it has been called with all of them.
///
/// Called under the lock.
pub(in crate::storage) fn read(
    cells: &[AtomicU64],
    now: u64,
    each: &mut dyn FnMut(&Page) -> bool,
) -> bool {
    let pages = of(cells).into_iter().flat_map(Window::pages);
    pages.filter(|page| page.is_in_window(now)).all(each)
}

/// Moves the observations of an ending thread to the shared cells of the series; called under the
/// lock.
pub(in crate::storage) fn fold(from: &[AtomicU64], into: &[AtomicU64]) {
    match (of(from), of(into)) {
        (None, _) => {}
        (Some(_), None) => {
            let address = from[WINDOW].swap(0, Ordering::Relaxed);
            into[WINDOW].store(address, Ordering::Relaxed);
        }
        (Some(from), Some(into)) => into.merge(from, current_part()),
    }
}

/// Empties the window of a series for another series, which will use its cells.
///
/// Called under the lock, or by the thread that owns the cells while scrapes ignore them.
pub(in crate::storage) fn clear(cells: &[AtomicU64]) {
    for page in of(cells).into_iter().flat_map(Window::pages) {
        page.clear();
    }
}

/// Frees the windows of all series in `cells`, each of which has `width` cells.
///
/// # Safety
///
/// No reference to the windows is used from now on.
pub(in crate::storage) unsafe fn free(cells: &[AtomicU64], width: usize) {
    for series in cells.chunks_exact(width) {
        let address = series[WINDOW].swap(0, Ordering::Relaxed) as usize;
        let window = ptr::with_exposed_provenance_mut::<Window>(address);
        if !window.is_null() {
            // SAFETY: `install` got the address from a box. The swap above has removed it from the
            // only cell that contained it, so that the box is made once.
            drop(unsafe { Box::from_raw(window) });
        }
    }
}

/// The window of a series, if the series has one. `cells` are those of a series whose layout has
/// quantiles, as for all functions of this file.
#[inline(always)]
pub(super) fn of(cells: &[AtomicU64]) -> Option<&Window> {
    debug_assert_eq!(cells.len(), WINDOW + 1);
    let address = cells[WINDOW].load(Ordering::Relaxed) as usize;
    // SAFETY: 0, or the address of a window, because only `install` and `fold` store one in this
    // cell of a series that has quantiles, and nothing else writes the cell. The window is freed
    // with the cells, which are borrowed.
    unsafe { ptr::with_exposed_provenance::<Window>(address).as_ref() }
}

/// Stores the address of a window in the cells of a series that has none; called under the lock.
pub(super) fn install(cells: &[AtomicU64], window: Box<Window>) {
    let address = Box::into_raw(window).expose_provenance();
    cells[WINDOW].store(address as u64, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::quantiles::page::RANGES;

    fn observe(window: &Window, part: u64, values: &[f64]) {
        for bits in values.iter().map(|value| value.to_bits()) {
            let is_counted = window.count_in_any_page(bits, 1, part)
                || window.count_in_new_page(bits, part, &mut Some(Box::default()));
            assert!(is_counted);
        }
    }

    /// The number of observations in the window of the part `now`.
    fn count(window: &Window, now: u64) -> u64 {
        let pages = window.pages().filter(|page| page.is_in_window(now));
        let counts = pages.map(|page| {
            let mut counts = [0; RANGES];
            page.add_counts(&mut counts);
            counts.iter().sum::<u64>()
        });
        counts.sum()
    }

    #[test]
    fn a_page_is_found_again_only_in_the_same_second() {
        let window = Window::default();
        observe(&window, 5, &[1.0, 1.0]);
        assert!(window.count_in_first_page(1.5_f64.to_bits(), 1));
        assert!(!window.count_in_first_page(1.5_f64.to_bits(), 2));
        assert!(!window.count_in_first_page(2.0_f64.to_bits(), 1));
        assert_eq!(count(&window, 5), 3);
    }

    #[test]
    fn exponents_that_share_a_list_have_pages_of_their_own() {
        let window = Window::default();
        let values = [1.0, 2_f64.powi(64), 2_f64.powi(-64), 1.0];
        observe(&window, 5, &values);
        assert_eq!(window.pages().count(), 3);
        assert_eq!(count(&window, 5), 4);
    }

    #[test]
    fn a_merged_window_has_the_recent_observations_of_both() {
        let [into, from] = [(); 2].map(|()| Window::default());
        observe(&into, 5, &[1.0, 2.0]);
        observe(&into, 9, &[1.0]);
        observe(&from, 5, &[1.0, 8.0]);
        observe(&from, 9, &[1.0, 1.5, 4.0]);
        into.merge(&from, 10);
        assert_eq!((count(&into, 9), count(&into, 10)), (6, 4));
    }

    #[test]
    fn a_window_does_not_grow_with_the_number_of_windows_merged_into_it() {
        let into = Window::default();
        for part in 5..100 {
            for _ in 0..3 {
                let from = Window::default();
                observe(&from, part, &[1.0, 2.0, 4.0]);
                into.merge(&from, part);
            }
        }
        assert_eq!(into.pages().count(), 3 * PARTS as usize);
        assert_eq!(count(&into, 99), 3 * 3 * PARTS);
    }
}
