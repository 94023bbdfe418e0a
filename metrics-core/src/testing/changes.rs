//! [`Changes`]: what a thread recorded into each series, as differences between two readings of the
//! thread's storage.

use std::{collections::HashMap, fmt};

use crate::{
    describe::kind::Kind,
    metric::{
        family::{Family, FamilyRef},
        histogram_snapshot::HistogramSnapshot,
    },
    registry::Registry,
    sample::{label_text, label_text::LabelView, value::Observations},
    series::id::SeriesId,
    storage::{Reader, layout::Layout, native::TableView, scalar},
};

/// The values of all series into which the calling thread has recorded so far.
pub(super) struct Reading {
    values: HashMap<Key, Vec<u64>>,
    /// Keeps the families alive, so that their addresses, which are part of the keys, stay unique.
    _families: Vec<FamilyRef>,
}

/// Identifies a series and, for an instrumented function, one outcome. A series that is removed and
/// created again gets another key.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    family: usize,
    series: SeriesId,
    row: usize,
}

impl Reading {
    pub(super) fn of_this_thread(registry: &Registry) -> Self {
        let families = registry.metrics();
        let mut values = HashMap::new();
        // Also made if there are no families yet, so that the thread keeps what it records.
        let mut reader = Reader::for_this_thread();
        for family in &families {
            for_each_series(family, &mut reader, |key, _, values_now| {
                if values_now.iter().any(|word| *word != 0) {
                    values.insert(key, values_now.to_vec());
                }
            });
        }
        Reading {
            values,
            _families: families,
        }
    }
}

/// Calls `each` with the labels and the calling thread's values of each series and outcome, unless
/// all threads share the values.
fn for_each_series(family: &Family, reader: &mut Reader, mut each: impl FnMut(Key, &str, &[u64])) {
    if !is_per_thread(family.layout()) {
        return;
    }
    let address = std::ptr::from_ref(family).addr();
    family.for_each_row(
        &mut each,
        reader,
        |_| true,
        |each, at, labels, _, values| {
            let key = Key {
                family: address,
                series: at.series,
                row: at.row,
            };
            each(key, labels, values);
        },
    );
}

/// Whether each thread has its own storage for metrics with this layout.
fn is_per_thread(layout: Layout) -> bool {
    layout != Layout::Empty && !layout.is_shared()
}

/// One change for each series that was recorded into.
#[derive(Default)]
pub(super) struct Changes(Vec<Change>);

impl Changes {
    /// Adds what the calling thread recorded since the reading `before`.
    pub(super) fn add_since(&mut self, before: &Reading, registry: &Registry) {
        let settings = registry.settings();
        let mut reader = Reader::for_this_thread();
        for family in registry.metrics() {
            let (desc, layout) = (family.desc(), family.layout());
            for_each_series(&family, &mut reader, |key, labels, values| {
                let mut values = values.to_vec();
                match before.values.get(&key) {
                    Some(before) if *before == values => return,
                    Some(before) => layout.subtract_values(&mut values, before),
                    None if values.iter().all(|word| *word == 0) => return,
                    None => {}
                }
                let labels = LabelView::new(labels).iter();
                let labels = labels.map(|(name, value)| (name.into_owned(), value.into_owned()));
                self.add(Change {
                    name: format!("{}{}", settings.prefix, desc.name()),
                    labels: settings
                        .const_labels
                        .iter()
                        .cloned()
                        .chain(labels)
                        .collect(),
                    kind: desc.kind(),
                    bounds: desc.bounds.to_vec(),
                    layout,
                    values,
                });
            });
        }
    }

    fn add(&mut self, change: Change) {
        let known = self
            .0
            .iter_mut()
            .find(|known| known.is_same_series(&change));
        match known {
            Some(known) => change.layout.add_values(&mut known.values, &change.values),
            None => self.0.push(change),
        }
    }

    /// The changes, sorted by name and labels.
    pub(super) fn sorted(mut self) -> Vec<Change> {
        let key = |change: &Change| (change.name.clone(), change.labels.clone());
        self.0.sort_by_cached_key(key);
        self.0
    }
}

