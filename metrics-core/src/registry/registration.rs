//! Lists the metrics and collectors that the macros register at link time.
//!
//! The crate `inventory` collects the registrations, or the crate `linkme` if the feature `linkme`
//! is on. Only this file, the macro `__register!` and `__private` use these crates.

use crate::{
    describe::source_location::SourceLocation,
    metric::family::{Family, FamilyRef},
    registry::{collector::Collector, item::Item},
};

/// A declaration that the macros register at link time.
#[derive(Clone, Copy)]
#[doc(hidden)]
pub enum Registration {
    Family(&'static Family),
    Collector(&'static dyn Collector),
}

#[cfg(not(feature = "linkme"))]
inventory::collect!(Registration);

#[cfg(feature = "linkme")]
#[doc(hidden)]
#[linkme::distributed_slice]
pub static REGISTRATIONS: [Registration];

/// Everything that was registered at link time.
///
/// Sorted by name and source location, so that every build keeps the same one of two declarations
/// that clash. The linker's order is arbitrary.
pub(crate) fn linked_items() -> Vec<Item> {
    #[cfg(not(feature = "linkme"))]
    let registrations = inventory::iter::<Registration>();
    #[cfg(feature = "linkme")]
    let registrations = REGISTRATIONS.iter();
    let items = registrations.map(|registration| match registration {
        Registration::Family(family) => Item::Metric(FamilyRef::Declared(family)),
        Registration::Collector(collector) => Item::DeclaredCollector(*collector),
    });
    let mut items: Vec<_> = items.collect();
    items.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    items
}

fn sort_key(item: &Item) -> Option<(&str, SourceLocation)> {
    let first = item.descs().first()?;
    Some((first.name(), first.location()))
}
