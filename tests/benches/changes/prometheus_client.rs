//! The part about series of the creating bench with the crate prometheus-client.

use prometheus_client::metrics::{counter::Counter, family};

use super::{Family, Library};
use crate::common::{Column, Role};

type Labels = [(&'static str, String); 2];

fn labels([tenant, path]: [&str; 2]) -> Labels {
    [("tenant", tenant.to_owned()), ("path", path.to_owned())]
}

impl Family for family::Family<Labels, Counter> {
    fn increment(&self, values: [&str; 2]) {
        self.get_or_create(&labels(values)).inc();
    }

    fn remove(&self, values: [&str; 2]) -> bool {
        family::Family::remove(self, &labels(values))
    }
}

pub(super) const PEER: Library = Library {
    column: Column {
        name: "prometheus-client",
        package: Some("prometheus-client"),
        role: Role::Peer,
    },
    new: || Box::new(family::Family::<Labels, Counter>::default()),
};