/// What was recorded into one series; see [`Recorded::changes`](super::Recorded::changes).
///
/// `Display` writes the series as the text format does, followed by the amount.
///
/// ```
/// use metrics_core::{metrics, testing};
///
/// metrics! {
///     /// Jobs done.
///     static DONE: Counter<(queue: &str)> = "change_jobs_total";
/// }
///
/// let recorded = testing::recorded(|| DONE.with("mail").inc());
/// let change = recorded.changes().next().expect("one");
/// assert_eq!(change.to_string(), r#"change_jobs_total{queue="mail"} +1"#);
/// assert_eq!(change.name(), "change_jobs_total");
/// assert_eq!(change.labels(), [("queue".to_owned(), "mail".to_owned())]);
/// assert_eq!(change.amount(), testing::Amount::Counter(1));
/// ```
#[derive(Clone, PartialEq)]
pub struct Change {
    name: String,
    labels: Vec<(String, String)>,
    kind: Kind,
    bounds: Vec<f64>,
    layout: Layout,
    /// Values of the series in the order of `layout`, as differences.
    values: Vec<u64>,
}

/// How much was recorded into a series; see [`Change::amount`].
///
/// ```
/// use metrics_core::testing::Amount;
///
/// assert_eq!(Amount::UpDown { up: 3, down: 1 }.to_string(), "+3 -1 = 2");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Amount {
    /// The increase of a counter.
    Counter(u64),
    /// The increase of a float counter.
    FloatCounter(f64),
    /// The increments and decrements of an up-down counter.
    UpDown {
        /// Sum of the increments.
        up: u64,
        /// Sum of the decrements.
        down: u64,
    },
    /// The observations of a histogram or a summary; a summary has no buckets.
    Observations(HistogramSnapshot),
}

impl Change {
    /// The metric's name, with the prefix of its registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names and values of the labels, the registry's const labels first.
    pub fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    /// The recorded amount, by type of metric.
    pub fn amount(&self) -> Amount {
        match self.layout {
            Layout::FloatCount => Amount::FloatCounter(f64::from_bits(self.values[0])),
            Layout::UpDown => Amount::UpDown {
                up: self.values[0],
                down: self.values[1],
            },
            Layout::Histogram { .. } => Amount::Observations(self.observations()),
            _ => Amount::Counter(self.values.first().copied().unwrap_or(0)),
        }
    }

    fn observations(&self) -> HistogramSnapshot {
        let read = Observations::new(self.layout, &self.values);
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let buckets = match self.kind {
            Kind::Histogram => bounds.zip(read.counts.iter().copied()).collect(),
            _ => Vec::new(),
        };
        HistogramSnapshot {
            count: read.count,
            sum: read.sum,
            buckets,
            native: self
                .layout
                .native_table(&self.values)
                .map(TableView::snapshot),
        }
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// Whether this change belongs to the metric `name` and has these label values.
    ///
    /// An absent label matches the empty value.
    pub(super) fn matches(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        let value = |name: &str| {
            let found = self.labels.iter().find(|(label, _)| label == name);
            found.map_or("", |(_, value)| value)
        };
        self.name == name && labels.iter().all(|(name, wanted)| value(name) == *wanted)
    }

    /// Whether both changes belong to the same series.
    fn is_same_series(&self, other: &Change) -> bool {
        self.name == other.name && self.labels == other.labels && self.layout == other.layout
    }

    /// Adds the amount of another series of the same metric, if it has the same layout.
    pub(super) fn plus(mut self, other: &Change) -> Self {
        if self.layout == other.layout {
            self.layout.add_values(&mut self.values, &other.values);
        }
        self
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            SeriesName(&self.name, &self.labels),
            self.amount()
        )
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Counter(n) => write!(f, "+{n}"),
            Amount::FloatCounter(n) => write!(f, "+{n}"),
            Amount::UpDown { up, down: 0 } => write!(f, "+{up}"),
            Amount::UpDown { up: 0, down } => write!(f, "-{down}"),
            Amount::UpDown { up, down } => {
                write!(f, "+{up} -{down} = {}", scalar::difference(*up, *down))
            }
            Amount::Observations(HistogramSnapshot { count, sum, .. }) => {
                write!(f, "observed {count}, sum {sum}")
            }
        }
    }
}

/// Writes name and labels of a series as the text format does.
pub(super) struct SeriesName<'a, T>(pub(super) &'a str, pub(super) &'a [(T, T)]);

impl<T: AsRef<str>> fmt::Display for SeriesName<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SeriesName(name, labels) = self;
        let mut rendered = String::new();
        for (label, value) in *labels {
            label_text::push_label(&mut rendered, label.as_ref(), value.as_ref());
        }
        if rendered.is_empty() {
            f.write_str(name)
        } else {
            write!(f, "{name}{{{rendered}}}")
        }
    }
}
