//! Maps units of metrics to Grafana's unit ids.

use crate::{catalog::CatalogFamily, describe::kind::Kind};

/// The Grafana unit of a family's values.
pub(super) fn of(family: &CatalogFamily) -> &'static str {
    match unit_word(family) {
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

/// The Grafana unit of the per-second rate of a family's values.
pub(super) fn of_rate(family: &CatalogFamily) -> &'static str {
    match unit_word(family) {
        "bytes" => "Bps",
        // Seconds per second are a ratio, such as CPU usage.
        "seconds" => "percentunit",
        "joules" => "watt",
        _ if family.name.contains("requests") => "reqps",
        _ => "cps",
    }
}

/// Whether the values are Unix timestamps in seconds, as far as the name of a gauge shows it.
pub(super) fn is_timestamp(family: &CatalogFamily) -> bool {
    family.kind == Kind::Gauge
        && ["_timestamp_seconds", "_start_time_seconds"]
            .iter()
            .any(|end| family.name.ends_with(end))
}

/// The declared unit, or else the last word of the name, without `_total`.
fn unit_word(family: &CatalogFamily) -> &str {
    let name = family.name.strip_suffix("_total");
    let name = name.unwrap_or(&family.name);
    let last = || name.rsplit(['_', '.']).next().unwrap_or_default();
    family.unit.as_deref().unwrap_or_else(last)
}
