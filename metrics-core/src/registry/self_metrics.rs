//! [`SelfMetrics`]: the metrics of a registry about itself.

use std::collections::BTreeMap;

use crate::{
    describe::{
        desc::Desc,
        escaping::{self, Escaping, SCHEMES},
        kind::Kind,
        name,
        subject::Subject,
    },
    registry::selection::Selection,
    sample::{
        head::{FamilyHead, HeadCache},
        label_text,
        sink::Sink,
        value::{Number, Value},
    },
};

/// The values of a registry's self-metrics in one scrape.
#[derive(Default)]
pub(crate) struct SelfMetrics {
    /// Failed scrapes by first family of the collector and reason. A map, because collectors that
    /// share a family may have the same first family.
    collector_errors: BTreeMap<(String, &'static str), u64>,
    overflowed: Vec<Series>,
    /// Rejected values by family and reason. A map, because several collectors may write the same
    /// undescribed family.
    rejected: BTreeMap<(String, &'static str), u64>,
    series: Vec<Series>,
}

/// A series of a self-metric.
struct Series {
    label: &'static str,
    /// The value of `label`: the name of a family, without the registry's prefix.
    family: String,
    /// Value of the label `reason`; empty if there is none.
    reason: &'static str,
    value: u64,
}

impl SelfMetrics {
    /// Adds the number of scrapes in which a collector failed; `collector` is the name of its first
    /// family.
    pub(crate) fn add_collector_errors(
        &mut self,
        collector: &str,
        reason: &'static str,
        count: u64,
    ) {
        let key = (collector.to_owned(), reason);
        *self.collector_errors.entry(key).or_default() += count;
    }

    /// Adds how often the overflow series of `family` was returned instead of the requested series.
    pub(crate) fn add_overflowed(&mut self, family: &str, count: u64) {
        let series = Series::new("family", family, "", count);
        self.overflowed.push(series);
    }

    /// Adds the number of rejected values, exemplars or declarations of a family.
    pub(crate) fn add_rejected(&mut self, family: &str, reason: &'static str, count: u64) {
        let key = (family.to_owned(), reason);
        *self.rejected.entry(key).or_default() += count;
    }

    /// Adds the number of series of a family.
    pub(crate) fn add_series(&mut self, family: &str, count: u64) {
        self.series.push(Series::new("family", family, "", count));
    }

    /// Writes the selected self-metrics.
    pub(crate) fn write(self, prefix: &str, sink: &mut dyn Sink, selection: Selection<'_>) {
        let series = if self.series.len() > MAX_FAMILIES_FOR_SERIES {
            Vec::new()
        } else {
            self.series
        };
        let of_map = |label, counts: BTreeMap<(String, &'static str), u64>| {
            let counts = counts.into_iter();
            let series = counts.map(|((of, reason), n)| Series::new(label, &of, reason, n));
            series.collect::<Vec<_>>()
        };
        let families = [
            (
                &COLLECTOR_ERRORS,
                of_map("collector", self.collector_errors),
            ),
            (&OVERFLOWED, self.overflowed),
            (&REJECTED, of_map("family", self.rejected)),
            (&SERIES, series),
        ];
        for (desc, all) in families {
            if all.is_empty() || !selection.includes(desc) {
                continue;
            }
            sink.begin_family(FamilyHead {
                prefix,
                desc,
                cache: &HeadCache::default(),
            });
            for series in all {
                let number = Number::Unsigned(series.value);
                let value = match desc.kind {
                    Kind::Counter => Value::Counter(number, None),
                    _ => Value::Gauge(number),
                };
                sink.write_series(&series.labels(prefix), 0.0, value);
            }
            sink.checkpoint();
        }
    }
}

impl Series {
    fn new(label: &'static str, family: &str, reason: &'static str, value: u64) -> Self {
        Series {
            label,
            family: family.to_owned(),
            reason,
            value,
        }
    }

    /// The rendered labels.
    fn labels(&self, prefix: &str) -> String {
        let mut labels = String::new();
        let family = format!("{prefix}{}", self.family);
        label_text::push_label(&mut labels, self.label, &family);
        label_text::push_label(&mut labels, "reason", self.reason);
        labels
    }
}

/// Checks that a metric does not use a name of a self-metric.
///
/// # Errors
///
/// Names the self-metric.
pub(crate) fn check_name(desc: &Desc) -> Result<(), String> {
    let is_legacy = name::is_legacy_metric(desc.name());
    // The fast path for most metrics: the names of all self-metrics begin with `metrics_`.
    if is_legacy && !desc.name().starts_with("metrics_") {
        return Ok(());
    }
    let clashes = |known: &&Desc| {
        let intersect = |a: Vec<String>, b: Vec<String>| a.iter().any(|name| b.contains(name));
        let intersect_escaped = |scheme: Escaping| {
            let names = |desc| escaping::sample_names(desc, "", scheme);
            intersect(names(known), names(desc))
        };
        intersect(known.sample_names(), desc.sample_names())
            || !is_legacy && SCHEMES.into_iter().any(intersect_escaped)
    };
    match ALL.iter().find(clashes) {
        None => Ok(()),
        Some(known) => Err(format!(
            "`{}` ({}): the name is taken by the self-metric `{}`; rename it",
            desc.name(),
            desc.location(),
            known.name(),
        )),
    }
}

/// With more families than this, `metrics_series` is left out, because it has a series for each.
const MAX_FAMILIES_FOR_SERIES: usize = 1000;

/// The names of the labels of self-metrics.
pub(crate) const LABELS: [&str; 3] = ["collector", "family", "reason"];

const ALL: [Desc; 4] = [SERIES, OVERFLOWED, REJECTED, COLLECTOR_ERRORS];

const SERIES: Desc = Desc::new(
    Kind::Gauge,
    "metrics_series",
    "Series of each metric family.",
)
.about(Subject::Library);
const OVERFLOWED: Desc = Desc::new(
    Kind::Counter,
    "metrics_overflowed_total",
    "Look-ups of label sets that led to an overflow series because of the cardinality limit of \
     their metric.",
)
.about(Subject::Library);
const REJECTED: Desc = Desc::new(
    Kind::Counter,
    "metrics_rejected_total",
    "Values and exemplars that could not be recorded, declarations left out because they clash, \
     and help texts left out because they differ from the first one.",
)
.about(Subject::Library);
const COLLECTOR_ERRORS: Desc = Desc::new(
    Kind::Counter,
    "metrics_collector_errors_total",
    "Scrapes in which a collector panicked or did not answer in time.",
)
.about(Subject::Library);
