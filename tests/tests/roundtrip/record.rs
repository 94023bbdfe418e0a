//! Creates the registry that a randomly generated `Plan` describes, and records the plan's values.

use std::{
    ops::Range,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use metrics_core::{
    Collection, Collector, Counter, Desc, DynamicFamily, DynamicMetric, FloatCounter, FloatGauge,
    Gauge, Histogram, HistogramSnapshot, Kind, NativeHistogramSnapshot, Options, Registry, Summary,
    SummarySnapshot, UpDownCounter,
};

use crate::model::{Computed, Distribution, Family, Marks, Plan, Recordings, Series, What};

/// A registry together with its plan.
pub(crate) struct Recorded<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) registry: Registry,
    /// The period of the recording, in seconds since 1970.
    pub(crate) during: Range<f64>,
}

pub(crate) fn record(plan: &Plan) -> Recorded<'_> {
    let mut builder = Registry::builder().prefix(&*plan.prefix).utf8();
    for (name, value) in &plan.common {
        builder = builder.label(name, value);
    }
    let registry = builder.build().expect("prefix and labels are valid");
    let start = unix_seconds();
    let mut computed = Vec::new();
    for family in &plan.families {
        match &family.what {
            What::Counter => make(&registry, family, count),
            What::FloatCounter => make(&registry, family, amount),
            What::Gauge => make(&registry, family, level),
            What::FloatGauge => make(&registry, family, float),
            What::UpDownCounter => make(&registry, family, step),
            What::Histogram(_) | What::Native(..) => make(&registry, family, observe),
            What::Summary(_) => make(&registry, family, repeat),
            What::Collector(_) => computed.push(family.clone()),
        }
    }
    if !computed.is_empty() {
        let descs = computed.iter().map(describe).collect();
        let computing = Arc::new(Computing(descs, computed));
        registry.register(computing).expect("all names differ");
    }
    let during = start..unix_seconds();
    Recorded {
        plan,
        registry,
        during,
    }
}

fn make<M: DynamicMetric>(registry: &Registry, family: &Family, record: impl Fn(&M, &Recordings)) {
    let mut options = Options::new(&*family.name, &*family.help)
        .unit(family.unit)
        .labels(family.labels.iter().cloned());
    if family.utf8 {
        options = options.utf8();
    }
    match &family.what {
        What::Histogram(bounds) => options = options.buckets(bounds.clone()),
        What::Native(schema, bounds) => {
            options = options.native(2_f64.powf(2_f64.powi(-schema)) * 1.000_001);
            if let Some(bounds) = bounds {
                options = options.buckets(bounds.clone());
            }
        }
        What::Summary(quantiles) => options = options.quantiles(quantiles.clone()),
        _ => {}
    }
    let made: DynamicFamily<M> = registry
        .create_family(options)
        .unwrap_or_else(|error| panic!("{error}: {family:?}"));
    for Series {
        values,
        recordings,
        is_removed,
    } in &family.series
    {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        record(&made.bind(&values), recordings);
        if *is_removed {
            assert!(made.remove(&values));
        }
    }
}

