//! Tests the replacement of all series of a metric: which series scrapes expose, and that handles
//! stay valid.

use std::{
    collections::BTreeMap,
    io,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use metrics_core::{
    DynamicFamily, FloatGauge, Format, Gauge, Label, MetricValue, Options, Registry, metrics,
};
use proptest::prelude::*;
use tests::protobuf::protobuf;

use crate::support::{Done, global, labelled, values, with_limit};

/// So many series that a scrape reads them in several parts.
const SERIES: usize = 1500;

/// Replaces the series by 2 * [`SERIES`] series with the value `round`; half of their keys depend
/// on `round`.
fn replace_all(gauge: &DynamicFamily<Gauge>, round: i64) {
    let replaced = gauge.replace(|set| {
        for at in 0..SERIES {
            set(&[&format!("own of {round}: {at}")], round);
            set(&[&format!("of all: {at}")], round);
        }
    });
    replaced.unwrap();
}

/// Panics unless the series are those of one round.
fn assert_one_round(series: impl IntoIterator<Item = (String, f64)>) {
    let mut keys = Vec::new();
    let mut rounds = Vec::new();
    for (key, round) in series {
        keys.push(key);
        rounds.push(round);
    }
    rounds.dedup();
    assert_eq!(
        rounds.len(),
        1,
        "values of several replacements: {rounds:?}"
    );
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 2 * SERIES);
}

fn in_text(text: &str) -> Vec<(String, f64)> {
    let lines = text.lines().filter(|line| line.starts_with("replaced{"));
    let pair = |line: &str| {
        let (labels, value) = line.rsplit_once(' ').unwrap();
        (labels.to_owned(), value.parse().unwrap())
    };
    lines.map(pair).collect()
}

fn in_protobuf(bytes: &[u8]) -> Vec<(String, f64)> {
    let families = protobuf(bytes).unwrap();
    let metrics = families.iter().flat_map(|family| &family.metric);
    let pair = |metric: &tests::protobuf::Metric| {
        let gauge = metric.gauge.as_ref().unwrap();
        (format!("{:?}", metric.label), gauge.value.unwrap())
    };
    metrics.map(pair).collect()
}

fn in_gathered(registry: &Registry) -> Vec<(String, f64)> {
    let families = registry.gather();
    let metrics = families.iter().flat_map(|family| &family.metrics);
    let pair = |metric: &metrics_core::Metric| match &metric.value {
        MetricValue::Gauge(number) => (format!("{:?}", metric.labels), number.as_f64()),
        other => panic!("{other:?}"),
    };
    metrics.map(pair).collect()
}

fn replaced() -> (Registry, DynamicFamily<Gauge>) {
    let registry = Registry::new();
    let options = Options::new("replaced", "Rounds.").labels(["key"]);
    let gauge = registry.create_family(options).unwrap();
    (registry, gauge)
}

/// Calls `interrupt` at its first write.
struct Interrupted<F> {
    written: Vec<u8>,
    interrupt: Option<F>,
}

impl<F: FnOnce()> io::Write for Interrupted<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(interrupt) = self.interrupt.take() {
            interrupt();
        }
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the output of a scrape in this format that calls `interrupt` at its first write.
fn interrupted(registry: &Registry, format: Format, interrupt: impl FnOnce()) -> Vec<u8> {
    let mut out = Interrupted {
        written: Vec::new(),
        interrupt: Some(interrupt),
    };
    registry.encode(format, &mut out).unwrap();
    out.written
}

#[test]
fn a_scrape_during_a_replacement_exposes_the_earlier_series() {
    let (registry, gauge) = replaced();
    for (round, format) in [(1, Format::Text), (3, Format::OpenMetrics)] {
        replace_all(&gauge, round);
        let text = interrupted(&registry, format, || replace_all(&gauge, round + 1));
        let series = in_text(std::str::from_utf8(&text).unwrap());
        assert_eq!(series[0].1, round as f64);
        assert_one_round(series);
    }
    replace_all(&gauge, 5);
    let bytes = interrupted(&registry, Format::Protobuf, || replace_all(&gauge, 6));
    assert_one_round(in_protobuf(&bytes));
    assert_one_round(in_gathered(&registry));
}

