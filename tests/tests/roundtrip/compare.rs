//! Compares parsed expositions with the expected ones.

use std::{collections::BTreeMap, fmt::Debug, ops::Range};

use tests::{
    Families,
    protobuf::{self, BucketSpan, MetricFamily},
    strict::{self, Dialect},
};

use crate::model::Exemplar;

/// A text exposition: families by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document(pub(crate) BTreeMap<String, ShownFamily>);

#[derive(Clone, Debug)]
pub(crate) struct ShownFamily {
    pub(crate) kind: String,
    pub(crate) help: String,
    pub(crate) unit: String,
    /// Samples by name and labels.
    pub(crate) samples: BTreeMap<(String, BTreeMap<String, String>), ShownSample>,
}

#[derive(Clone, Debug)]
pub(crate) struct ShownSample {
    pub(crate) value: f64,
    /// Allowed deviation of the value.
    pub(crate) slack: f64,
    pub(crate) exemplar: Option<Exemplar>,
}

impl ShownSample {
    pub(crate) fn exact(value: f64) -> Self {
        ShownSample {
            value,
            slack: 0.0,
            exemplar: None,
        }
    }

    fn is(&self, other: &ShownSample) -> bool {
        let near = |a: f64, b: f64| {
            // The text formats write -0 as 0.
            (a + 0.0).to_bits() == (b + 0.0).to_bits()
                || (a.is_nan() && b.is_nan())
                || (a - b).abs() <= self.slack
        };
        near(self.value, other.value)
            && match (&self.exemplar, &other.exemplar) {
                (Some((labels, value)), Some((others, other))) => {
                    labels == others && near(*value, *other)
                }
                (None, None) => true,
                _ => false,
            }
    }
}

impl From<Vec<strict::Family>> for Document {
    fn from(families: Vec<strict::Family>) -> Self {
        let families = families.into_iter().map(|family| {
            let samples = family.samples.into_iter().map(|sample| {
                let exemplar = sample.exemplar.map(|it| (it.labels, it.value));
                let shown = ShownSample {
                    exemplar,
                    ..ShownSample::exact(sample.value)
                };
                ((sample.name, sample.labels), shown)
            });
            let shown = ShownFamily {
                kind: family.kind,
                help: family.help,
                unit: family.unit,
                samples: samples.collect(),
            };
            (family.name, shown)
        });
        Document(families.collect())
    }
}

impl From<Families> for Document {
    fn from(families: Families) -> Self {
        let families = families.iter().cloned().map(|family| {
            let samples = family.samples.into_iter().map(|sample| {
                let exemplar = sample.exemplar.map(|it| (it.labels, it.value));
                let shown = ShownSample {
                    exemplar,
                    ..ShownSample::exact(sample.value)
                };
                ((sample.name, sample.labels), shown)
            });
            let shown = ShownFamily {
                kind: family.kind,
                help: family.help,
                unit: family.unit,
                samples: samples.collect(),
            };
            (family.name, shown)
        });
        Document(families.collect())
    }
}

/// Compares two documents and reports the first difference.
pub(crate) fn compare(expected: &Document, read: &Document) -> Result<(), String> {
    equal("families", &names(&expected.0), &names(&read.0))?;
    for ((name, family), other) in expected.0.iter().zip(read.0.values()) {
        let head = |family: &ShownFamily| {
            let ShownFamily {
                kind, help, unit, ..
            } = family;
            [kind.clone(), help.clone(), unit.clone()]
        };
        equal(name, &head(family), &head(other))?;
        equal(name, &names(&family.samples), &names(&other.samples))?;
        for ((key, sample), other) in family.samples.iter().zip(other.samples.values()) {
            if !sample.is(other) {
                return Err(format!("{key:?} is to be {sample:?} and is {other:?}"));
            }
        }
    }
    Ok(())
}

fn names<K: Clone, V>(map: &BTreeMap<K, V>) -> Vec<K> {
    map.keys().cloned().collect()
}

fn equal<T: PartialEq + Debug>(what: &str, expected: &T, read: &T) -> Result<(), String> {
    if expected == read {
        return Ok(());
    }
    Err(format!("{what} is to be {expected:?} and is {read:?}"))
}

/// Changes an expected document to what the Python parser reads; `None` if the parser cannot read
/// it although it is valid.
pub(crate) fn as_python_reads(mut document: Document, dialect: Dialect) -> Option<Document> {
    let families = std::mem::take(&mut document.0);
    for (name, mut family) in families {
        for ((_, labels), sample) in &family.samples {
            // The parser treats every name that starts with two underscores as reserved; escaping
            // can produce such names.
            if labels.keys().any(|name| name.starts_with("__")) {
                return None;
            }
            // The parser ends an exemplar's label value at an escaped quote.
            let exemplar = sample
                .exemplar
                .iter()
                .flat_map(|(labels, _)| labels.values());
            if exemplar.into_iter().any(|value| value.contains('"')) {
                return None;
            }
        }
        let name = match dialect {
            // The parser names a counter without `_total`, as OpenMetrics does.
            Dialect::Text if family.kind == "counter" => {
                name.strip_suffix("_total").unwrap_or(&name).to_owned()
            }
            _ => name,
        };
        match dialect {
            Dialect::Text => {
                if family.kind == "untyped" {
                    "unknown".clone_into(&mut family.kind);
                }
                // The parser trims white space around the help before unescaping it.
                let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
                let is_space = |c: char| " \t\n\r\u{b}\u{c}".contains(c);
                let help = help.trim_start_matches(is_space);
                let is_space = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
                let help = help.trim_end_matches(is_space);
                family.help = unescaped(help);
            }
            // In OpenMetrics, the parser trims only leading spaces.
            Dialect::OpenMetrics => {
                let help = family.help.trim_start_matches(' ').to_owned();
                family.help = help;
            }
        }
        document.0.insert(name, family);
    }
    Some(document)
}

