//! [`Exemplars`]: the exemplars of a family, set by the program or taken from spans.
//!
//! Looking at the current span is slow compared with a recording, so few recordings look at it. A
//! family has a mask of 64 bits that says which buckets *want* an exemplar. The buckets of each row
//! (one counter or histogram of the exposition) are numbered, and a bucket's bit is its number
//! modulo
//! 64. A recording tests its bucket's bit, which is all that most recordings do. If the bit is set,
//! the recording clears it, looks at the span and stores the exemplar. An exposition that has
//! written the exemplars sets all bits again.
//!
//! A span that is not sampled gives no exemplar, and the bit is set again for the next recording.
//! This happens a limited number of times between two expositions, so that recording stays fast if
//! there are no spans or few are sampled.
//!
//! Exemplars are stored apart from the values of the series, under a lock that a recording only
//! tries to take. An exemplar stays until another replaces it or its series is removed, so memory
//! is bounded by the number of buckets. Exemplars are stored with the generation of their series,
//! which identifies the series among those that use the same storage one after the other, so that a
//! later series does not expose them.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError, TryLockError,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
};

use crate::{
    metric::outcome_rows::RowId,
    sample::{label_text, value::RenderedExemplar},
    series::id::SeriesId,
    storage::{self, clock},
};

/// Whether recordings can look at spans: true with the feature `tracing`.
pub(crate) const SPANS_ENABLED: bool = cfg!(feature = "tracing");

/// The limit on the exemplars of a row, which is one counter or histogram of an exposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExemplarLimit {
    /// One exemplar for each classic bucket of a histogram; one for a counter.
    OnePerBucket,
    /// Up to [`MAX_NATIVE`] exemplars, at most one for each power of two and sign; a further one
    /// replaces the oldest. For native histograms without classic buckets.
    TenPerRow,
}

/// The bucket of an exemplar in a native histogram without classic buckets: one for each power of
/// two and sign.
#[inline(always)]
pub(crate) fn native_exemplar_bucket(value: f64) -> usize {
    // The upper 12 bits are sign and exponent.
    (value.to_bits() >> 52) as usize
}

/// The exemplars of a family.
#[derive(Debug)]
pub(crate) struct Exemplars {
    /// The mask of the buckets that want an exemplar; zero if none are taken from spans.
    wanted: AtomicU64,
    is_automatic: bool,
    store: OnceLock<Box<ExemplarStore>>,
}

impl Exemplars {
    /// The storage for a family whose exemplars are only set by the program.
    pub(crate) const fn manual() -> Self {
        Exemplars {
            wanted: AtomicU64::new(0),
            is_automatic: false,
            store: OnceLock::new(),
        }
    }

    /// The storage for a family that, with the feature `tracing`, also takes exemplars from spans.
    pub(crate) const fn from_spans() -> Self {
        Exemplars {
            wanted: AtomicU64::new(if SPANS_ENABLED { u64::MAX } else { 0 }),
            is_automatic: SPANS_ENABLED,
            store: OnceLock::new(),
        }
    }

    /// Whether recordings take exemplars from spans.
    #[inline(always)]
    pub(crate) fn are_automatic(&self) -> bool {
        SPANS_ENABLED && self.is_automatic
    }

    /// Whether there can be exemplars to write.
    pub(crate) fn is_used(&self) -> bool {
        self.is_automatic || self.store.get().is_some()
    }

    fn store(&self) -> &ExemplarStore {
        self.store.get_or_init(Box::default)
    }

    /// Whether a bucket's bit is set, so that a recording should look at the current span.
    #[inline(always)]
    pub(crate) fn is_wanted(&self, row: RowId, bucket: usize) -> bool {
        let wanted = self.wanted.load(Ordering::Relaxed);
        wanted.wrapping_shr(bit_number(row, bucket)) & 1 != 0
    }

