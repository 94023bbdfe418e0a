//! The metrics that a registry keeps of itself.

use std::collections::BTreeMap;

use crate::{
    describe::{
        desc::Desc,
        escaping,
        escaping::{Escaping, SCHEMES},
        kind::Kind,
        name,
    },
    sample::{
        head::{FamilyHead, HeadCache},
        label_text,
        sink::Sink,
        value::{Number, Value},
    },
};

/// What a registry tells of itself in one scrape, row by row.
#[derive(Default)]
pub(crate) struct Own {
    collector_errors: Vec<Row>,
    overflowed: Vec<Row>,
    /// By family and reason: a collector may write what is another's.
    rejected: BTreeMap<(String, &'static str), u64>,
    series: Vec<Row>,
}

/// A series: whom it is about, why, and how many.
struct Row {
    about: (&'static str, String),
    reason: &'static str,
    count: u64,
}

impl Own {
    /// Scrapes without the collector that begins with this family, and why.
    pub(crate) fn collector_errors(&mut self, collector: &str, reason: &'static str, count: u64) {
        self.collector_errors
            .push(Row::new("collector", collector, reason, count));
    }

    /// Label sets of a family beyond its cap.
    pub(crate) fn overflowed(&mut self, family: &str, count: u64) {
        self.overflowed.push(Row::new("family", family, "", count));
    }

    /// What was left out of a family, and why.
    pub(crate) fn rejected(&mut self, family: &str, reason: &'static str, count: u64) {
        *self
            .rejected
            .entry((family.to_owned(), reason))
            .or_default() += count;
    }

    /// Series of a family.
    pub(crate) fn series(&mut self, family: &str, count: u64) {
        self.series.push(Row::new("family", family, "", count));
    }

    /// Writes it all, the names as the exposition shows them.
    pub(crate) fn write(self, prefix: &str, sink: &mut dyn Sink, wants: &dyn Fn(&Desc) -> bool) {
        let series = if self.series.len() > SERIES_FAMILIES {
            Vec::new()
        } else {
            self.series
        };
        let rejected = self.rejected.into_iter();
        let rejected = rejected
            .map(|((family, reason), count)| Row::new("family", &family, reason, count))
            .collect();
        let families = [
            (&COLLECTOR_ERRORS, self.collector_errors),
            (&OVERFLOWED, self.overflowed),
            (&REJECTED, rejected),
            (&SERIES, series),
        ];
        for (desc, rows) in families {
            if rows.is_empty() || !wants(desc) {
                continue;
            }
            sink.begin_family(FamilyHead {
                prefix,
                desc,
                cache: &HeadCache::default(),
            });
            for row in rows {
                let number = Number::Unsigned(row.count);
                let value = match desc.kind {
                    Kind::Counter => Value::Counter(number, None),
                    _ => Value::Gauge(number),
                };
                sink.write_series(&row.labels(prefix), 0.0, value);
            }
            sink.checkpoint();
        }
    }
}

impl Row {
    fn new(key: &'static str, name: &str, reason: &'static str, count: u64) -> Self {
        Row {
            about: (key, name.to_owned()),
            reason,
            count,
        }
    }

    fn labels(&self, prefix: &str) -> String {
        let (key, name) = &self.about;
        let mut labels = String::new();
        label_text::push_label(&mut labels, key, &format!("{prefix}{name}"));
        label_text::push_label(&mut labels, "reason", self.reason);
        labels
    }
}

/// Keeps other metrics from these names.
///
/// # Errors
///
/// Says which of them it is.
pub(crate) fn check(desc: &Desc) -> Result<(), String> {
    let is_legacy = name::is_legacy_metric(desc.name());
    // As all of them begin.
    if is_legacy && !desc.name().starts_with("metrics_") {
        return Ok(());
    }
    let clash = |own: &&Desc| {
        let both = |own: Vec<String>, other: Vec<String>| own.iter().any(|n| other.contains(n));
        let escaped = |scheme: Escaping| {
            let names = |desc| escaping::sample_names(desc, "", scheme);
            both(names(own), names(desc))
        };
        both(own.sample_names(), desc.sample_names())
            || !is_legacy && SCHEMES.into_iter().any(escaped)
    };
    match OWN.iter().find(clash) {
        None => Ok(()),
        Some(own) => Err(format!(
            "`{}` ({}): the registry writes `{}` of itself; rename it",
            desc.name(),
            desc.location(),
            own.name(),
        )),
    }
}

/// `metrics_series` is left out when there are more families than this.
const SERIES_FAMILIES: usize = 1000;

const OWN: [Desc; 4] = [SERIES, OVERFLOWED, REJECTED, COLLECTOR_ERRORS];

const SERIES: Desc = Desc::new(
    Kind::Gauge,
    "metrics_series",
    "Series of each metric family.",
);
const OVERFLOWED: Desc = Desc::new(
    Kind::Counter,
    "metrics_overflowed_total",
    "Label sets that were recorded as `overflow` because their metric had reached its cap.",
);
const REJECTED: Desc = Desc::new(
    Kind::Counter,
    "metrics_rejected_total",
    "Values and exemplars that could not be recorded, and declarations left out because they \
     clash.",
);
const COLLECTOR_ERRORS: Desc = Desc::new(
    Kind::Counter,
    "metrics_collector_errors_total",
    "Scrapes in which a collector panicked or did not answer in time.",
);
