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

/// A seed for the hashes of keys: random, so that a client that chooses label values cannot choose
/// keys that collide.
pub(crate) fn hash_seed() -> [u64; 2] {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new();
    [random.hash_one(0_u64), random.hash_one(1_u64)]
}
