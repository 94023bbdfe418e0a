//! [`Calls`]: finds the families that `#[counted]`, `#[timed]` and `#[in_flight]` record into by
//! default.

use crate::catalog::{Catalog, CatalogFamily};

/// The default families of measured functions; each is `None` if no function records into it.
#[derive(Clone, Copy)]
pub(super) struct Calls<'a> {
    pub(super) counted: Option<&'a CatalogFamily>,
    pub(super) timed: Option<&'a CatalogFamily>,
    pub(super) in_flight: Option<&'a CatalogFamily>,
}

impl<'a> Calls<'a> {
    pub(super) fn of(catalog: &'a Catalog) -> Calls<'a> {
        let named = |name| catalog.family(&format!("{}{name}", catalog.prefix));
        Calls {
            counted: named("function_calls_total"),
            timed: named("function_duration_seconds"),
            in_flight: named("function_calls_in_flight"),
        }
    }

    pub(super) fn all(self) -> impl Iterator<Item = &'a CatalogFamily> {
        [self.counted, self.timed, self.in_flight]
            .into_iter()
            .flatten()
    }

    pub(super) fn has(&self, family: &CatalogFamily) -> bool {
        self.all().any(|known| known.name == family.name)
    }
}

/// The labels that together identify a function.
pub(super) const FUNCTION_LABELS: [&str; 2] = ["function", "module"];
