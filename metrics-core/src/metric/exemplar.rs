//! Exemplars: examples of what was counted, with labels that lead to them.
//!
//! They are given by hand, or found: where a metric asks for it, recordings look for the span that
//! they are made in. That is slow beside a recording, so few do. A family has a mask of what an
//! exemplar is *wanted* for, a bit for each bucket of each row of each series, as far as 64 go
//! round. A recording looks at its bit, which is all that most of them do. Where it is set, the
//! recording takes it, looks for a span and keeps the exemplar. An exposition that wrote the
//! exemplars sets all bits again.
//!
//! A span that is not sampled makes no exemplar: the bit is given back for another recording to
//! try, but only so often between two expositions, so that recording stays fast where there are
//! no spans or hardly any is sampled.
//!
//! Exemplars stand beside the words of the series, under a lock which no recording waits for. One
//! stays until another takes its place: there are never more than a series has buckets. Those of
//! a series that is gone have its generation, and are shown for no other.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError, TryLockError,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
};

use crate::{
    metric::handle::Storage,
    sample::{label_text, label_text::LabelView, value::RenderedExemplar},
    series::id::SeriesId,
    storage::{self, clock},
};

/// An example of what a counter or a histogram has counted, with labels that lead to it, such as
/// the identifier of a trace.
///
/// [`gather`](crate::gather()) shows them, and the formats that have a place for them:
/// [OpenMetrics](crate::Format::OpenMetrics) and [protobuf](crate::Format::Protobuf). See
/// [`observe_with_exemplar`](crate::Histogram::observe_with_exemplar) for how to give one, and
/// [`metrics!`](crate::metrics#exemplars) for how they are found.
///
/// ```
/// use metrics_core::{gather, metrics};
///
/// metrics! {
///     /// Time to answer.
///     static ANSWER: Histogram = "exemplar_answer_seconds";
/// }
///
/// ANSWER.observe_with_exemplar(0.3, &[("trace_id", "4bf92f3577b34da6")]);
/// let families = gather();
/// let answer = families.iter().find(|family| family.name == "exemplar_answer_seconds");
/// let exemplar = &answer.expect("it is declared").metrics[0].exemplars[0];
/// assert_eq!(exemplar.value, 0.3);
/// assert_eq!(exemplar.labels[0], ("trace_id".to_owned(), "4bf92f3577b34da6".to_owned()));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Exemplar {
    /// Names and values of its labels.
    pub labels: Vec<(String, String)>,
    /// What was observed, or by how much a counter went up.
    pub value: f64,
    /// When: Unix time, in seconds.
    pub time: f64,
}

impl From<&RenderedExemplar> for Exemplar {
    fn from(exemplar: &RenderedExemplar) -> Self {
        let labels = LabelView::new(&exemplar.labels).iter();
        Exemplar {
            labels: labels
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
            value: exemplar.value,
            time: exemplar.time,
        }
    }
}

/// Whether there are spans to look for.
pub(crate) const AUTOMATIC: bool = cfg!(feature = "tracing");

/// The most characters in the names and values of one exemplar: a rule of OpenMetrics 1.0.
const MOST_CHARS: usize = 128;

/// The most exemplars of a series that has native buckets alone.
const MOST_NATIVE: usize = 10;

/// How often a recording looks for a span in vain, for each bit between two expositions. Where one
/// span in a hundred is sampled, most bits find one, and all 64 of them together stay bounded.
const ATTEMPTS: u16 = 256;

/// What is exposed as one line, or as one histogram: a row of a series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowOf {
    pub(crate) series: SeriesId,
    pub(crate) row: usize,
}

impl RowOf {
    /// Where the bit of a bucket stands, modulo 64. Rows and series begin apart, so that few share
    /// the bits of their lower buckets.
    #[inline(always)]
    fn bit(self, bucket: usize) -> u32 {
        let series = (self.series.place as usize).wrapping_mul(37);
        let row = self.row.wrapping_mul(21);
        series.wrapping_add(row).wrapping_add(bucket) as u32
    }
}