fn unescaped(help: &str) -> String {
    let mut parts = help.split("\\\\").map(|part| part.replace("\\n", "\n"));
    let first = parts.next().unwrap_or_default();
    parts.fold(first, |all, part| format!("{all}\\{part}"))
}

/// Compares protobuf messages and reports the first difference.
///
/// Before that, checks the timestamps that were read, and normalises spans, order and quantiles.
pub(crate) fn compare_messages(
    expected: &[MetricFamily],
    mut read: Vec<MetricFamily>,
    during: &Range<f64>,
) -> Result<(), String> {
    if expected.len() != read.len() {
        return Err(format!("there are {} families: {read:?}", read.len()));
    }
    read.sort_by(|a, b| a.name.cmp(&b.name));
    for (expected, mut read) in expected.iter().zip(read) {
        for metric in &mut read.metric {
            normalise(metric, during)?;
        }
        // The order of labels is compared, that of series is not.
        let mut expected = expected.clone();
        for family in [&mut expected, &mut read] {
            family
                .metric
                .sort_by_cached_key(|metric| format!("{:?}", metric.label));
        }
        replace_close_quantiles(&expected, &mut read);
        // Compares printed messages, because NaN differs from itself. Floats of different bits
        // print differently, except NaNs, whose bits do not matter.
        let (expected, read) = (format!("{expected:#?}"), format!("{read:#?}"));
        if expected != read {
            let lines = expected.lines().zip(read.lines());
            let differ = lines.clone().position(|(expected, read)| expected != read);
            let beside = lines.skip(differ.unwrap_or_default().saturating_sub(3));
            let beside: Vec<_> = beside.take(9).collect();
            return Err(format!("lines differ, {beside:#?} in {read}"));
        }
    }
    Ok(())
}

fn normalise(metric: &mut protobuf::Metric, during: &Range<f64>) -> Result<(), String> {
    let check = |time: Option<protobuf::Timestamp>| {
        let time = time.ok_or("an exemplar without time")?;
        let seconds = time.seconds as f64 + f64::from(time.nanos) / 1e9;
        if (during.start - 0.001..during.end + 0.001).contains(&seconds) {
            return Ok(());
        }
        Err(format!("{seconds} is not within {during:?}"))
    };
    // A created timestamp within the recording period is replaced by the middle of the period,
    // which the model expects. A collector's timestamp, which is outside the period, keeps its
    // whole seconds.
    let check_created = |time: &mut Option<protobuf::Timestamp>| {
        if check(*time).is_ok() {
            let middle = f64::midpoint(during.start, during.end);
            *time = Some(protobuf::Timestamp {
                seconds: middle as i64,
                nanos: 0,
            });
        } else if let Some(time) = time {
            time.nanos = 0;
        }
    };
    if let Some(counter) = &mut metric.counter {
        check_created(&mut counter.created_timestamp);
        if let Some(exemplar) = &mut counter.exemplar {
            check(exemplar.timestamp.take())?;
        }
    }
    if let Some(summary) = &mut metric.summary {
        check_created(&mut summary.created_timestamp);
    }
    let Some(histogram) = &mut metric.histogram else {
        return Ok(());
    };
    check_created(&mut histogram.created_timestamp);
    let buckets = histogram.bucket.iter_mut();
    let exemplars = buckets.filter_map(|bucket| bucket.exemplar.as_mut());
    for exemplar in exemplars.chain(&mut histogram.exemplars) {
        check(exemplar.timestamp.take())?;
    }
    let (positive, negative) = (histogram.positive(), histogram.negative());
    if histogram.schema.is_some()
        && histogram.zero_count == Some(0)
        && histogram.positive_span.is_empty()
        && histogram.negative_span.is_empty()
    {
        return Err("nothing tells that it is a native histogram".to_owned());
    }
    let one_by_one = |buckets: &[(i32, u64)]| -> (Vec<BucketSpan>, Vec<i64>) {
        let spans = buckets.iter().map(|(at, _)| BucketSpan {
            offset: Some(*at),
            length: Some(1),
        });
        let counts = buckets.iter().map(|(_, count)| *count as i64);
        (spans.collect(), counts.collect())
    };
    (histogram.positive_span, histogram.positive_delta) = one_by_one(&positive);
    (histogram.negative_span, histogram.negative_delta) = one_by_one(&negative);
    Ok(())
}

/// Replaces quantile estimates within 1 % by the expected value.
fn replace_close_quantiles(expected: &MetricFamily, read: &mut MetricFamily) {
    for (expected, read) in expected.metric.iter().zip(&mut read.metric) {
        let (Some(expected), Some(read)) = (&expected.summary, &mut read.summary) else {
            continue;
        };
        for (expected, read) in expected.quantile.iter().zip(&mut read.quantile) {
            if let (Some(expected), Some(value)) = (expected.value, read.value)
                && (expected - value).abs() <= expected / 100.0
            {
                read.value = Some(expected);
            }
        }
    }
}
