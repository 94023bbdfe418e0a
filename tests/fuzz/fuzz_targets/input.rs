//! Converts the fuzzer's bytes to a registry and operations on it.

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use metrics_core::{
    Collection, Collector, Counter, Desc, DynamicMetric, FloatCounter, FloatGauge, Gauge,
    Histogram, HistogramSnapshot, Kind, NativeHistogramSnapshot, Options, Registry, Summary,
    SummarySnapshot, UpDownCounter,
};

/// A registry and the operations on it.
#[derive(Arbitrary, Debug)]
pub struct Input {
    prefix: String,
    /// The const labels.
    common: Vec<(Name, String)>,
    utf8: bool,
    pub created: bool,
    metrics: Vec<Metric>,
    /// The values that a collector writes in each scrape.
    written: Vec<Written>,
}

/// A name that is usually valid.
#[derive(Arbitrary, Clone, Debug)]
enum Name {
    Plain(u8),
    /// The text after a letter.
    Behind(String),
    Any(String),
}

impl Name {
    fn text(&self) -> String {
        match self {
            Name::Plain(letter) => char::from(b'a' + letter % 26).to_string(),
            Name::Behind(rest) => format!("x{rest}"),
            Name::Any(text) => text.clone(),
        }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Type {
    Counter,
    FloatCounter,
    Gauge,
    FloatGauge,
    UpDownCounter,
    Histogram,
    Summary,
}

/// A dynamic metric.
#[derive(Arbitrary, Debug)]
struct Metric {
    is: Type,
    name: Name,
    /// Whether the required unit and suffix are added to the name.
    proper: bool,
    help: String,
    unit: Option<Name>,
    labels: Vec<Name>,
    utf8: bool,
    bounds: Option<Vec<f64>>,
    /// Whether to sort the bounds and remove duplicates.
    ascending: bool,
    /// The growth factor of native buckets.
    growth: Option<f64>,
    max_series: Option<u8>,
    /// Operations, each with the label values of the series it applies to.
    acts: Vec<(Vec<String>, Act)>,
}

/// An operation on a series; metrics of a type that lacks it perform another one or none.
#[derive(Arbitrary, Debug)]
enum Act {
    Float(f64),
    Whole(u64),
    Signed(i64),
    Exemplar(f64, Vec<(Name, String)>),
    /// Creates the series without a recording.
    Nothing,
    Remove,
    /// Removes all series of the family.
    Clear,
}

/// A value that the collector writes.
#[derive(Arbitrary, Debug, Clone)]
struct Written {
    /// The description, as an index into [`DESCS`].
    desc: u8,
    /// Whether the value has the type of the description, not that of `kind`.
    proper: bool,
    kind: u8,
    labels: Vec<(Name, String)>,
    number: f64,
    count: Option<u64>,
    /// Buckets of a histogram, or quantiles of a summary.
    buckets: Vec<(f64, u64)>,
    /// Whether to sort the buckets and to make native ones add up to the same count.
    ascending: bool,
    native: Option<Native>,
    states: Vec<(String, bool)>,
    created: Option<f64>,
    timestamp: Option<f64>,
}

/// The native buckets of a histogram, by index.
#[derive(Arbitrary, Debug, Clone)]
struct Native {
    schema: i8,
    threshold: f64,
    zero: u64,
    positive: Vec<(i16, u32)>,
    negative: Vec<(i16, u32)>,
}

impl Input {
    /// Creates the registry, or returns `None` if it refuses the prefix or the labels.
    pub fn registry(&self) -> Option<Registry> {
        let mut builder = Registry::builder().prefix(&*self.prefix);
        for (name, value) in &self.common {
            builder = builder.label(name.text(), &**value);
        }
        if self.utf8 {
            builder = builder.utf8();
        }
        let registry = builder.build().ok()?;
        registry.write_created(self.created);
        Some(registry)
    }

    /// Runs all operations.
    pub fn run(&self, registry: &Registry) {
        if !self.written.is_empty() {
            let written = Writing(self.written.clone());
            // Fails if the registry already has one of the names.
            let _ = registry.register(Arc::new(written));
        }
        for metric in &self.metrics {
            match metric.is {
                Type::Counter => metric.run(registry, |counter: &Counter, act| match act {
                    Act::Whole(n) => counter.inc_by(*n),
                    Act::Exemplar(n, labels) => {
                        counter.inc_by_with_exemplar(*n as u64, &pairs(&owned(labels)));
                    }
                    _ => counter.inc(),
                }),
                Type::FloatCounter => metric.run(registry, |it: &FloatCounter, act| match act {
                    Act::Float(n) => it.inc_by(*n),
                    Act::Exemplar(n, labels) => {
                        it.inc_by_with_exemplar(*n, &pairs(&owned(labels)));
                    }
                    _ => it.inc(),
                }),
                Type::Gauge => metric.run(registry, |gauge: &Gauge, act| match act {
                    Act::Signed(n) => gauge.add(*n),
                    Act::Whole(n) => gauge.set(*n as i64),
                    _ => gauge.dec(),
                }),
                Type::FloatGauge => metric.run(registry, |gauge: &FloatGauge, act| match act {
                    Act::Float(n) => gauge.set(*n),
                    Act::Exemplar(n, _) => gauge.add(*n),
                    _ => gauge.inc(),
                }),
                Type::UpDownCounter => metric.run(registry, |it: &UpDownCounter, act| match act {
                    Act::Whole(n) => it.add(*n),
                    Act::Signed(n) => it.sub(n.unsigned_abs()),
                    _ => it.inc(),
                }),
                Type::Histogram => metric.run(registry, |it: &Histogram, act| match act {
                    Act::Float(value) => it.observe(*value),
                    Act::Signed(value) => it.observe(*value as f64),
                    Act::Exemplar(value, labels) => {
                        it.observe_with_exemplar(*value, &pairs(&owned(labels)));
                    }
                    _ => {}
                }),
                Type::Summary => metric.run(registry, |it: &Summary, act| match act {
                    Act::Float(value) => it.observe(*value),
                    Act::Signed(value) => it.observe(*value as f64),
                    _ => {}
                }),
            }
        }
    }
}

impl Metric {
    fn options(&self) -> Options {
        let mut name = self.name.text();
        let unit = self.unit.as_ref().map(Name::text).unwrap_or_default();
        if self.proper && !unit.is_empty() {
            name.push('_');
            name.push_str(&unit);
        }
        if self.proper && matches!(self.is, Type::Counter | Type::FloatCounter) {
            name.push_str("_total");
        }
        let mut options = Options::new(name, &*self.help)
            .unit(unit)
            .labels(self.labels.iter().map(Name::text));
        if self.utf8 {
            options = options.utf8();
        }
        if let Some(bounds) = &self.bounds {
            let mut bounds = bounds.clone();
            if self.ascending {
                bounds.sort_by(f64::total_cmp);
                bounds.dedup();
            }
            options = options.buckets(bounds);
        }
        if let Some(growth) = self.growth {
            options = options.native(growth);
        }
        if let Some(max) = self.max_series {
            options = options.max_series(max.into());
        }
        options
    }

    fn run<M: DynamicMetric>(&self, registry: &Registry, act: impl Fn(&M, &Act)) {
        let Ok(made) = registry.create_family::<M>(self.options()) else {
            return;
        };
        for (values, what) in &self.acts {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            match what {
                Act::Remove => _ = made.remove(&values),
                Act::Clear => made.clear(),
                Act::Nothing => _ = made.bind(&values),
                what => act(&made.bind(&values), what),
            }
        }
    }
}

/// Returns the labels with the text of their names.
fn owned(labels: &[(Name, String)]) -> Vec<(String, String)> {
    let labels = labels.iter();
    labels
        .map(|(name, value)| (name.text(), value.clone()))
        .collect()
}

/// Borrows the labels.
fn pairs(labels: &[(String, String)]) -> Vec<(&str, &str)> {
    let labels = labels.iter();
    labels.map(|(name, value)| (&**name, &**value)).collect()
}

/// Families of every type, with legacy and UTF-8 names.
///
/// The collector uses the last one without describing it.
static DESCS: LazyLock<Vec<Desc>> = LazyLock::new(|| {
    vec![
        Desc::new(Kind::Counter, "computed_a_total", "A \"help\".\n\\"),
        Desc::new(Kind::Gauge, "computed_b", ""),
        Desc::new(Kind::Histogram, "computed_c_seconds", "C.").unit("seconds"),
        Desc::new(Kind::GaugeHistogram, "computed_d", "D."),
        Desc::new(Kind::Summary, "computed_e", "E."),
        Desc::new(Kind::Info, "computed_f_info", "F."),
        Desc::new(Kind::StateSet, "computed_g", "G."),
        Desc::new(Kind::Unknown, "computed_h", "H."),
        Desc::utf8(Kind::Counter, "computed.i_seconds_total", "I.").unit("seconds"),
        Desc::utf8(Kind::Gauge, "computed.\"j\"", "J."),
        Desc::utf8(Kind::Histogram, "computed.k", "K."),
        Desc::utf8(Kind::GaugeHistogram, "computed.花", "L."),
        Desc::utf8(Kind::Summary, "computed.m\\", "M."),
        Desc::utf8(Kind::Info, "computed n_info", "N."),
        Desc::utf8(Kind::StateSet, "computed.o", "O."),
        Desc::utf8(Kind::Unknown, "computed.{p}", "P."),
        Desc::new(Kind::Gauge, "computed_q", "Q."),
    ]
});

/// A collector that writes the same values in each scrape.
struct Writing(Vec<Written>);

impl Collector for Writing {
    fn descs(&self) -> &[Desc] {
        &DESCS[..DESCS.len() - 1]
    }

    fn collect(&self, out: &mut Collection<'_>) {
        self.0.iter().for_each(|written| written.write(out));
    }
}

impl Written {
    fn write(&self, out: &mut Collection<'_>) {
        const KINDS: [Kind; 8] = [
            Kind::Counter,
            Kind::Gauge,
            Kind::Histogram,
            Kind::GaugeHistogram,
            Kind::Summary,
            Kind::Info,
            Kind::StateSet,
            Kind::Unknown,
        ];
        let desc = &DESCS[usize::from(self.desc) % DESCS.len()];
        let kind = if self.proper {
            desc.kind()
        } else {
            KINDS[usize::from(self.kind) % KINDS.len()]
        };
        let labels = owned(&self.labels);
        let labels = &pairs(&labels)[..];
        let sample = match kind {
            Kind::Counter => out.counter(desc, labels, self.number),
            Kind::Histogram => out.histogram(desc, labels, self.histogram()),
            Kind::Summary => out.summary(desc, labels, self.summary()),
            Kind::Gauge => out.gauge(desc, labels, self.number),
            Kind::GaugeHistogram => out.gauge_histogram(desc, labels, self.histogram()),
            Kind::Info => out.info(desc, labels),
            Kind::StateSet => {
                let states = self.states.iter();
                let states: Vec<_> = states.map(|(name, on)| (&**name, *on)).collect();
                out.state_set(desc, labels, &states)
            }
            _ => out.unknown(desc, labels, self.number),
        };
        let sample = match self.created {
            Some(time) => sample.created(time),
            None => sample,
        };
        if let Some(time) = self.timestamp {
            sample.timestamp(time);
        }
    }

    fn pairs(&self) -> Vec<(f64, u64)> {
        let mut pairs = self.buckets.clone();
        if self.ascending {
            pairs.sort_by(|(a, _), (b, _)| a.total_cmp(b));
            pairs.dedup_by_key(|(bound, _)| bound.to_bits());
        }
        pairs
    }

    fn histogram(&self) -> HistogramSnapshot {
        let mut snapshot = HistogramSnapshot::from_buckets(self.pairs(), self.number);
        if let Some(native) = &self.native {
            let mut native = native.snapshot();
            if self.ascending {
                // Makes the native buckets add up to the count of the classic ones.
                let sides = native.positive.iter().chain(&native.negative);
                let there: u64 = sides.map(|(_, count)| count).sum();
                native.zero_count = snapshot.count.saturating_sub(there);
            }
            snapshot = if self.buckets.is_empty() {
                HistogramSnapshot::from_native(native, self.number)
            } else {
                snapshot.with_native(native)
            };
        }
        if let Some(count) = self.count {
            snapshot.count = count;
        }
        snapshot
    }

    fn summary(&self) -> SummarySnapshot {
        let pairs = self.pairs();
        let quantiles = pairs.iter().map(|(at, value)| (*at, *value as f64));
        SummarySnapshot::new(quantiles, self.count.unwrap_or(1), self.number)
    }
}

impl Native {
    fn snapshot(&self) -> NativeHistogramSnapshot {
        let buckets = |side: &[(i16, u32)]| -> Vec<(i32, u64)> {
            let buckets = side.iter();
            buckets
                .map(|(at, count)| ((*at).into(), (*count).into()))
                .collect()
        };
        NativeHistogramSnapshot::new((self.schema % 10).into())
            .zero_bucket(self.threshold, self.zero)
            .positive(buckets(&self.positive))
            .negative(buckets(&self.negative))
    }
}
