//! What an exposition that is handed on at once takes of memory.

use std::io;

use metrics_core::Format;

use super::{
    Work,
    allocator::{Allocated, watch},
};
use crate::encoders::ours;

/// What this is called where works are chosen.
pub(crate) const NAME: &str = "memory of 1,000,000 counters";

/// Encodes a million counters into nothing.
pub(crate) fn measure() -> Allocated {
    eprintln!("{NAME}");
    let (registry, _recorders) = ours::registry(Work::Counters(1_000_000));
    let encode = || {
        let written = registry.encode(Format::Text, &mut io::sink());
        written.expect("a sink takes everything");
    };
    // What is kept from the first time on is not what one takes.
    encode();
    watch(encode)
}
