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
///
/// Only `metrics_series` always has a sample. A counter is absent while it is 0, and a family's
/// share of its limit while it is small, because these would be most samples of a small program.
pub(crate) struct SelfMetrics<'a> {
    /// The registry's prefix.
    prefix: &'a str,
    /// The number of series of all families of metrics.
    series: u64,
    /// For each family that has reached [`MIN_LIMIT_RATIO`], its share of the cardinality limit.
    limit_ratios: Vec<Sample>,
    overflowed: Vec<Sample>,
    /// Rejected values by family and reason. A map, because several collectors may write the same
    /// undescribed family.
    rejected: BTreeMap<(String, &'static str), u64>,
    /// Failed scrapes by first family of the collector and reason. A map, because collectors that
    /// share a family may have the same first family.
    collector_errors: BTreeMap<(String, &'static str), u64>,
}

/// A sample of a self-metric.
struct Sample {
    labels: String,
    number: Number,
}

impl<'a> SelfMetrics<'a> {
    /// The self-metrics of a registry with this prefix, whose values are added afterwards. They
    /// are added by names without the prefix.
    pub(crate) fn new(prefix: &'a str) -> Self {
        SelfMetrics {
            prefix,
            series: 0,
            limit_ratios: Vec::new(),
            overflowed: Vec::new(),
            rejected: BTreeMap::new(),
            collector_errors: BTreeMap::new(),
        }
    }

    /// Adds the number of scrapes in which a collector failed; `collector` is the name of its first
    /// family.
    pub(crate) fn add_collector_errors(
        &mut self,
        collector: &str,
        reason: &'static str,
        count: u64,
    ) {
        add(&mut self.collector_errors, collector, reason, count);
    }

    /// Adds the number of rejected values, exemplars or declarations of a family.
    pub(crate) fn add_rejected(&mut self, family: &str, reason: &'static str, count: u64) {
        add(&mut self.rejected, family, reason, count);
    }

    /// Adds how often the overflow series of `family` was returned instead of the requested series.
    pub(crate) fn add_overflowed(&mut self, family: &str, count: u64) {
        if count > 0 {
            let labels = labels(self.prefix, "family", family);
            let number = Number::Unsigned(count);
            self.overflowed.push(Sample { labels, number });
        }
    }

    /// Adds the number of series of a family.
    pub(crate) fn add_series(&mut self, count: u64) {
        self.series += count;
    }

    /// Adds the number of series of a family as a share of its cardinality limit.
    pub(crate) fn add_limit_ratio(&mut self, family: &str, ratio: f64) {
        if ratio >= MIN_LIMIT_RATIO {
            let labels = labels(self.prefix, "family", family);
            // The ratio exceeds 1 if it counts an overflow series, which the limit does not.
            let number = Number::Float(ratio.min(1.0));
            self.limit_ratios.push(Sample { labels, number });
        }
    }

    /// Writes the selected self-metrics.
    pub(crate) fn write(self, sink: &mut dyn Sink, selection: Selection<'_>) {
        let prefix = self.prefix;
        let series = Sample {
            labels: String::new(),
            number: Number::Unsigned(self.series),
        };
        let collector_errors = samples(prefix, "collector", self.collector_errors);
        let families = [
            (&COLLECTOR_ERRORS, collector_errors),
            (&OVERFLOWED, self.overflowed),
            (&REJECTED, samples(prefix, "family", self.rejected)),
            (&SERIES, vec![series]),
            (&LIMIT_RATIO, self.limit_ratios),
        ];
        for (desc, samples) in families {
            if samples.is_empty() || !selection.includes(desc) {
                continue;
            }
            sink.begin_family(FamilyHead {
                prefix,
                desc,
                cache: &HeadCache::default(),
            });
            for Sample { labels, number } in samples {
                let value = match desc.kind {
                    Kind::Counter => Value::Counter(number, None),
                    _ => Value::Gauge(number),
                };
                sink.write_series(&labels, 0.0, value);
            }
            sink.checkpoint();
        }
    }
}

fn add(
    counts: &mut BTreeMap<(String, &'static str), u64>,
    name: &str,
    reason: &'static str,
    count: u64,
) {
    if count > 0 {
        *counts.entry((name.to_owned(), reason)).or_default() += count;
    }
}

/// The samples of a counter with the labels `label` and `reason`.
fn samples(
    prefix: &str,
    label: &'static str,
    counts: BTreeMap<(String, &'static str), u64>,
) -> Vec<Sample> {
    let samples = counts.into_iter().map(|((name, reason), count)| {
        let mut labels = labels(prefix, label, &name);
        label_text::push_label(&mut labels, "reason", reason);
        let number = Number::Unsigned(count);
        Sample { labels, number }
    });
    samples.collect()
}

/// A label whose value is the name of a family with the registry's prefix.
fn labels(prefix: &str, label: &str, family: &str) -> String {
    let mut labels = String::new();
    label_text::push_label(&mut labels, label, &format!("{prefix}{family}"));
    labels
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

/// The share of its cardinality limit from which on a family has a sample.
///
/// Early enough for an alert before label values are lost, and so late that there is at most one
/// sample for half as many series as the limit allows.
const MIN_LIMIT_RATIO: f64 = 0.5;

/// The names of the labels of self-metrics.
pub(crate) const LABELS: [&str; 3] = ["collector", "family", "reason"];

const ALL: [Desc; 5] = [SERIES, LIMIT_RATIO, OVERFLOWED, REJECTED, COLLECTOR_ERRORS];

const SERIES: Desc = Desc::new(
    Kind::Gauge,
    "metrics_series",
    "Series of all metrics, without those that collectors write.",
)
.about(Subject::Library);
const LIMIT_RATIO: Desc = Desc::new(
    Kind::Gauge,
    "metrics_series_limit_ratio",
    "Series of a metric family as a share of its cardinality limit, from 0.5 on.",
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
