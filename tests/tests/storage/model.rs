//! Performs random operations on metrics of every type, and compares the values with a naive model.

use std::{collections::BTreeMap, thread};

use metrics_core::{
    Counter, DynamicFamily, DynamicMetric, FloatCounter, FloatGauge, Gauge, Histogram, MetricValue,
    Number, Registry, Summary, UpDownCounter,
};
use proptest::prelude::*;

use crate::support::{labelled_in, options, share_machine};

/// An operation on a metric of every type.
#[derive(Clone, Debug)]
enum Operation {
    Record {
        key: u8,
        amount: u8,
    },
    Lower {
        key: u8,
        amount: u8,
    },
    Remove {
        key: u8,
    },
    Clear,
    KeepBelow {
        key: u8,
    },
    /// Ends the thread that ran the operations so far, and starts a new one.
    ChangeThread,
}

fn operations(keys: std::ops::Range<u8>) -> impl Strategy<Value = Operation> {
    let key = move || keys.clone();
    prop_oneof![
        8 => (key(), any::<u8>()).prop_map(|(key, amount)| Operation::Record { key, amount }),
        4 => (key(), any::<u8>()).prop_map(|(key, amount)| Operation::Lower { key, amount }),
        3 => key().prop_map(|key| Operation::Remove { key }),
        1 => Just(Operation::Clear),
        1 => key().prop_map(|key| Operation::KeepBelow { key }),
        1 => Just(Operation::ChangeThread),
    ]
}

/// A dynamic family of every type.
#[derive(Clone)]
struct Metrics {
    registry: Registry,
    counter: DynamicFamily<Counter>,
    float_counter: DynamicFamily<FloatCounter>,
    gauge: DynamicFamily<Gauge>,
    float_gauge: DynamicFamily<FloatGauge>,
    up_down: DynamicFamily<UpDownCounter>,
    histogram: DynamicFamily<Histogram>,
    summary: DynamicFamily<Summary>,
}

impl Metrics {
    fn new() -> Self {
        let registry = Registry::new();
        let bounds = [-10.0, 0.0, 10.0, 100.0];
        Metrics {
            counter: labelled_in(&registry, options("a_total")),
            float_counter: labelled_in(&registry, options("b_total")),
            gauge: labelled_in(&registry, options("c")),
            float_gauge: labelled_in(&registry, options("d")),
            up_down: labelled_in(&registry, options("e")),
            histogram: labelled_in(&registry, options("f").buckets(bounds)),
            summary: labelled_in(&registry, options("g")),
            registry,
        }
    }

    fn apply(&self, operation: &Operation) {
        match *operation {
            Operation::Record { key, amount } => {
                let key = &[&*key.to_string()];
                self.counter.with(key).inc_by(amount.into());
                self.float_counter.with(key).inc_by(quarters(amount));
                self.gauge.with(key).add(amount.into());
                self.float_gauge.with(key).add(quarters(amount));
                self.up_down.with(key).add(amount.into());
                self.histogram.with(key).observe(quarters(amount));
                self.summary.with(key).observe(quarters(amount));
            }
            Operation::Lower { key, amount } => {
                let key = &[&*key.to_string()];
                self.gauge.with(key).sub(amount.into());
                self.float_gauge.with(key).set(-quarters(amount));
                self.up_down.with(key).sub(amount.into());
                self.histogram.with(key).observe(-quarters(amount));
            }
            Operation::Remove { key } => {
                let key = &[&*key.to_string()];
                for metric in self.all() {
                    metric.remove(key);
                }
            }
            Operation::Clear => self.all().iter().for_each(|metric| metric.clear()),
            Operation::KeepBelow { key } => {
                self.all().iter().for_each(|metric| metric.keep_below(key));
            }
            Operation::ChangeThread => {}
        }
    }

    fn all(&self) -> [&dyn Removable; 7] {
        [
            &self.counter,
            &self.float_counter,
            &self.gauge,
            &self.float_gauge,
            &self.up_down,
            &self.histogram,
            &self.summary,
        ]
    }

    fn state(&self) -> State {
        let mut state = State::new();
        for family in self.registry.gather() {
            for metric in family.metrics {
                let key = metric.labels[0].1.parse().expect("keys are numbers");
                state.insert((family.name.clone(), key), Value::from(metric.value));
            }
        }
        state
    }
}

/// Operations that every family has, whatever its type.
trait Removable {
    fn remove(&self, key: &[&str]) -> bool;
    fn clear(&self);
    fn keep_below(&self, key: u8);
}

impl<M: DynamicMetric> Removable for DynamicFamily<M> {
    fn remove(&self, key: &[&str]) -> bool {
        DynamicFamily::remove(self, key)
    }

    fn clear(&self) {
        DynamicFamily::clear(self);
    }

    fn keep_below(&self, key: u8) {
        self.retain(|labels| {
            let own = labels.get("key").and_then(|own| own.parse::<u8>().ok());
            own.is_some_and(|own| own < key)
        });
    }
}