    /// Takes an exemplar from the current span for a recording just made, if the span is sampled.
    #[cold]
    #[inline(never)]
    pub(crate) fn capture_from_span(
        &self,
        row: RowId,
        bucket: usize,
        value: f64,
        limit: ExemplarLimit,
    ) {
        let number = bit_number(row, bucket) % 64;
        let bit = 1 << number;
        if self.wanted.fetch_and(!bit, Ordering::Relaxed) & bit == 0 {
            return;
        }
        // Prevents re-entry, because the code below allocates, and an allocator that records must
        // not enter it again.
        let done = storage::without_reentry(|| {
            let exemplar = span_labels().map(|labels| RenderedExemplar {
                labels,
                value,
                time: clock::unix_seconds(),
            });
            let store = self.store();
            exemplar.is_some_and(|exemplar| store.put(row, bucket, exemplar, limit, 0))
                || store.failures[number as usize].fetch_add(1, Ordering::Relaxed) >= MAX_FAILURES
        });
        if done != Some(true) {
            self.wanted.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Stores an exemplar with labels from the program.
    ///
    /// Labels that break a rule are counted as rejected. The exemplar is dropped if another thread
    /// holds the lock for long.
    pub(crate) fn set(
        &self,
        row: RowId,
        bucket: usize,
        value: f64,
        labels: &[(&str, &str)],
        limit: ExemplarLimit,
    ) {
        storage::without_reentry(|| {
            let store = self.store();
            let Some(labels) = render(labels) else {
                store.rejected.fetch_add(1, Ordering::Relaxed);
                return;
            };
            // Clears the bit, so that an exemplar from a span does not replace this one before the
            // next exposition.
            let bit = 1 << (bit_number(row, bucket) % 64);
            self.wanted.fetch_and(!bit, Ordering::Relaxed);
            let exemplar = RenderedExemplar {
                labels,
                value,
                time: clock::unix_seconds(),
            };
            store.put(row, bucket, exemplar, limit, MAX_LOCK_RETRIES);
        });
    }

    /// Number of exemplars that broke a rule.
    pub(crate) fn rejected_count(&self) -> u64 {
        let store = self.store.get();
        store.map_or(0, |store| store.rejected.load(Ordering::Relaxed))
    }

    /// Calls `read` with the exemplars of a row (one counter or histogram of the exposition),
    /// ascending by value, while it holds the lock.
    pub(crate) fn with_row<R>(&self, row: RowId, read: impl FnOnce(&[RenderedExemplar]) -> R) -> R {
        let Some(store) = self.store.get() else {
            return read(&[]);
        };
        let rows = store.rows();
        let stored = rows.get(&key(row));
        let stored = stored.filter(|stored| stored.generation == row.series.generation);
        read(stored.map_or(&[], |stored| &stored.exemplars))
    }

    /// Drops the exemplars of series for which `exists` is false.
    pub(crate) fn retain_series(&self, exists: impl Fn(SeriesId) -> bool) {
        if let Some(store) = self.store.get() {
            store.rows().retain(|(place, _), row| {
                exists(SeriesId {
                    place: *place,
                    generation: row.generation,
                })
            });
        }
    }

    /// Sets all bits, so that every bucket takes an exemplar from a span again.
    ///
    /// Called after an exposition has written the stored exemplars.
    pub(crate) fn want_all(&self) {
        if !self.are_automatic() {
            return;
        }
        if let Some(store) = self.store.get() {
            for failures in &store.failures {
                failures.store(0, Ordering::Relaxed);
            }
        }
        self.wanted.store(u64::MAX, Ordering::Relaxed);
    }
}

/// The number of a bucket's bit in the mask; callers take it modulo 64.
///
/// Rows and series start at different numbers, so that few share the bits of their lower buckets.
#[inline(always)]
fn bit_number(row: RowId, bucket: usize) -> u32 {
    let series = (row.series.place as usize).wrapping_mul(37);
    let row = row.row.wrapping_mul(21);
    series.wrapping_add(row).wrapping_add(bucket) as u32
}

#[derive(Debug)]
struct ExemplarStore {
    /// The exemplars of each row, keyed by the place of its series (the slot in the index) and the
    /// row's number.
    rows: Mutex<HashMap<(u32, u32), RowExemplars>>,
    /// For each bit, how many recordings since the last exposition looked at the span but stored no
    /// exemplar, because the span was not sampled or another thread held the lock.
    failures: [AtomicU16; 64],
    rejected: AtomicU64,
}

impl Default for ExemplarStore {
    fn default() -> Self {
        ExemplarStore {
            rows: Mutex::default(),
            failures: [const { AtomicU16::new(0) }; 64],
            rejected: AtomicU64::new(0),
        }
    }
}

fn key(row: RowId) -> (u32, u32) {
    (row.series.place, row.row as u32)
}

impl ExemplarStore {
    fn rows(&self) -> MutexGuard<'_, HashMap<(u32, u32), RowExemplars>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores an exemplar; false if the lock is still held after `retries` retries.
    fn put(
        &self,
        row: RowId,
        bucket: usize,
        exemplar: RenderedExemplar,
        limit: ExemplarLimit,
        mut retries: usize,
    ) -> bool {
        let mut rows = loop {
            match self.rows.try_lock() {
                Ok(rows) => break rows,
                Err(TryLockError::Poisoned(poisoned)) => break poisoned.into_inner(),
                Err(TryLockError::WouldBlock) if retries == 0 => return false,
                Err(TryLockError::WouldBlock) => retries -= 1,
            }
            std::hint::spin_loop();
        };
        let stored = rows.entry(key(row)).or_default();
        let generation = row.series.generation;
        if stored.generation < generation {
            *stored = RowExemplars {
                generation,
                ..RowExemplars::default()
            };
        }
        // Drops the exemplar if a newer series, with a higher generation, has taken the place.
        if stored.generation == generation {
            stored.put(bucket as u16, exemplar, limit);
        }
        true
    }
}

/// The exemplars of a row, ascending by value, and the bucket of each.
#[derive(Debug, Default)]
struct RowExemplars {
    generation: u64,
    buckets: Vec<u16>,
    exemplars: Vec<RenderedExemplar>,
}

impl RowExemplars {
    /// Stores an exemplar. It replaces the bucket's previous one or, if the row is full, the
    /// oldest.
    fn put(&mut self, bucket: u16, exemplar: RenderedExemplar, limit: ExemplarLimit) {
        let previous = self.buckets.iter().position(|known| *known == bucket);
        let is_full = limit == ExemplarLimit::TenPerRow && self.buckets.len() >= MAX_NATIVE;
        let oldest = || {
            let times = self.exemplars.iter().map(|exemplar| exemplar.time);
            let oldest = times.enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
            oldest.map(|(at, _)| at)
        };
        if let Some(at) = previous.or_else(|| is_full.then(oldest).flatten()) {
            self.buckets.remove(at);
            self.exemplars.remove(at);
        }
        let is_below = |known: &RenderedExemplar| known.value <= exemplar.value;
        let at = self.exemplars.partition_point(is_below);
        self.buckets.insert(at, bucket);
        self.exemplars.insert(at, exemplar);
    }
}

/// Renders an exemplar's labels; `None` if they break a rule.
fn render(labels: &[(&str, &str)]) -> Option<Box<str>> {
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
    (chars <= MAX_CHARS).then(|| out.into_boxed_str())
}

/// Whether the name consists of ASCII letters, digits and `_` and does not start with a digit.
///
/// Names that the labels of a series cannot have, such as `le` and those with a leading underscore,
/// are allowed.
fn is_label_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let mut bytes = name.bytes();
    bytes.next().is_some_and(is_letter)
        && bytes.all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

/// Rendered labels with the trace and span identifiers of the current span, if it is sampled.
#[cfg(feature = "tracing")]
fn span_labels() -> Option<Box<str>> {
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
    // Catches a panic of the subscriber, because a recording must not panic.
    let found = catch_unwind(AssertUnwindSafe(|| {
        labels(tracing::Span::current().context()).or_else(|| labels(Context::current()))
    }));
    found.ok().flatten()
}

#[cfg(not(feature = "tracing"))]
fn span_labels() -> Option<Box<str>> {
    None
}

/// The most characters in all label names and values of an exemplar: a limit of OpenMetrics 1.0.
const MAX_CHARS: usize = 128;

/// The most exemplars in a row of a histogram without classic buckets.
const MAX_NATIVE: usize = 10;

/// The most times that a bit is set again between two expositions because a recording stored no
/// exemplar. If one span in a hundred is sampled, this many recordings usually find one.
const MAX_FAILURES: u16 = 256;

/// How many times a recording with an exemplar from the program retries the lock. A scrape usually
/// holds the lock for less time than the retries take. If the scraping thread is preempted while it
/// holds the lock, the recording must not wait.
const MAX_LOCK_RETRIES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn row(place: u32, generation: u64) -> RowId {
        let series = SeriesId { place, generation };
        RowId { series, row: 0 }
    }

    fn values(exemplars: &Exemplars, row: RowId) -> Vec<f64> {
        exemplars.with_row(row, |stored| stored.iter().map(|one| one.value).collect())
    }

    #[test]
    fn a_bucket_keeps_its_last_exemplar_and_a_row_is_sorted_by_value() {
        let exemplars = Exemplars::manual();
        for (bucket, value) in [(2, 30.0), (0, 1.0), (2, 25.0), (1, 10.0)] {
            exemplars.set(row(0, 0), bucket, value, &[], ExemplarLimit::OnePerBucket);
        }
        assert_eq!(values(&exemplars, row(0, 0)), [1.0, 10.0, 25.0]);
    }

    #[test]
    fn a_row_with_native_buckets_only_keeps_its_ten_newest_exemplars() {
        let exemplars = Exemplars::manual();
        for power in 0..12 {
            let value = f64::from(1 << power);
            let bucket = native_exemplar_bucket(value);
            exemplars.set(row(0, 0), bucket, value, &[], ExemplarLimit::TenPerRow);
        }
        let stored = values(&exemplars, row(0, 0));
        assert_eq!((stored.len(), stored.last()), (10, Some(&2048.0)));
    }

    #[test]
    fn a_reused_place_does_not_expose_the_exemplars_of_a_removed_series() {
        let exemplars = Exemplars::manual();
        exemplars.set(row(3, 5), 0, 1.0, &[], ExemplarLimit::OnePerBucket);
        assert_eq!(values(&exemplars, row(3, 7)), [0.0; 0]);
        exemplars.set(row(3, 7), 0, 2.0, &[], ExemplarLimit::OnePerBucket);
        exemplars.set(row(3, 5), 0, 3.0, &[], ExemplarLimit::OnePerBucket);
        assert_eq!(values(&exemplars, row(3, 7)), [2.0]);
        exemplars.retain_series(|series| series.generation > 7);
        assert_eq!(values(&exemplars, row(3, 7)), [0.0; 0]);
    }

    #[test]
    fn label_names_are_valid_and_unique() {
        assert!(render(&[("trace_id", "1"), ("_x9", "2"), ("le", "3")]).is_some());
        for wrong in ["", "9a", "a-b", "ä", "a b"] {
            assert_eq!(render(&[(wrong, "1")]), None, "{wrong}");
        }
        assert_eq!(render(&[("a", "1"), ("a", "2")]), None);
    }
}
