//! The harness: encoders of the same metrics, measured in turns, compared by their medians.
//!
//! A new peer is a file in `encoders` that enters what it can do; a new target is a line in
//! `checks.rs`.

pub(crate) mod allocator;
mod checks;
mod clock;
pub(crate) mod inputs;
mod markdown;
pub(crate) mod memory;
mod plausible;
mod plot;
mod race;
mod results;
mod work;

pub(crate) use self::{race::Race, results::Results, work::Work};

use std::mem;

/// Metrics that were made and recorded, and what writes them down.
pub(crate) trait Encoder {
    /// Writes the exposition to `out`, which keeps the memory that it has and is empty, unless it
    /// is to be [overwritten](Encoder::overwrites).
    fn encode(&mut self, out: &mut Vec<u8>);

    /// Whether it makes the exposition the content of `out`, whatever that is.
    fn overwrites(&self) -> bool {
        false
    }

    /// Whether it writes lines.
    fn is_text(&self) -> bool {
        true
    }
}

/// Lends the memory of an empty `out` to what writes a string.
pub(crate) fn as_text(out: &mut Vec<u8>, write: impl FnOnce(&mut String)) {
    let mut text = String::from_utf8(mem::take(out)).expect("nothing is text, too");
    write(&mut text);
    *out = text.into_bytes();
}
