//! [`ByteCount`]: the number of bytes of a request's body, which the body and the request share.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering, fence},
    },
};

/// Counts the bytes of a body.
///
/// Clones share the count. The thread that drops the last one keeps its memory for a later request,
/// so that a request allocates nothing once the thread has handled some.
#[derive(Clone, Debug)]
pub(super) struct ByteCount(Option<Arc<AtomicU64>>);

/// The largest number of unused counts that a thread keeps.
const MAX_UNUSED: usize = 64;

thread_local! {
    static UNUSED: RefCell<Vec<Arc<AtomicU64>>> =
        RefCell::new(Vec::with_capacity(MAX_UNUSED));
}

impl ByteCount {
    pub(super) fn new() -> ByteCount {
        let unused = UNUSED.try_with(|unused| unused.borrow_mut().pop());
        ByteCount(Some(unused.ok().flatten().unwrap_or_default()))
    }

    pub(super) fn add(&self, bytes: u64) {
        if let Some(count) = &self.0 {
            count.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    pub(super) fn get(&self) -> u64 {
        let count = self.0.as_ref();
        count.map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

impl Drop for ByteCount {
    fn drop(&mut self) {
        let Some(count) = self.0.take() else {
            return;
        };
        // A load is faster than `Arc::get_mut`, which exchanges a count. There is no `Weak`.
        if Arc::strong_count(&count) == 1 {
            // Orders the store below after the additions of the clone, which was dropped.
            fence(Ordering::Acquire);
            count.store(0, Ordering::Relaxed);
            // Fails if the thread is ending, and then frees the memory.
            _ = UNUSED.try_with(move |unused| {
                let mut unused = unused.borrow_mut();
                if unused.len() < MAX_UNUSED {
                    unused.push(count);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_the_sum_over_its_clones() {
        let count = ByteCount::new();
        let clone = count.clone();
        count.add(2);
        clone.add(3);
        drop(clone);
        assert_eq!(count.get(), 5);
    }

    #[test]
    fn the_memory_of_a_dropped_count_is_used_again_from_zero() {
        let address = |count: &ByteCount| count.0.as_ref().map(Arc::as_ptr);
        let first = ByteCount::new();
        let place = address(&first);
        first.add(7);
        drop(first.clone());
        drop(first);
        let second = ByteCount::new();
        assert_eq!((address(&second), second.get()), (place, 0));
    }

    #[test]
    fn a_thread_keeps_a_limited_number_of_unused_counts() {
        let counts: Vec<ByteCount> = (0..2 * MAX_UNUSED).map(|_| ByteCount::new()).collect();
        drop(counts);
        UNUSED.with(|unused| assert_eq!(unused.borrow().len(), MAX_UNUSED));
    }
}
