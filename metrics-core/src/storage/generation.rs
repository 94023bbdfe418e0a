//! Places that one series after another takes, and what a thread's words in them count for.
//!
//! Each series has a *generation*, larger than those of all before it. A region notes which
//! generation stands in each place, and the newest that took the place of another; a thread notes
//! up to which it has `seen` them and zeroed its words where they were another's. Its words count
//! for a series only if it has seen its generation.

use std::sync::atomic::Ordering;

use crate::storage::atomic::Atomic;

/// Begins another series in a place where one was before; under the lock.
///
/// `shared` are the words in this place that all threads share.
pub(crate) fn claim<W: Atomic>(born: &W, newest: &W, shared: &[W], generation: u64) {
    for word in shared {
        word.store(0, Ordering::Relaxed);
    }
    born.store(generation, Ordering::Relaxed);
    // Release: a thread that catches up with it finds the generations up to it.
    newest.store(generation, Ordering::Release);
}

/// Zeroes a thread's words of series that have come since it last did so.
///
/// `generation` is one that the thread has found in the index, and `forget` makes it give up the
/// words that it has found but not yet used.
pub(crate) fn catch_up<W: Atomic>(
    generations: &[W],
    newest: &W,
    generation: u64,
    words: &[W],
    seen: &W,
    forget: impl FnOnce(),
) {
    // Acquire: the generations up to this one are there.
    let newest = newest.load(Ordering::Acquire);
    let known = seen.load(Ordering::Relaxed);
    if newest > known {
        // What was found in these places before is not to be found there any more.
        forget();
        let width = (words.len() / generations.len()).max(1);
        for (born, words) in generations.iter().zip(words.chunks(width)) {
            if born.load(Ordering::Relaxed) > known {
                for word in words {
                    word.store(0, Ordering::Relaxed);
                }
            }
        }
    }
    // Series are born in the order of their generations: those up to this one have been seen.
    // Release: a scrape that counts these words for the new series finds the zeros.
    seen.store(newest.max(generation), Ordering::Release);
}

/// Whether a thread's words count for the series that stands in a place; asked under the lock.
pub(crate) fn has_seen<W: Atomic>(seen: &W, generation: u64) -> bool {
    // Acquire: the words were zeroed before.
    seen.load(Ordering::Acquire) >= generation
}
