//! The atomics, locks and thread-local values of the storage and of the index of series.
//!
//! The items of this module are those of the standard library. The package `tests/models` compiles
//! both layers with another module in place of this one, which has the same interface and the items
//! of loom.

pub(crate) use std::{
    hint::spin_loop,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, fence},
    },
};

/// For `thread_state/fallback.rs`, which is compiled for targets without native thread-local
/// storage.
#[cfg(metrics_fallback_storage)]
pub(crate) use std::thread_local;

/// Declares a static. The macro of this name in `tests/models` gives each run of a model a new
/// value.
macro_rules! shared_static {
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty = $value:expr;) => {
        $(#[$attribute])*
        $vis static $name: $type = $value;
    };
}

pub(crate) use shared_static;

/// The binary logarithm of the number of ranges in which a summary counts the values between two
/// consecutive powers of two.
pub(crate) const RANGE_BITS: u32 = 6;

/// The number of lists of pages in the window of a summary.
pub(crate) const CHAINS: usize = 64;

/// The number of slots of a thread's first directory, the array of the addresses of its cells.
pub(crate) const FIRST_DIRECTORY: usize = 64;

/// The number of words of the first chunk of memory for long keys.
pub(crate) const FIRST_CHUNK: usize = 64;

/// The number of lists of stripes in a region: see [`stripes`](super::stripes).
pub(crate) const STRIPE_LISTS: usize = 16;

/// The number of times that a scrape tries to read a block of a histogram before it requests a
/// copy.
#[inline(always)]
pub(crate) const fn direct_reads() -> usize {
    4
}

/// The number of threads that may own heap cells of one region: twice the number of processors, so
/// that all threads that run at the same time can, although some owners are idle; at least 8.
pub(crate) fn max_owners() -> usize {
    (2 * processors()).max(8)
}

/// The number of processors that the program may use; 1 if it is unknown.
fn processors() -> usize {
    use std::{
        num::NonZero,
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };
    // Not a `OnceLock`: asking the operating system may allocate, an allocator may record, and that
    // recording may call this function while the outer call initialises the lock.
    static KNOWN: AtomicUsize = AtomicUsize::new(0);
    match KNOWN.load(Ordering::Relaxed) {
        0 => {
            let processors = thread::available_parallelism().map_or(1, NonZero::get);
            KNOWN.store(processors, Ordering::Relaxed);
            processors
        }
        known => known,
    }
}

/// A seed for the hashes of keys: random, so that a client that chooses label values cannot choose
/// keys that collide.
pub(crate) fn hash_seed() -> [u64; 2] {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new();
    [random.hash_one(0_u64), random.hash_one(1_u64)]
}
