//! A plain model of the recordings and of what each format must contain. The model shares no code
//! with the library.

use std::collections::BTreeMap;

use metrics_core::{Escaping, Kind};
use tests::{
    protobuf::{self, LabelPair, MetricFamily, MetricType},
    strict::{self, Dialect},
};

use crate::{
    compare::{Document, ShownFamily, ShownSample},
    record::Recorded,
};

/// The description of a registry and of the recordings into it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) prefix: String,
    pub(crate) common: Vec<(String, String)>,
    pub(crate) families: Vec<Family>,
}

#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) unit: &'static str,
    pub(crate) utf8: bool,
    pub(crate) what: What,
    pub(crate) labels: Vec<String>,
    pub(crate) series: Vec<Series>,
}

/// The type of a family, with its buckets or quantiles.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Counter,
    FloatCounter,
    Gauge,
    FloatGauge,
    UpDownCounter,
    Histogram(Vec<f64>),
    /// Schema, and bounds of the classic buckets if there are any.
    Native(i32, Option<Vec<f64>>),
    Summary(Vec<f64>),
    /// A collector.
    Collector(Kind),
}

impl What {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            What::Counter | What::FloatCounter => Kind::Counter,
            What::Gauge | What::FloatGauge | What::UpDownCounter => Kind::Gauge,
            What::Histogram(_) | What::Native(..) => Kind::Histogram,
            What::Summary(_) => Kind::Summary,
            What::Collector(kind) => *kind,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Series {
    /// Label values.
    pub(crate) values: Vec<String>,
    pub(crate) recordings: Recordings,
    /// Whether the series is removed at the end.
    pub(crate) is_removed: bool,
}

/// Labels of an exemplar.
pub(crate) type Marks = Option<Vec<(&'static str, String)>>;

#[derive(Clone, Debug)]
pub(crate) enum Recordings {
    Counts(Vec<(u64, Marks)>),
    Amounts(Vec<(f64, Marks)>),
    Level(i64),
    Float(f64),
    Steps(Vec<i64>),
    Observations(Vec<(f64, Marks)>),
    /// One value, and how often it is observed.
    Repeated(f64, u8),
    /// The value that a collector writes, and its created timestamp.
    Computed(Computed, Option<f64>),
}

/// A value that a collector writes.
#[derive(Clone, Debug)]
pub(crate) enum Computed {
    Number(f64),
    Distribution(Distribution),
    Summary(Vec<(f64, f64)>, u64, f64),
    Info,
    States(Vec<(String, bool)>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Distribution {
    /// Bounds, the last of them infinite, and the count of each bucket (not cumulative).
    pub(crate) buckets: Vec<(f64, u64)>,
    pub(crate) sum: f64,
    pub(crate) native: Option<Native>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Native {
    pub(crate) schema: i32,
    pub(crate) threshold: f64,
    pub(crate) zero: u64,
    pub(crate) positive: Vec<(i32, u64)>,
    pub(crate) negative: Vec<(i32, u64)>,
}

/// The expected value of a series in an exposition.
enum Value {
    Number(f64, Option<Exemplar>),
    Histogram(Distribution, Vec<Exemplar>),
    /// Allowed deviation, quantiles, count and sum.
    Summary(f64, Vec<(f64, f64)>, u64, f64),
    Info,
    States(Vec<(String, bool)>),
}

pub(crate) type Exemplar = (BTreeMap<String, String>, f64);

fn value(what: &What, recordings: &Recordings) -> Value {
    match (what, recordings) {
        (_, Recordings::Counts(counts)) => {
            let total = counts.iter().fold(0_u64, |a, (b, _)| a.saturating_add(*b));
            // A counter saturates: it reads as the maximum from three quarters of the range on.
            let total = if total < 3 << 62 { total } else { u64::MAX };
            let marked = counts.iter().map(|(n, marks)| (*n as f64, marks));
            Value::Number(total as f64, marked.filter_map(exemplar).next_back())
        }
        (_, Recordings::Amounts(amounts)) => {
            let total = sum(amounts.iter().map(|(amount, _)| *amount));
            let marked = amounts.iter().map(|(n, marks)| (*n, marks));
            Value::Number(total, marked.filter_map(exemplar).next_back())
        }
        (_, Recordings::Level(level)) => Value::Number(*level as f64, None),
        (_, Recordings::Float(level)) => Value::Number(*level, None),
        (_, Recordings::Steps(steps)) => Value::Number(steps.iter().sum::<i64>() as f64, None),
        (What::Summary(quantiles), Recordings::Repeated(value, times)) => {
            let times = u64::from(*times);
            let estimate = if times > 0 { *value } else { f64::NAN };
            let quantiles = quantiles.iter().map(|quantile| (*quantile, estimate));
            let total = sum_alternating(&vec![*value; times as usize]);
            // The sketch from which a summary estimates quantiles is accurate to 1 %.
            Value::Summary(value / 100.0, quantiles.collect(), times, total)
        }
        (_, Recordings::Observations(observations)) => observed(what, observations),
        (_, Recordings::Computed(computed, _)) => match computed.clone() {
            Computed::Number(number) => Value::Number(number, None),
            Computed::Distribution(it) => Value::Histogram(it, Vec::new()),
            Computed::Summary(quantiles, count, sum) => Value::Summary(0.0, quantiles, count, sum),
            Computed::Info => Value::Info,
            Computed::States(states) => Value::States(states),
        },
        other => unreachable!("{other:?}"),
    }
}

fn exemplar((value, marks): (f64, &Marks)) -> Option<Exemplar> {
    let marks = marks.as_ref()?.iter();
    let marks = marks.filter(|(_, text)| !text.is_empty());
    let marks = marks.map(|(name, text)| ((*name).to_owned(), text.clone()));
    Some((marks.collect(), value))
}

/// Returns the sum of observations as a thread computes it: alternate observations are added to two
/// sums.
fn sum_alternating(values: &[f64]) -> f64 {
    let chain = |first| sum(values.iter().skip(first).step_by(2).copied());
    // Starts with the sum that the last observation did not change.
    let older = values.len() % 2;
    sum([chain(older), chain(1 - older)].into_iter())
}

/// Sums in this order and saturates at the largest finite float.
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |a, b| a + b).clamp(f64::MIN, f64::MAX)
}

fn observed(what: &What, observations: &[(f64, Marks)]) -> Value {
    let (schema, bounds) = match what {
        What::Histogram(bounds) => (None, bounds.as_slice()),
        What::Native(schema, bounds) => (Some(*schema), bounds.as_deref().unwrap_or_default()),
        other => unreachable!("{other:?}"),
    };
    let mut buckets: Vec<(f64, u64)> = bounds.iter().map(|bound| (*bound, 0)).collect();
    buckets.push((f64::INFINITY, 0));
    let mut native = Native {
        schema: schema.unwrap_or_default(),
        threshold: 2_f64.powi(-128),
        ..Native::default()
    };
    let (mut positive, mut negative) = (BTreeMap::new(), BTreeMap::new());
    // Keeps one exemplar per classic bucket. Without classic buckets, keeps one per sign and power
    // of two.
    let mut exemplars = BTreeMap::new();
    for (value, marks) in observations {
        let at = buckets.iter().position(|(bound, _)| value <= bound);
        let at = at.expect("the last one has no bound");
        buckets[at].1 += 1;
        if value.abs() <= native.threshold {
            native.zero += 1;
        } else {
            let side = if *value > 0.0 {
                &mut positive
            } else {
                &mut negative
            };
            *side.entry(index(value.abs(), native.schema)).or_default() += 1;
        }
        if let Some(exemplar) = exemplar((value + 0.0, marks)) {
            let place = if bounds.is_empty() && schema.is_some() {
                (value + 0.0).to_bits() >> 52
            } else {
                at as u64
            };
            exemplars.insert(place, exemplar);
        }
    }
    native.positive = positive.into_iter().collect();
    native.negative = negative.into_iter().collect();
    let mut exemplars: Vec<Exemplar> = exemplars.into_values().collect();
    exemplars.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let values: Vec<f64> = observations.iter().map(|(value, _)| *value).collect();
    let distribution = Distribution {
        buckets,
        sum: sum_alternating(&values),
        native: schema.map(|_| native),
    };
    Value::Histogram(distribution, exemplars)
}

/// Returns the index of a native bucket: bucket `i` of schema `n` ends at `2^(i / 2^n)`.
fn index(value: f64, schema: i32) -> i32 {
    (value.log2() * 2_f64.powi(schema)).ceil() as i32
}

/// Escapes a name as Prometheus specifies it:
/// <https://prometheus.io/docs/instrumenting/escaping_schemes/>.
fn escaped(name: &str, scheme: Escaping, is_label: bool) -> String {
    let is_legacy = |(at, c): (usize, char)| {
        c == '_'
            || c.is_ascii_alphabetic()
            || (c.is_ascii_digit() && at > 0)
            || (c == ':' && !is_label)
    };
    let all = || name.chars().enumerate();
    match scheme {
        Escaping::Underscores => all()
            .map(|c| if is_legacy(c) { c.1 } else { '_' })
            .collect(),
        Escaping::Dots => all()
            .map(|c| match c.1 {
                '_' => "__".to_owned(),
                '.' => "_dot_".to_owned(),
                other if is_legacy(c) => other.to_string(),
                _ => "__".to_owned(),
            })
            .collect(),
        Escaping::Values if !all().all(is_legacy) => {
            let rest: String = all()
                .map(|c| match c.1 {
                    '_' => "__".to_owned(),
                    other if is_legacy(c) => other.to_string(),
                    other => format!("_{:x}_", u32::from(other)),
                })
                .collect();
            format!("U__{rest}")
        }
        _ => name.to_owned(),
    }
}

impl Recorded<'_> {
    /// Returns the labels of a series in the order of the exposition, with names escaped by
    /// `scheme`, and without empty values.
    fn labels(&self, family: &Family, series: &Series, scheme: Escaping) -> Vec<(String, String)> {
        let common = self.plan.common.iter().cloned();
        let own = family.labels.iter().cloned().zip(series.values.clone());
        common
            .chain(own)
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (escaped(&name, scheme, true), value))
            .collect()
    }

    fn name(&self, family: &Family, scheme: Escaping) -> String {
        escaped(
            &format!("{}{}", self.plan.prefix, family.name),
            scheme,
            false,
        )
    }

    /// Returns the name of the label that contains the states of a state set.
    fn state(&self, family: &Family, scheme: Escaping) -> String {
        escaped(
            &format!("{}{}", self.plan.prefix, family.name),
            scheme,
            true,
        )
    }

    /// Returns the expected created timestamp and its allowed deviation, in seconds.
    fn birth(&self, family: &Family, series: &Series) -> Option<(f64, f64)> {
        let kind = family.what.kind();
        if !matches!(kind, Kind::Counter | Kind::Histogram | Kind::Summary) {
            return None;
        }
        if let Recordings::Computed(_, birth) = series.recordings {
            let birth = birth.filter(|birth| *birth > 0.0);
            return birth.map(|birth| (birth, 0.000_6));
        }
        let half = (self.during.end - self.during.start) / 2.0;
        Some((self.during.start + half, half + 0.001))
    }
}

fn alive(family: &Family) -> impl Iterator<Item = &Series> {
    family.series.iter().filter(|series| !series.is_removed)
}

/// Returns the expected text exposition.
pub(crate) fn document(
    recorded: &Recorded<'_>,
    dialect: Dialect,
    scheme: Escaping,
    created: bool,
) -> Document {
    let open_metrics = dialect == Dialect::OpenMetrics;
    let mut document = Document::default();
    for family in &recorded.plan.families {
        // A metric without series has metadata; a collector's family without series has none.
        if alive(family).next().is_none() && matches!(family.what, What::Collector(_)) {
            continue;
        }
        let kind = family.what.kind();
        let full = recorded.name(family, scheme);
        let (name, main) = match kind {
            Kind::Counter if open_metrics => (full.strip_suffix("_total"), "_total"),
            Kind::Info if open_metrics => (full.strip_suffix("_info"), "_info"),
            Kind::Histogram | Kind::GaugeHistogram => (None, "_bucket"),
            _ => (None, ""),
        };
        let name = name.unwrap_or(&full);
        let mut shown = ShownFamily {
            kind: match kind {
                _ if open_metrics => kind.name(),
                Kind::Info | Kind::StateSet => "gauge",
                Kind::GaugeHistogram => "histogram",
                Kind::Unknown => "untyped",
                kind => kind.name(),
            }
            .to_owned(),
            help: family.help.clone(),
            unit: String::new(),
            samples: BTreeMap::new(),
        };
        // The name must end in the unit, which it no longer does once escaping turned `_total` into
        // `__total`.
        if open_metrics && name.ends_with(&format!("_{}", family.unit)) {
            family.unit.clone_into(&mut shown.unit);
        }
        for series in alive(family) {
            let labels: BTreeMap<_, _> = recorded
                .labels(family, series, scheme)
                .into_iter()
                .collect();
            let mut add = |suffix: &str, extra: Option<(&str, String)>, sample: ShownSample| {
                let mut labels = labels.clone();
                labels.extend(extra.map(|(name, value)| (name.to_owned(), value)));
                let key = (format!("{name}{suffix}"), labels);
                assert!(shown.samples.insert(key, sample).is_none(), "{name} twice");
            };
            let of = |value: f64| ShownSample::exact(value);
            let with = |exemplar: Option<&Exemplar>, value: f64| ShownSample {
                exemplar: exemplar.filter(|_| open_metrics).cloned(),
                ..ShownSample::exact(value)
            };
            match value(&family.what, &series.recordings) {
                Value::Number(number, exemplar) => {
                    add(main, None, with(exemplar.as_ref(), number));
                }
                Value::Histogram(it, exemplars) => {
                    let (mut total, mut before) = (0, f64::NEG_INFINITY);
                    for (bound, count) in &it.buckets {
                        total += count;
                        let inside = |(_, value): &&Exemplar| *value > before && value <= bound;
                        let exemplar = exemplars.iter().rfind(inside);
                        let le = strict::canonical(*bound, dialect);
                        add(main, Some(("le", le)), with(exemplar, total as f64));
                        before = *bound;
                    }
                    let is_gauge = kind == Kind::GaugeHistogram;
                    if is_gauge && open_metrics {
                        add("_gsum", None, of(it.sum));
                        add("_gcount", None, of(total as f64));
                    } else if !open_metrics || !has_negative_observations(&it, &family.what) {
                        add("_sum", None, of(it.sum));
                        add("_count", None, of(total as f64));
                    }
                }
                Value::Summary(slack, quantiles, count, sum) => {
                    for (quantile, value) in quantiles {
                        let quantile = strict::canonical(quantile, dialect);
                        let sample = ShownSample { slack, ..of(value) };
                        add("", Some(("quantile", quantile)), sample);
                    }
                    add("_sum", None, of(sum));
                    add("_count", None, of(count as f64));
                }
                Value::Info => add(main, None, of(1.0)),
                Value::States(states) => {
                    let label = recorded.state(family, scheme);
                    for (state, active) in states {
                        add("", Some((&label, state)), of(f64::from(u8::from(active))));
                    }
                }
            }
            if open_metrics
                && created
                && kind != Kind::GaugeHistogram
                && let Some((birth, slack)) = recorded.birth(family, series)
            {
                add("_created", None, ShownSample { slack, ..of(birth) });
            }
        }
        assert!(document.0.insert(name.to_owned(), shown).is_none());
    }
    document
}

/// Whether observations may be negative.
fn has_negative_observations(distribution: &Distribution, what: &What) -> bool {
    let native = distribution
        .native
        .as_ref()
        .filter(|_| matches!(what, What::Collector(_)));
    distribution.buckets[0].0 < 0.0 || native.is_some_and(|native| !native.negative.is_empty())
}

/// Returns the expected protobuf exposition: created timestamps are in the middle of the recording
/// period, exemplars have no timestamp, and native buckets are listed one by one instead of spans.
pub(crate) fn messages(recorded: &Recorded<'_>, scheme: Escaping) -> Vec<MetricFamily> {
    let families = recorded.plan.families.iter();
    let families = families.filter(|family| alive(family).next().is_some());
    let mut messages: Vec<MetricFamily> = families
        .map(|family| {
            let kind = match family.what.kind() {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge | Kind::Info | Kind::StateSet => MetricType::Gauge,
                Kind::Summary => MetricType::Summary,
                Kind::Histogram => MetricType::Histogram,
                Kind::GaugeHistogram => MetricType::GaugeHistogram,
                _ => MetricType::Untyped,
            };
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            MetricFamily {
                name: Some(recorded.name(family, scheme)),
                help: some(&family.help),
                r#type: Some(kind as i32),
                unit: some(family.unit),
                metric: alive(family)
                    .flat_map(|series| metrics(recorded, family, series, scheme))
                    .collect(),
            }
        })
        .collect();
    messages.sort_by(|a, b| a.name.cmp(&b.name));
    messages
}

fn metrics(
    recorded: &Recorded<'_>,
    family: &Family,
    series: &Series,
    scheme: Escaping,
) -> Vec<protobuf::Metric> {
    let pair = |(name, value)| LabelPair {
        name: Some(name),
        value: Some(value),
    };
    let labels = recorded.labels(family, series, scheme);
    let mut metric = protobuf::Metric {
        label: labels.into_iter().map(pair).collect(),
        ..protobuf::Metric::default()
    };
    let kind = family.what.kind();
    let birth = recorded.birth(family, series);
    let created_timestamp = birth.map(|(birth, _)| protobuf::Timestamp {
        seconds: birth as i64,
        nanos: 0,
    });
    let example = |(labels, value): Exemplar| protobuf::Exemplar {
        label: labels.into_iter().map(pair).collect(),
        value: Some(value),
        timestamp: None,
    };
    match value(&family.what, &series.recordings) {
        Value::Number(number, exemplar) => match kind {
            Kind::Counter => {
                metric.counter = Some(protobuf::Counter {
                    value: Some(number),
                    exemplar: exemplar.map(example),
                    created_timestamp,
                });
            }
            Kind::Gauge => {
                metric.gauge = Some(protobuf::Number {
                    value: Some(number),
                });
            }
            _ => {
                metric.untyped = Some(protobuf::Number {
                    value: Some(number),
                });
            }
        },
        Value::Histogram(it, exemplars) => {
            metric.histogram = Some(histogram(it, exemplars, example, created_timestamp));
        }
        Value::Summary(_, quantiles, count, sum) => {
            let quantile = |(quantile, value)| protobuf::Quantile {
                quantile: Some(quantile),
                value: Some(value),
            };
            metric.summary = Some(protobuf::Summary {
                sample_count: Some(count),
                sample_sum: Some(sum),
                quantile: quantiles.into_iter().map(quantile).collect(),
                created_timestamp,
            });
        }
        Value::Info => metric.gauge = Some(protobuf::Number { value: Some(1.0) }),
        Value::States(states) => {
            let label = recorded.state(family, scheme);
            let state = |(state, active)| {
                let mut metric = metric.clone();
                metric.label.push(pair((label.clone(), state)));
                let value = Some(f64::from(u8::from(active)));
                metric.gauge = Some(protobuf::Number { value });
                metric
            };
            return states.into_iter().map(state).collect();
        }
    }
    vec![metric]
}

fn histogram(
    it: Distribution,
    exemplars: Vec<Exemplar>,
    example: impl Fn(Exemplar) -> protobuf::Exemplar,
    created_timestamp: Option<protobuf::Timestamp>,
) -> protobuf::Histogram {
    let (mut total, mut before) = (0, f64::NEG_INFINITY);
    let mut bucket = Vec::new();
    for (bound, count) in &it.buckets {
        total += count;
        let inside = |(_, value): &&Exemplar| *value > before && value <= bound;
        let exemplar = exemplars.iter().rfind(inside).cloned().map(&example);
        // The bucket `+Inf` is written only for its exemplar. A histogram that has native buckets
        // and no classic bounds has no classic bucket at all.
        let has_it = *bound < f64::INFINITY || exemplar.is_some();
        if has_it && (it.buckets.len() > 1 || it.native.is_none()) {
            bucket.push(protobuf::Bucket {
                cumulative_count: Some(total),
                upper_bound: Some(*bound),
                exemplar,
            });
        }
        before = *bound;
    }
    let one_by_one = |buckets: &[(i32, u64)]| -> (Vec<_>, Vec<_>) {
        let spans = buckets.iter().map(|(at, _)| protobuf::BucketSpan {
            offset: Some(*at),
            length: Some(1),
        });
        let counts = buckets.iter().map(|(_, count)| *count as i64);
        (spans.collect(), counts.collect())
    };
    let mut histogram = protobuf::Histogram {
        sample_count: Some(total),
        sample_sum: Some(it.sum),
        bucket,
        created_timestamp,
        ..protobuf::Histogram::default()
    };
    if let Some(native) = it.native {
        histogram.schema = Some(native.schema);
        histogram.zero_threshold = Some(native.threshold);
        histogram.zero_count = Some(native.zero);
        let there = |buckets: Vec<(i32, u64)>| -> Vec<_> {
            buckets
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .collect()
        };
        let (positive, negative) = (there(native.positive), there(native.negative));
        (histogram.positive_span, histogram.positive_delta) = one_by_one(&positive);
        (histogram.negative_span, histogram.negative_delta) = one_by_one(&negative);
        histogram.exemplars = exemplars.into_iter().map(example).collect();
    }
    histogram
}
