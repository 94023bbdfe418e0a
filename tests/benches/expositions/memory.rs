//! Measures how much memory metrics-core allocates while it encodes a million counters into a
//! writer.

use std::io;

use metrics_core::Format;

use super::{
    Work,
    allocator::{Allocated, watch},
};
use crate::encoders::ours;

/// Name of this measurement, for selection on the command line.
pub(crate) const NAME: &str = "memory of 1,000,000 counters";

/// Returns the allocations during the exposition of a million counters, whose output is discarded.
pub(crate) fn measure() -> Allocated {
    eprintln!("{NAME}");
    let (registry, _recorders) = ours::registry(Work::Counters(1_000_000));
    let encode = || {
        let written = registry.encode(Format::Text, &mut io::sink());
        written.expect("writing to a sink does not fail");
    };
    // The first exposition fills caches, which stay allocated and so do not count as memory of an
    // exposition.
    encode();
    watch(encode)
}