#[test]
fn a_scrape_during_several_replacements_exposes_the_series_from_before_the_first() {
    let (registry, gauge) = replaced();
    replace_all(&gauge, 1);
    let text = interrupted(&registry, Format::Text, || {
        for round in 2..5 {
            replace_all(&gauge, round);
        }
        gauge.clear();
    });
    let series = in_text(std::str::from_utf8(&text).unwrap());
    assert_eq!(series[0].1, 1.0);
    assert_one_round(series);
}

#[test]
fn concurrent_scrapes_in_all_formats_expose_the_series_of_one_replacement() {
    let (registry, gauge) = replaced();
    replace_all(&gauge, 0);
    let is_done = AtomicBool::new(false);
    let scrapes = |scrape: &dyn Fn()| {
        while !is_done.load(Ordering::Relaxed) {
            scrape();
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| scrapes(&|| assert_one_round(in_gathered(&registry))));
        scope.spawn(|| {
            scrapes(&|| assert_one_round(in_text(&registry.encode_to_string(Format::Text))));
        });
        scope.spawn(|| {
            scrapes(&|| {
                let mut bytes = Vec::new();
                registry.encode_to_vec(Format::Protobuf, &mut bytes);
                assert_one_round(in_protobuf(&bytes));
            });
        });
        let _done = Done(&is_done);
        for round in 1..60 {
            replace_all(&gauge, round);
        }
    });
}

#[test]
fn a_series_in_both_sets_keeps_its_handles() {
    let (registry, gauge) = with_limit::<Gauge>("kept", 10);
    let kept = gauge.bind(&["kept"]);
    let left = gauge.bind(&["left"]);
    gauge.replace(|set| set(&["kept"], 2)).unwrap();
    assert_eq!(kept.get(), 2);
    kept.set(3);
    left.set(4);
    let family = &registry.gather()[0];
    assert_eq!(
        values(family),
        BTreeMap::from([("key=kept".to_owned(), 3.0)])
    );
}

#[test]
fn a_replacement_with_a_wrong_number_of_label_values_replaces_nothing() {
    let (registry, gauge) = with_limit::<FloatGauge>("strict", 10);
    gauge.replace(|set| set(&["first"], 1.0)).unwrap();
    let error = gauge.replace(|set| {
        set(&["second"], 2.0);
        set(&["a", "b"], 2.0);
    });
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("`strict` has the label `key`")
    );
    let family = &registry.gather()[0];
    assert_eq!(
        values(family),
        BTreeMap::from([("key=first".to_owned(), 1.0)])
    );
}

#[test]
fn series_beyond_the_limit_go_to_the_overflow_series() {
    let (registry, gauge) = with_limit::<Gauge>("limited", 2);
    gauge.replace(|set| set(&["left"], 0)).unwrap();
    let replaced = gauge.replace(|set| {
        for (at, key) in ["a", "b", "c", "d", "a"].into_iter().enumerate() {
            set(&[key], at as i64);
        }
    });
    replaced.unwrap();
    let expected = [("key=a", 4.0), ("key=b", 1.0), ("key=overflow", 3.0)];
    let expected = expected.map(|(key, value)| (key.to_owned(), value));
    assert_eq!(values(&registry.gather()[0]), BTreeMap::from(expected));
    let overflow = gauge.bind(&["another"]);
    overflow.set(7);
    gauge
        .replace(|set| ["a", "b", "e"].iter().for_each(|key| set(&[key], 8)))
        .unwrap();
    assert_eq!(overflow.get(), 8);
}