/// The exemplars of a family.
#[derive(Debug)]
pub(crate) struct Exemplars {
    /// All zero where nobody asks for exemplars.
    wanted: AtomicU64,
    asked: bool,
    kept: OnceLock<Box<Kept>>,
}

impl Exemplars {
    /// None but those that are given by hand.
    pub(crate) const fn by_hand() -> Self {
        Exemplars {
            wanted: AtomicU64::new(0),
            asked: false,
            kept: OnceLock::new(),
        }
    }

    /// Those of the spans that recordings are made in, too.
    pub(crate) const fn of_spans() -> Self {
        Exemplars {
            wanted: AtomicU64::new(if AUTOMATIC { u64::MAX } else { 0 }),
            asked: AUTOMATIC,
            kept: OnceLock::new(),
        }
    }

    /// Whether recordings are to look for spans.
    #[inline(always)]
    pub(crate) fn asked(&self) -> bool {
        AUTOMATIC && self.asked
    }

    /// Whether there was or may be one.
    pub(crate) fn is_used(&self) -> bool {
        self.asked || self.kept.get().is_some()
    }

    fn kept(&self) -> &Kept {
        self.kept.get_or_init(Box::default)
    }

    /// Whether a recording is to look for an exemplar.
    #[inline(always)]
    pub(crate) fn wants(&self, at: RowOf, bucket: usize) -> bool {
        let wanted = self.wanted.load(Ordering::Relaxed);
        wanted.wrapping_shr(at.bit(bucket)) & 1 != 0
    }

