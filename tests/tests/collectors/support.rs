//! Collectors that run a closure, and functions that read what a registry exposes.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

use metrics_core::{
    Collection, Collector, Desc, HistogramSnapshot, Kind, Metric, MetricFamily, MetricValue,
    NativeHistogramSnapshot, Registry, SummarySnapshot,
};

pub(crate) const NAN: f64 = f64::NAN;
pub(crate) const INFINITY: f64 = f64::INFINITY;

/// A collector timeout that is long enough for a fast collector on a slow machine.
pub(crate) const SHORT: Duration = Duration::from_secs(1);

pub(crate) const KINDS: [Kind; 8] = [
    Kind::Counter,
    Kind::Gauge,
    Kind::Histogram,
    Kind::GaugeHistogram,
    Kind::Summary,
    Kind::Info,
    Kind::StateSet,
    Kind::Unknown,
];

/// A collector of one family, whose values a closure writes.
pub(crate) struct Scripted<W> {
    pub(crate) descs: [Desc; 1],
    pub(crate) write: W,
}

impl<W: Fn(&Desc, &mut Collection<'_>) + Send + Sync + 'static> Scripted<W> {
    pub(crate) fn shared(kind: Kind, name: &'static str, write: W) -> Arc<dyn Collector> {
        Arc::new(Scripted {
            descs: [Desc::new(kind, name, "What it is.")],
            write,
        })
    }

    /// Creates a collector of a gauge.
    pub(crate) fn named(name: &'static str, write: W) -> Arc<dyn Collector> {
        Scripted::shared(Kind::Gauge, name, write)
    }
}

impl<W: Fn(&Desc, &mut Collection<'_>) + Send + Sync + 'static> Collector for Scripted<W> {
    fn descs(&self) -> &[Desc] {
        &self.descs
    }

    fn collect(&self, out: &mut Collection<'_>) {
        (self.write)(&self.descs[0], out);
    }
}

/// Creates a collector that writes 1 to a gauge.
pub(crate) fn one(name: &'static str) -> Arc<dyn Collector> {
    Scripted::named(name, |desc, out| {
        out.gauge(desc, &[], 1.0);
    })
}

/// Releases a collector that hangs.
pub(crate) struct Gate {
    /// Receives a message whenever the collector is called.
    pub(crate) entered: Receiver<()>,
    pub(crate) open: Sender<()>,
}

impl Gate {
    /// Creates a collector that hangs until the gate is opened, and returns at once from then on.
    pub(crate) fn new(name: &'static str) -> (Arc<dyn Collector>, Self) {
        let (enter, entered) = mpsc::channel();
        let (open, opened) = mpsc::channel::<()>();
        let ends = Mutex::new((enter, opened));
        let hanging = Scripted::named(name, move |desc, out| {
            let (enter, opened) = &*ends.lock().unwrap();
            let _ = enter.send(());
            // `recv` returns an error once the gate is open, because `Gate::open` drops the sender.
            let _ = opened.recv();
            out.gauge(desc, &[], 1.0);
        });
        (hanging, Gate { entered, open })
    }

    pub(crate) fn open(self) {
        drop(self.open);
    }
}

/// Creates a registry with a collector of one family of the type `kind`, named by [`name`].
pub(crate) fn writing(
    kind: Kind,
    write: impl Fn(&Desc, &mut Collection<'_>) + Send + Sync + 'static,
) -> Registry {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let collector = Scripted::shared(kind, name(kind), write);
    registry.register(collector).unwrap();
    registry
}

pub(crate) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "x_total",
        Kind::Info => "x_info",
        _ => "x",
    }
}

/// Writes a valid value of the type `kind`.
pub(crate) fn write_valid(
    kind: Kind,
    desc: &Desc,
    labels: &[(&str, &str)],
    out: &mut Collection<'_>,
) {
    write_valid_at(kind, desc, labels, out, None);
}

/// Writes a valid value of the type `kind`, with a timestamp if one is given.
pub(crate) fn write_valid_at(
    kind: Kind,
    desc: &Desc,
    labels: &[(&str, &str)],
    out: &mut Collection<'_>,
    timestamp: Option<f64>,
) {
    let classic = || HistogramSnapshot::from_buckets([(1.0, 2), (INFINITY, 1)], 7.5);
    let series = match kind {
        Kind::Counter => out.counter(desc, labels, 1.5).created(1e9),
        Kind::Gauge => out.gauge(desc, labels, -1.5),
        Kind::Histogram => out.histogram(desc, labels, classic()).created(1e9),
        Kind::GaugeHistogram => out.gauge_histogram(desc, labels, classic()),
        Kind::Summary => {
            let snapshot = SummarySnapshot::new([(0.5, 1.0), (0.99, 2.0)], 3, 4.0);
            out.summary(desc, labels, snapshot).created(1e9)
        }
        Kind::Info => out.info(desc, labels),
        Kind::StateSet => out.state_set(desc, labels, &[("a", true), ("b", true), ("c", false)]),
        _ => out.unknown(desc, labels, -1.5),
    };
    if let Some(timestamp) = timestamp {
        series.timestamp(timestamp);
    }
}

/// Returns four observations: one at most 1e-9 from 0, two in (1, 2], one in (2, 4].
pub(crate) fn native() -> NativeHistogramSnapshot {
    NativeHistogramSnapshot::new(0)
        .zero_bucket(1e-9, 1)
        .positive([(1, 2), (2, 1)])
}

/// Returns how many values of a family were rejected, including those of the scrape in this call.
pub(crate) fn rejected(registry: &Registry, name: &str) -> u64 {
    let families = registry.gather();
    let rejected = families
        .iter()
        .filter(|family| family.name == "metrics_rejected_total");
    let label = ("family".to_owned(), name.to_owned());
    let of_family = rejected
        .flat_map(|family| &family.metrics)
        .filter(|metric| metric.labels.contains(&label));
    of_family.map(|metric| number(&metric.value) as u64).sum()
}

#[track_caller]
pub(crate) fn family(registry: &Registry, name: &str) -> MetricFamily {
    let families = registry.gather();
    let found = families.iter().find(|family| family.name == name);
    found
        .unwrap_or_else(|| panic!("no `{name}` in {families:?}"))
        .clone()
}

/// Returns the value of the first family, which must have one series.
#[track_caller]
pub(crate) fn value(registry: &Registry) -> MetricValue {
    let families = registry.gather();
    let [Metric { value, .. }] = &families[0].metrics[..] else {
        panic!("expected one series: {families:?}");
    };
    value.clone()
}

pub(crate) fn number(value: &MetricValue) -> f64 {
    match value {
        MetricValue::Counter(number) | MetricValue::Gauge(number) => number.as_f64(),
        other => panic!("not a number: {other:?}"),
    }
}

pub(crate) fn errors(collector: &str, reason: &str, count: u64) -> String {
    format!(
        "metrics_collector_errors_total{{collector=\"{collector}\",reason=\"{reason}\"}} {count}\n"
    )
}