#[test]
fn code_of_the_program_in_a_replacement_may_record_into_the_same_metric() {
    struct Nested;

    impl Label for Nested {
        const VALUES: Option<&'static [&'static str]> = None;

        fn with_str<R>(&self, with: impl FnOnce(&str) -> R) -> R {
            COUNTED.with("from the label").set(1);
            with("nested")
        }
    }

    metrics! {
        /// Recordings.
        static COUNTED: Gauge<(key: &str)> = "replacement_counted";
        /// Recordings.
        static NESTED: Gauge<(key: Nested)> = "replacement_nested";
    }
    COUNTED.replace(|set| {
        COUNTED.with("from the list").set(1);
        COUNTED.replace(|set| set("inner", 2));
        set("outer", 3);
    });
    assert_eq!(
        values(&global("replacement_counted")),
        [("key=outer".to_owned(), 3.0)].into()
    );
    NESTED.replace(|set| set(Nested, 1));
    assert_eq!(
        values(&global("replacement_nested")),
        [("key=nested".to_owned(), 1.0)].into()
    );
    assert!(values(&global("replacement_counted")).contains_key("key=from the label"));
}

#[test]
fn closed_series_that_are_not_listed_become_zero() {
    metrics! {
        /// Recordings.
        static CLOSED: FloatGauge<(is_up: bool, is_spare: bool)> = "replacement_closed";
    }
    CLOSED.with(true, true).set(1.0);
    CLOSED.replace(|set| set(false, true, 0.5));
    let values = values(&global("replacement_closed"));
    assert_eq!(values.len(), 4);
    assert_eq!(values["is_up=false,is_spare=true"], 0.5);
    assert_eq!(values["is_up=true,is_spare=true"], 0.0);
}

#[test]
fn labels_of_a_replacement_pass_their_allow_list_and_normalize_function() {
    fn host(url: &str) -> &str {
        url.split('/').next().unwrap_or_default()
    }

    metrics! {
        /// Recordings.
        static MIXED: Gauge<(
            #[allow_only("GET")] series: &str,
            #[normalize(host)] value: &str,
            is_up: bool,
        )> = "replacement_mixed";
    }
    MIXED.replace(|set| {
        set("PUT", "example.com/a", true, 1);
        set("GET", "example.com/b", true, 2);
    });
    let expected = [
        ("series=GET,value=example.com,is_up=true", 2.0),
        ("series=other,value=example.com,is_up=true", 1.0),
    ];
    let expected = expected.map(|(labels, value)| (labels.to_owned(), value));
    assert_eq!(
        values(&global("replacement_mixed")),
        BTreeMap::from(expected)
    );
}

#[test]
fn the_state_sets_of_a_family_are_replaced() {
    #[derive(Label, Clone, Copy)]
    enum Phase {
        Starting,
        Running,
    }

    metrics! {
        /// Recordings.
        static PHASES: StateSet<Phase, (worker: u8)> = "replacement_phases";
    }
    PHASES.with(1).set(Phase::Running);
    PHASES.replace(|set| {
        set(2, Phase::Running);
        set(3, Phase::Starting);
    });
    let family = global("replacement_phases");
    let state = |at: usize| (&family.metrics[at].labels[0].1, &family.metrics[at].value);
    let states = |starting, running| {
        let states = [("starting", starting), ("running", running)];
        MetricValue::StateSet(states.map(|(name, is)| (name.to_owned(), is)).into())
    };
    let mut all = [state(0), state(1)];
    all.sort_by_key(|(worker, _)| *worker);
    assert_eq!(family.metrics.len(), 2);
    assert_eq!(all[0], (&"2".to_owned(), &states(false, true)));
    assert_eq!(all[1], (&"3".to_owned(), &states(true, false)));
}