    /// Looks for an exemplar of a recording that was just made.
    #[cold]
    #[inline(never)]
    pub(crate) fn look(&self, at: RowOf, bucket: usize, value: f64, shape: Shape) {
        let number = at.bit(bucket) % 64;
        let bit = 1 << number;
        if self.wanted.fetch_and(!bit, Ordering::Relaxed) & bit == 0 {
            return;
        }
        // What is done here allocates, and an allocator may record.
        let done = storage::without_reentry(|| {
            let found = of_span().map(|labels| RenderedExemplar {
                labels,
                value,
                time: clock::unix_seconds(),
            });
            let kept = self.kept();
            found.is_some_and(|exemplar| kept.put(at, bucket, exemplar, shape, 0))
                || kept.attempts[number as usize].fetch_add(1, Ordering::Relaxed) >= ATTEMPTS
        });
        if done != Some(true) {
            self.wanted.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Keeps an exemplar that is given by hand.
    pub(crate) fn give(
        &self,
        at: RowOf,
        bucket: usize,
        value: f64,
        labels: &[(&str, &str)],
        shape: Shape,
    ) {
        storage::without_reentry(|| {
            let kept = self.kept();
            let Some(labels) = rendered(labels) else {
                kept.rejected.fetch_add(1, Ordering::Relaxed);
                return;
            };
            // None that is found takes its place before it was exposed.
            let bit = 1 << (at.bit(bucket) % 64);
            self.wanted.fetch_and(!bit, Ordering::Relaxed);
            let time = clock::unix_seconds();
            let exemplar = RenderedExemplar {
                labels,
                value,
                time,
            };
            kept.put(at, bucket, exemplar, shape, PATIENCE);
        });
    }

    /// How many were left out, as they broke a rule.
    pub(crate) fn rejected(&self) -> u64 {
        let kept = self.kept.get();
        kept.map_or(0, |kept| kept.rejected.load(Ordering::Relaxed))
    }

    /// Shows the exemplars of a row.
    pub(crate) fn show<R>(&self, at: RowOf, show: impl FnOnce(&[RenderedExemplar]) -> R) -> R {
        let Some(kept) = self.kept.get() else {
            return show(&[]);
        };
        let rows = kept.rows();
        let row = rows.get(&at.key());
        let row = row.filter(|row| row.generation == at.series.generation);
        show(row.map_or(&[], |row| &row.exemplars))
    }

    /// Lets those of series go that are not there any more.
    pub(crate) fn purge(&self, is_there: impl Fn(SeriesId) -> bool) {
        if let Some(kept) = self.kept.get() {
            kept.rows().retain(|(place, _), row| {
                is_there(SeriesId {
                    place: *place,
                    generation: row.generation,
                })
            });
        }
    }

    /// Wants others: what is kept was exposed.
    pub(crate) fn want(&self) {
        if !self.asked() {
            return;
        }
        if let Some(kept) = self.kept.get() {
            for attempts in &kept.attempts {
                attempts.store(0, Ordering::Relaxed);
            }
        }
        self.wanted.store(u64::MAX, Ordering::Relaxed);
    }
}

/// Looks for an exemplar of a recording that was just made, where the metric asks for them.
#[inline(always)]
pub(crate) fn seek(storage: &impl Storage, bucket: usize, value: f64, shape: Shape) {
    if storage.asks() {
        let at = RowOf {
            series: storage.series(),
            row: 0,
        };
        let exemplars = storage.family().exemplars();
        if exemplars.wants(at, bucket) {
            exemplars.look(at, bucket, value, shape);
        }
    }
}

/// Attempts that are made for an exemplar that is given by hand: a scrape shows those of a row in
/// less time. It may be stopped in the middle of it, and then nobody waits.
const PATIENCE: usize = 1_000;

/// What bounds the exemplars of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// There are so many buckets, and one exemplar to each.
    Buckets,
    /// Buckets are without number: the oldest gives way.
    Native,
}

/// The bucket that stands for a value where there are native ones alone: one to each power of two.
#[inline(always)]
pub(crate) fn native_bucket(value: f64) -> usize {
    (value.to_bits() >> 52) as usize
}

#[derive(Debug)]
struct Kept {
    rows: Mutex<HashMap<(u32, u32), Row>>,
    /// How often a span was looked for in vain, for each bit.
    attempts: [AtomicU16; 64],
    rejected: AtomicU64,
}

impl Default for Kept {
    fn default() -> Self {
        Kept {
            rows: Mutex::default(),
            attempts: [const { AtomicU16::new(0) }; 64],
            rejected: AtomicU64::new(0),
        }
    }
}

impl RowOf {
    fn key(self) -> (u32, u32) {
        (self.series.place, self.row as u32)
    }
}

impl Kept {
    fn rows(&self) -> MutexGuard<'_, HashMap<(u32, u32), Row>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an exemplar; false when somebody else is at it, also after so many further attempts.
    fn put(
        &self,
        at: RowOf,
        bucket: usize,
        exemplar: RenderedExemplar,
        shape: Shape,
        mut patience: usize,
    ) -> bool {
        let mut rows = loop {
            match self.rows.try_lock() {
                Ok(rows) => break rows,
                Err(TryLockError::Poisoned(poisoned)) => break poisoned.into_inner(),
                Err(TryLockError::WouldBlock) if patience == 0 => return false,
                Err(TryLockError::WouldBlock) => patience -= 1,
            }
            std::hint::spin_loop();
        };
        let row = rows.entry(at.key()).or_default();
        if row.generation < at.series.generation {
            *row = Row {
                generation: at.series.generation,
                ..Row::default()
            };
        }
        // The series may have given way to another.
        if row.generation == at.series.generation {
            row.put(bucket as u16, exemplar, shape);
        }
        true
    }
}

/// The exemplars of a row, ascending by value, and the bucket of each.
#[derive(Debug, Default)]
struct Row {
    generation: u64,
    buckets: Vec<u16>,
    exemplars: Vec<RenderedExemplar>,
}

impl Row {
    fn put(&mut self, bucket: u16, exemplar: RenderedExemplar, shape: Shape) {
        let same = self.buckets.iter().position(|known| *known == bucket);
        let full = shape == Shape::Native && self.buckets.len() >= MOST_NATIVE;
        let oldest = || {
            let times = self.exemplars.iter().map(|exemplar| exemplar.time);
            let oldest = times.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
            oldest.map(|(at, _)| at)
        };
        if let Some(at) = same.or_else(|| full.then(oldest).flatten()) {
            self.buckets.remove(at);
            self.exemplars.remove(at);
        }
        let is_below = |known: &RenderedExemplar| known.value <= exemplar.value;
        let at = self.exemplars.partition_point(is_below);
        self.buckets.insert(at, bucket);
        self.exemplars.insert(at, exemplar);
    }
}

/// Labels as an exemplar has them; `None` when they break a rule.
fn rendered(labels: &[(&str, &str)]) -> Option<Box<str>> {
    let mut out = String::new();
    let mut chars = 0;
    for (at, (name, value)) in labels.iter().enumerate() {
        let is_new = labels[..at].iter().all(|(earlier, _)| earlier != name);
        if !is_new || !is_label_name(name) {
            return None;
        }
        chars += name.chars().count() + value.chars().count();
        label_text::push_label(&mut out, name, value);
    }
    (chars <= MOST_CHARS).then(|| out.into_boxed_str())
}

/// Any that the data model allows: what is reserved for series is not for exemplars.
fn is_label_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let mut bytes = name.bytes();
    bytes.next().is_some_and(is_letter)
        && bytes.all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

/// Labels that lead to the span of this moment, if it is sampled.
#[cfg(feature = "tracing")]
fn of_span() -> Option<Box<str>> {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use opentelemetry::{Context, trace::TraceContextExt};
    use tracing_opentelemetry::OpenTelemetrySpanExt;

    let labels = |context: Context| {
        let span = context.span();
        let span = span.span_context();
        (span.is_valid() && span.is_sampled()).then(|| {
            let (trace, span) = (span.trace_id(), span.span_id());
            format!("trace_id=\"{trace}\",span_id=\"{span}\"").into_boxed_str()
        })
    };
    // Other people's code, in which a recording is not to end.
    let found = catch_unwind(AssertUnwindSafe(|| {
        labels(tracing::Span::current().context()).or_else(|| labels(Context::current()))
    }));
    found.ok().flatten()
}

#[cfg(not(feature = "tracing"))]
fn of_span() -> Option<Box<str>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(place: u32, generation: u64) -> RowOf {
        let series = SeriesId { place, generation };
        RowOf { series, row: 0 }
    }