/// The values of all series, as read from the metrics or computed by the model.
type State = BTreeMap<(String, u8), Value>;

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    Observations { counts: Vec<u64>, sum: f64 },
}

impl From<MetricValue> for Value {
    fn from(value: MetricValue) -> Self {
        match value {
            MetricValue::Counter(number) | MetricValue::Gauge(number) => {
                Value::Number(Number::as_f64(number))
            }
            MetricValue::Histogram { buckets, sum, .. } => Value::Observations {
                counts: buckets.into_iter().map(|(_, count)| count).collect(),
                sum,
            },
            MetricValue::Summary { count, sum, .. } => Value::Observations {
                counts: vec![count],
                sum,
            },
            other => panic!("unexpected metric type: {other:?}"),
        }
    }
}

fn quarters(amount: u8) -> f64 {
    f64::from(amount) / 4.0
}

/// Applies an operation as the documentation describes it.
fn apply_to_model(state: &mut State, operation: &Operation) {
    let mut change = |metric: &str, key: u8, change: &dyn Fn(f64) -> f64| {
        let value = state
            .entry((metric.to_owned(), key))
            .or_insert(Value::Number(0.0));
        if let Value::Number(number) = value {
            *number = change(*number);
        }
    };
    match *operation {
        Operation::Record { key, amount } => {
            for metric in ["a_total", "c", "e"] {
                change(metric, key, &|value| value + f64::from(amount));
            }
            for metric in ["b_total", "d"] {
                change(metric, key, &|value| value + quarters(amount));
            }
            observe_in_model(state, "f", key, quarters(amount));
            observe_in_model(state, "g", key, quarters(amount));
        }
        Operation::Lower { key, amount } => {
            for metric in ["c", "e"] {
                change(metric, key, &|value| value - f64::from(amount));
            }
            change("d", key, &|_| -quarters(amount));
            observe_in_model(state, "f", key, -quarters(amount));
        }
        Operation::Remove { key } => state.retain(|(_, own), _| *own != key),
        Operation::Clear => state.clear(),
        Operation::KeepBelow { key } => state.retain(|(_, own), _| *own < key),
        Operation::ChangeThread => {}
    }
}

fn observe_in_model(state: &mut State, metric: &str, key: u8, value: f64) {
    let bounds: &[f64] = match metric {
        "f" => &[-10.0, 0.0, 10.0, 100.0],
        _ => &[],
    };
    let none = Value::Observations {
        counts: vec![0; bounds.len() + 1],
        sum: 0.0,
    };
    let series = state.entry((metric.to_owned(), key)).or_insert(none);
    if let Value::Observations { counts, sum } = series {
        counts[bounds.iter().filter(|bound| **bound < value).count()] += 1;
        *sum += value;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn operations_of_consecutive_threads_match_a_naive_model(
        operations in prop::collection::vec(operations(0..5), 0..80),
    ) {
        let _turn = share_machine();
        let metrics = Metrics::new();
        let mut model = State::new();
        for operations in operations.split(|operation| matches!(operation, Operation::ChangeThread)) {
            thread::scope(|scope| {
                let operations = || operations.iter().for_each(|operation| metrics.apply(operation));
                scope.spawn(operations).join().unwrap();
            });
            for operation in operations {
                apply_to_model(&mut model, operation);
            }
            prop_assert_eq!(metrics.state(), model.clone());
        }
    }

    #[test]
    fn operations_of_concurrent_threads_with_disjoint_keys_match_a_naive_model(
        plans in prop::collection::vec(prop::collection::vec(operations(0..5), 0..60), 4),
    ) {
        let _turn = share_machine();
        let metrics = Metrics::new();
        let mut model = State::new();
        let plans: Vec<Vec<Operation>> = (0..).zip(plans).map(|(of, plan)| with_own_keys(of, plan)).collect();
        thread::scope(|scope| {
            for plan in &plans {
                scope.spawn(|| plan.iter().for_each(|operation| metrics.apply(operation)));
            }
        });
        for operation in plans.iter().flatten() {
            apply_to_model(&mut model, operation);
        }
        prop_assert_eq!(metrics.state(), model);
    }
}

/// Maps a thread's operations to keys that no other thread uses, and leaves out operations on all
/// keys.
fn with_own_keys(of: u8, plan: Vec<Operation>) -> Vec<Operation> {
    let own = |operation| match operation {
        Operation::Record { key, amount } => Some(Operation::Record {
            key: key + 10 * of,
            amount,
        }),
        Operation::Lower { key, amount } => Some(Operation::Lower {
            key: key + 10 * of,
            amount,
        }),
        Operation::Remove { key } => Some(Operation::Remove { key: key + 10 * of }),
        Operation::Clear | Operation::KeepBelow { .. } | Operation::ChangeThread => None,
    };
    plan.into_iter().filter_map(own).collect()
}
