//! [`Received`]: the last values of counters and histograms that one reader of expositions has
//! received.

use std::collections::{BTreeMap, HashMap};

use metrics_core::{MetricFamily, MetricValue};

/// A series from one creation to its expiry: name of the family, labels, and created timestamp.
type SeriesLife = (String, Vec<(String, String)>, u64);

/// A counter's value, or the count and the sum of a histogram.
type Value = [f64; 2];

/// Whether a family's name, or a line of an exposition, belongs to the test and not to a
/// self-metric.
fn is_soaked(text: &str) -> bool {
    text.starts_with("soak_")
}

/// The last value of each [`SeriesLife`] that one reader has received.
#[derive(Default)]
pub(crate) struct Received(BTreeMap<SeriesLife, Value>);

impl Received {
    /// Adds the series of gathered families, and returns their number.
    pub(crate) fn add_gathered(&mut self, families: &[MetricFamily]) -> usize {
        let families = families.iter().filter(|family| is_soaked(&family.name));
        let series = families.flat_map(|family| {
            let of = family.metrics.iter().filter_map(|metric| {
                let value = match &metric.value {
                    MetricValue::Counter(number) => [number.as_f64(), 0.0],
                    MetricValue::Histogram { buckets, sum, .. } => {
                        let count: u64 = buckets.iter().map(|(_, count)| count).sum();
                        [count as f64, *sum]
                    }
                    _ => return None,
                };
                let created = metric.created.expect("a created timestamp");
                Some((
                    (
                        family.name.clone(),
                        metric.labels.clone(),
                        created.to_bits(),
                    ),
                    value,
                ))
            });
            of.collect::<Vec<_>>()
        });
        self.add(series.collect())
    }

    /// Adds the series of an exposition in the protobuf format, and returns their number.
    pub(crate) fn add_protobuf(&mut self, exposition: &[u8]) -> usize {
        let families = tests::protobuf::protobuf(exposition).expect("valid protobuf");
        let families = families.iter().filter(|family| is_soaked(family.name()));
        let series = families.flat_map(|family| {
            let of = family.metric.iter().filter_map(|metric| {
                let (value, created) = if let Some(counter) = &metric.counter {
                    ([counter.value(), 0.0], counter.created_timestamp)
                } else if let Some(histogram) = &metric.histogram {
                    let value = [histogram.sample_count() as f64, histogram.sample_sum()];
                    (value, histogram.created_timestamp)
                } else {
                    return None;
                };
                let created = created.expect("a created timestamp");
                let created = created.seconds as u64 * 1_000_000_000 + created.nanos as u64;
                let labels = metric.label.iter();
                let labels =
                    labels.map(|label| (label.name().to_owned(), label.value().to_owned()));
                Some(((family.name().to_owned(), labels.collect(), created), value))
            });
            of.collect::<Vec<_>>()
        });
        self.add(series.collect())
    }

    /// Adds the series of an OpenMetrics exposition, whose created timestamps are lines, and
    /// returns their number.
    pub(crate) fn add_open_metrics(&mut self, exposition: &str) -> usize {
        assert!(exposition.ends_with("# EOF\n"), "{exposition}");
        // Maps the name and labels of a series to its values by suffix of the sample name.
        let mut lines: HashMap<(&str, &str), BTreeMap<&str, &str>> = HashMap::new();
        for line in exposition.lines().filter(|line| is_soaked(line)) {
            let (sample, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = sample.split_once('{').unwrap_or((sample, "}"));
            let Some((family, suffix)) = name.rsplit_once('_') else {
                continue;
            };
            if suffix == "bucket" {
                continue;
            }
            let before = lines
                .entry((family, labels))
                .or_default()
                .insert(suffix, value);
            assert_eq!(before, None, "`{sample}` twice in {exposition}");
        }
        let mut series = Vec::new();
        for ((family, labels), of) in lines {
            let number = |suffix| {
                of.get(suffix)
                    .map(|text| text.parse::<f64>().expect("a number"))
            };
            let Some(created) = number("created") else {
                continue;
            };
            let value = match number("total") {
                Some(total) => [total, 0.0],
                None => [
                    number("count").expect("a count"),
                    number("sum").expect("a sum"),
                ],
            };
            let labels = vec![(String::new(), labels.to_owned())];
            series.push(((family.to_owned(), labels, created.to_bits()), value));
        }
        self.add(series)
    }

    /// Adds the series of an exposition, and returns their number.
    fn add(&mut self, series: Vec<(SeriesLife, Value)>) -> usize {
        let number = series.len();
        let series: BTreeMap<_, _> = series.into_iter().collect();
        assert_eq!(series.len(), number, "a series occurs twice");
        for (life, value) in series {
            let before = self.0.entry(life.clone()).or_default();
            assert!(*before <= value, "{life:?}: {value:?} after {before:?}");
            *before = value;
        }
        number
    }

    /// The total of all series of the families whose name starts with `prefix`, of all their lives.
    pub(crate) fn total(&self, prefix: &str) -> Value {
        let of = self
            .0
            .iter()
            .filter(|((name, ..), _)| name.starts_with(prefix));
        of.fold([0.0; 2], |[a, b], (_, value)| [a + value[0], b + value[1]])
    }
}
