//! The part about series of the creating bench with the crate prometheus.

use prometheus::{IntCounterVec, Opts};

use super::{Family, Library};
use crate::common::{Column, Role};

impl Family for IntCounterVec {
    fn increment(&self, values: [&str; 2]) {
        self.with_label_values(&values).inc();
    }

    fn remove(&self, values: [&str; 2]) -> bool {
        self.remove_label_values(&values).is_ok()
    }
}

fn new() -> Box<dyn Family> {
    let options = Opts::new("visits_total", "Visits.");
    let family = IntCounterVec::new(options, &["tenant", "path"]);
    Box::new(family.expect("the options are valid"))
}

pub(super) const PEER: Library = Library {
    column: Column {
        name: "prometheus",
        package: Some("prometheus"),
        role: Role::Peer,
    },
    new,
};