    fn values(exemplars: &Exemplars, at: RowOf) -> Vec<f64> {
        exemplars.show(at, |shown| shown.iter().map(|one| one.value).collect())
    }

    #[test]
    fn a_bucket_has_its_last_exemplar_and_all_are_ascending() {
        let exemplars = Exemplars::by_hand();
        for (bucket, value) in [(2, 30.0), (0, 1.0), (2, 25.0), (1, 10.0)] {
            exemplars.give(at(0, 0), bucket, value, &[], Shape::Buckets);
        }
        assert_eq!(values(&exemplars, at(0, 0)), [1.0, 10.0, 25.0]);
    }

    #[test]
    fn a_series_without_classic_buckets_has_at_most_ten_and_the_oldest_leaves() {
        let exemplars = Exemplars::by_hand();
        for power in 0..12 {
            let value = f64::from(1 << power);
            let bucket = native_bucket(value);
            exemplars.give(at(0, 0), bucket, value, &[], Shape::Native);
        }
        let shown = values(&exemplars, at(0, 0));
        assert_eq!((shown.len(), shown.last()), (10, Some(&2048.0)));
    }

    #[test]
    fn exemplars_belong_to_one_of_the_series_that_stand_in_a_place() {
        let exemplars = Exemplars::by_hand();
        exemplars.give(at(3, 5), 0, 1.0, &[], Shape::Buckets);
        assert_eq!(values(&exemplars, at(3, 7)), [0.0; 0]);
        exemplars.give(at(3, 7), 0, 2.0, &[], Shape::Buckets);
        exemplars.give(at(3, 5), 0, 3.0, &[], Shape::Buckets);
        assert_eq!(values(&exemplars, at(3, 7)), [2.0]);
        exemplars.purge(|series| series.generation > 7);
        assert_eq!(values(&exemplars, at(3, 7)), [0.0; 0]);
    }

    #[test]
    fn names_keep_to_the_grammar_and_are_not_there_twice() {
        assert!(rendered(&[("trace_id", "1"), ("_x9", "2"), ("le", "3")]).is_some());
        for wrong in ["", "9a", "a-b", "ä", "a b"] {
            assert_eq!(rendered(&[(wrong, "1")]), None, "{wrong}");
        }
        assert_eq!(rendered(&[("a", "1"), ("a", "2")]), None);
    }
}
