//! The part about series of the creating bench with the crate fast-telemetry, which removes series
//! only when they have been idle.

use std::thread;

use fast_telemetry::DynamicCounter;

use super::{Family, Library, SERIES};
use crate::common::{Column, Role};

impl Family for DynamicCounter {
    fn increment(&self, [tenant, path]: [&str; 2]) {
        self.inc(&[("tenant", tenant), ("path", path)]);
    }

    fn remove(&self, _: [&str; 2]) -> bool {
        false
    }
}

fn new() -> Box<dyn Family> {
    let shards = thread::available_parallelism().map_or(1, usize::from);
    Box::new(DynamicCounter::with_max_series(shards, SERIES))
}

pub(super) const PEER: Library = Library {
    column: Column {
        name: "fast-telemetry",
        package: Some("fast-telemetry"),
        role: Role::Peer,
    },
    new,
};
