//! Units in Grafana's words.

use crate::{catalog::CatalogFamily, describe::kind::Kind};

/// The unit of a family's values: what is declared, or what its name ends in.
pub(super) fn of(family: &CatalogFamily) -> &'static str {
    match word(family) {
        "seconds" => "s",
        "bytes" => "bytes",
        "ratio" => "percentunit",
        "percent" => "percent",
        "celsius" => "celsius",
        "meters" | "metres" => "lengthm",
        "grams" => "massg",
        "volts" => "volt",
        "amperes" => "amp",
        "joules" => "joule",
        _ => "short",
    }
}

/// The unit of what a family's values grow by in a second.
pub(super) fn of_rate(family: &CatalogFamily) -> &'static str {
    match word(family) {
        "bytes" => "Bps",
        // Seconds in a second: the share of the time.
        "seconds" => "percentunit",
        "joules" => "watt",
        _ if family.name.contains("requests") => "reqps",
        _ => "cps",
    }
}

/// Whether the values are times, in seconds since 1970.
pub(super) fn is_timestamp(family: &CatalogFamily) -> bool {
    family.kind == Kind::Gauge
        && ["_timestamp_seconds", "_start_time_seconds"]
            .iter()
            .any(|end| family.name.ends_with(end))
}

fn word(family: &CatalogFamily) -> &str {
    let name = family.name.strip_suffix("_total");
    let name = name.unwrap_or(&family.name);
    let last = || name.rsplit(['_', '.']).next().unwrap_or_default();
    family.unit.as_deref().unwrap_or_else(last)
}
