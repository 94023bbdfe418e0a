//! The harness of the encoding bench: encoders of the same metrics are measured alternately and
//! compared by medians.
//!
//! To add a peer, add a file to `encoders`; to add a target, a line to `checks.rs`.

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

pub(crate) use self::{
    race::Race,
    results::Results,
    work::{RECORDERS, Work},
};

use std::mem;

/// Recorded metrics and their encoder.
pub(crate) trait Encoder {
    /// Writes the exposition to `out`, which has the capacity of earlier calls. The caller has
    /// cleared it, unless the encoder [overwrites](Encoder::overwrites) it.
    fn encode(&mut self, out: &mut Vec<u8>);

    /// Records before an exposition, outside of the measured time, and returns whether it has.
    fn record(&mut self) -> bool {
        false
    }

    /// Returns whether [`encode`](Encoder::encode) replaces the contents of `out`.
    fn overwrites(&self) -> bool {
        false
    }

    /// Returns whether the format is text, whose samples the harness counts and sums as a check.
    fn is_text(&self) -> bool {
        true
    }
}

/// Lends `out`, which must be empty, to a closure as a string with the same capacity.
pub(crate) fn as_text(out: &mut Vec<u8>, write: impl FnOnce(&mut String)) {
    let mut text = String::from_utf8(mem::take(out)).expect("an empty vector is valid UTF-8");
    write(&mut text);
    *out = text.into_bytes();
}
