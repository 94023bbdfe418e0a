//! The part about series of the creating bench with our crate metrics-core.

use metrics_core::{Counter, DynamicFamily, Options, Registry};

use super::{Family, Library, SERIES};
use crate::common::{Column, Role};

impl Family for DynamicFamily<Counter> {
    fn increment(&self, values: [&str; 2]) {
        self.with(&values).inc();
    }

    fn remove(&self, values: [&str; 2]) -> bool {
        DynamicFamily::remove(self, &values)
    }
}

fn new() -> Box<dyn Family> {
    let options = Options::new("visits_total", "Visits.").labels(["tenant", "path"]);
    let family = Registry::new().create_family::<Counter>(options.max_series(SERIES));
    Box::new(family.expect("the options are valid"))
}

pub(super) const OURS: Library = Library {
    column: Column {
        name: "ours",
        package: None,
        role: Role::Ours,
    },
    new,
};