fn pairs<'m>(marks: &'m [(&'static str, String)]) -> Vec<(&'static str, &'m str)> {
    marks
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect()
}

fn each<N: Copy>(
    recordings: &[(N, Marks)],
    plain: impl Fn(N),
    marked: impl Fn(N, &[(&str, &str)]),
) {
    for (value, marks) in recordings {
        match marks {
            None => plain(*value),
            Some(marks) => marked(*value, &pairs(marks)),
        }
    }
}

fn count(counter: &Counter, recordings: &Recordings) {
    let Recordings::Counts(counts) = recordings else {
        unreachable!("{recordings:?}");
    };
    each(
        counts,
        |n| counter.inc_by(n),
        |n, marks| counter.inc_by_with_exemplar(n, marks),
    );
}

fn amount(counter: &FloatCounter, recordings: &Recordings) {
    let Recordings::Amounts(amounts) = recordings else {
        unreachable!("{recordings:?}");
    };
    each(
        amounts,
        |n| counter.inc_by(n),
        |n, marks| counter.inc_by_with_exemplar(n, marks),
    );
}

fn level(gauge: &Gauge, recordings: &Recordings) {
    let Recordings::Level(level) = recordings else {
        unreachable!("{recordings:?}");
    };
    gauge.set(*level);
}

fn float(gauge: &FloatGauge, recordings: &Recordings) {
    let Recordings::Float(level) = recordings else {
        unreachable!("{recordings:?}");
    };
    gauge.set(*level);
}

fn step(gauge: &UpDownCounter, recordings: &Recordings) {
    let Recordings::Steps(steps) = recordings else {
        unreachable!("{recordings:?}");
    };
    for step in steps {
        if *step < 0 {
            gauge.sub(step.unsigned_abs());
        } else {
            gauge.add(step.unsigned_abs());
        }
    }
}

fn observe(histogram: &Histogram, recordings: &Recordings) {
    let Recordings::Observations(observations) = recordings else {
        unreachable!("{recordings:?}");
    };
    each(
        observations,
        |value| histogram.observe(value),
        |value, marks| histogram.observe_with_exemplar(value, marks),
    );
}

fn repeat(summary: &Summary, recordings: &Recordings) {
    let Recordings::Repeated(value, times) = recordings else {
        unreachable!("{recordings:?}");
    };
    (0..*times).for_each(|_| summary.observe(*value));
}

/// A collector that writes the values of a plan.
struct Computing(Vec<Desc>, Vec<Family>);

/// Describes a family; leaks its name and help, because a `Desc` borrows them as `&'static str`.
fn describe(family: &Family) -> Desc {
    let for_ever = |text: &str| -> &'static str { String::from(text).leak() };
    let (name, help) = (for_ever(&family.name), for_ever(&family.help));
    let kind = family.what.kind();
    let desc = if family.utf8 {
        Desc::utf8(kind, name, help)
    } else {
        Desc::new(kind, name, help)
    };
    desc.unit(family.unit)
}

impl Collector for Computing {
    fn descs(&self) -> &[Desc] {
        &self.0
    }

    fn collect(&self, out: &mut Collection<'_>) {
        for (desc, family) in self.0.iter().zip(&self.1) {
            for series in family.series.iter().filter(|series| !series.is_removed) {
                let values = series.values.iter().map(String::as_str);
                let names = family.labels.iter().map(String::as_str);
                let labels: Vec<(&str, &str)> = names.zip(values).collect();
                write(out, desc, &labels, &series.recordings);
            }
        }
    }
}

fn write(out: &mut Collection<'_>, desc: &Desc, labels: &[(&str, &str)], what: &Recordings) {
    let Recordings::Computed(computed, birth) = what else {
        unreachable!("{what:?}");
    };
    let birth = birth.unwrap_or_default();
    match (desc.kind(), computed) {
        (Kind::Counter, Computed::Number(value)) => {
            out.counter(desc, labels, *value).created(birth)
        }
        (Kind::Gauge, Computed::Number(value)) => out.gauge(desc, labels, *value),
        (_, Computed::Number(value)) => out.unknown(desc, labels, *value),
        (Kind::Histogram, Computed::Distribution(it)) => {
            out.histogram(desc, labels, snapshot(it)).created(birth)
        }
        (_, Computed::Distribution(it)) => out.gauge_histogram(desc, labels, snapshot(it)),
        (_, Computed::Summary(quantiles, count, sum)) => {
            let snapshot = SummarySnapshot::new(quantiles.iter().copied(), *count, *sum);
            out.summary(desc, labels, snapshot).created(birth)
        }
        (_, Computed::Info) => out.info(desc, labels),
        (_, Computed::States(states)) => {
            let states: Vec<(&str, bool)> =
                states.iter().map(|(name, on)| (&**name, *on)).collect();
            out.state_set(desc, labels, &states)
        }
    };
}

fn snapshot(it: &Distribution) -> HistogramSnapshot {
    let native = it.native.as_ref().map(|native| {
        NativeHistogramSnapshot::new(native.schema)
            .zero_bucket(native.threshold, native.zero)
            .positive(native.positive.iter().copied())
            .negative(native.negative.iter().copied())
    });
    match native {
        Some(native) if it.buckets.len() == 1 => HistogramSnapshot::from_native(native, it.sum),
        native => {
            let classic = HistogramSnapshot::from_buckets(it.buckets.iter().copied(), it.sum);
            match native {
                Some(native) => classic.with_native(native),
                None => classic,
            }
        }
    }
}

fn unix_seconds() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is after 1970").as_secs_f64()
}