#[test]
fn an_info_that_is_set_while_it_is_scraped_has_one_series() {
    metrics! {
        /// The version.
        static VERSION: Info<(version: &str)> = "replacement_version_info";
    }
    VERSION.set("0");
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                assert_eq!(global("replacement_version_info").metrics.len(), 1);
            }
        });
        let _done = Done(&is_done);
        for version in 1..2000 {
            VERSION.set(&version.to_string());
        }
    });
}

#[test]
fn a_series_that_is_created_again_during_a_scrape_is_exposed_once() {
    let options = |name| Options::new(name, "Recordings.").labels(["key"]);
    let registry = Registry::new();
    let gauge = registry
        .create_family::<Gauge>(options("again_gauge"))
        .unwrap();
    let counter = registry
        .create_family::<metrics_core::Counter>(options("again_counts_total"))
        .unwrap();
    let histogram = registry
        .create_family::<metrics_core::Histogram>(options("again_seconds"))
        .unwrap();
    for at in 0..SERIES {
        let key = at.to_string();
        gauge.with(&[&key]).set(1);
        counter.with(&[&key]).inc();
        histogram.with(&[&key]).observe(1.0);
    }
    for format in [Format::Text, Format::OpenMetrics] {
        for name in ["again_gauge", "again_counts_total", "again_seconds"] {
            // Removes the first and the last series and creates them again, so that they swap
            // places.
            let create_again = || {
                for at in (0..20).chain(SERIES - 20..SERIES).map(|at| at.to_string()) {
                    gauge.remove(&[&at]);
                    counter.remove(&[&at]);
                    histogram.remove(&[&at]);
                }
                for at in (0..20).chain(SERIES - 20..SERIES).map(|at| at.to_string()) {
                    gauge.with(&[&at]).set(1);
                    counter.with(&[&at]).inc();
                    histogram.with(&[&at]).observe(1.0);
                }
            };
            let mut out = Interrupted {
                written: Vec::new(),
                interrupt: Some(create_again),
            };
            registry
                .encode_filtered(format, &mut out, |family| family == name)
                .unwrap();
            let text = String::from_utf8(out.written).unwrap();
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            let mut series: Vec<&str> =
                lines.map(|line| line.rsplit_once(' ').unwrap().0).collect();
            let all = series.len();
            series.sort_unstable();
            series.dedup();
            assert_eq!(series.len(), all, "a series of {name} is exposed twice");
        }
    }
}

/// A step of a program that uses a gauge.
#[derive(Clone, Debug)]
enum Step {
    Replace(Vec<(u8, i64)>),
    Set(u8, i64),
    Remove(u8),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..40_u8;
    prop_oneof![
        prop::collection::vec((key.clone(), -5..5_i64), 0..60).prop_map(Step::Replace),
        (key.clone(), -5..5_i64).prop_map(|(key, value)| Step::Set(key, value)),
        key.prop_map(Step::Remove),
        Just(Step::Clear),
    ]
}

proptest! {
    #[test]
    fn a_gauge_has_the_series_of_a_map(steps in prop::collection::vec(step(), 0..40)) {
        let (registry, gauge) = labelled::<Gauge>(Options::new("modelled", "").labels(["key"]));
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::Replace(series) => {
                    let replaced = gauge.replace(|set| {
                        for (key, value) in &series {
                            set(&[&key.to_string()], *value);
                        }
                    });
                    replaced.unwrap();
                    model = series.into_iter().collect();
                }
                Step::Set(key, value) => {
                    gauge.with(&[&key.to_string()]).set(value);
                    model.insert(key, value);
                }
                Step::Remove(key) => {
                    let is_removed = gauge.remove(&[&key.to_string()]);
                    prop_assert_eq!(is_removed, model.remove(&key).is_some());
                }
                Step::Clear => {
                    gauge.clear();
                    model.clear();
                }
            }
            let expected = model.iter().map(|(key, value)| (format!("key={key}"), *value as f64));
            prop_assert_eq!(values(&registry.gather()[0]), expected.collect());
        }
    }
}
