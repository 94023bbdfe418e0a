//! [`DynamicSeries`]: a series of a dynamic metric that was looked up for one recording.

use std::sync::atomic::AtomicU64;

use crate::{
    describe::{bucket_table::Buckets, label_values::LabelValues},
    metric::{
        exemplars::SPANS_ENABLED, family::Family, series_access,
        series_storage::sealed::SeriesStorage,
    },
    series::id::{OpenCells, SeriesId},
};

/// A series of a dynamic metric; [`DynamicFamily::with`](crate::DynamicFamily::with) returns it,
/// wrapped in the metric's type.
///
/// The counterpart of `DeclaredSeries` for metrics whose family is known only at run time. It
/// borrows the family, so it needs no reference count. `IS_PINNED` says whether it pins its series,
/// so that no other series gets its storage: true for gauges, because a write to the cell that all
/// threads share cannot be checked against the series' generation.
#[derive(Debug)]
pub struct DynamicSeries<'f, const IS_PINNED: bool = false> {
    family: &'f Family,
    series: SeriesId,
    /// The cells of the thread that looked the series up, if the series is in an index and the
    /// thread had cells of it.
    cells: Option<OpenCells<'f, [AtomicU64]>>,
}

impl<'f, const IS_PINNED: bool> DynamicSeries<'f, IS_PINNED> {
    /// The series with these label values, of which there are as many as labels.
    #[inline(always)]
    pub(super) fn find_or_create(family: &'f Family, values: &[&str]) -> Self {
        let (series, cells) = if IS_PINNED || family.is_closed() {
            (series_access::resolve(family, &LabelValues(values)), None)
        } else {
            find_or_create(family, values)
        };
        DynamicSeries {
            family,
            series,
            cells,
        }
    }

    /// Whether the calling thread can record without another look-up.
    #[inline(always)]
    pub(super) fn is_ready(&self) -> bool {
        self.ready_cells().is_some()
    }

    /// The calling thread's cells, if the thread can record into them without another look-up.
    #[inline(always)]
    fn ready_cells(&self) -> Option<&[AtomicU64]> {
        // Compares the generation even if series do not expire, which costs as little as finding
        // out whether they do.
        self.cells.as_ref()?.get(self.series, true)
    }
}

impl<const IS_PINNED: bool> Clone for DynamicSeries<'_, IS_PINNED> {
    fn clone(&self) -> Self {
        if IS_PINNED && !self.family.is_closed() {
            self.family.index().pin_again(self.series.place);
        }
        DynamicSeries { ..*self }
    }
}

impl<const IS_PINNED: bool> Drop for DynamicSeries<'_, IS_PINNED> {
    #[inline(always)]
    fn drop(&mut self) {
        if IS_PINNED && !self.family.is_closed() {
            self.family.index().unpin(self.series.place);
        }
    }
}

impl<const IS_PINNED: bool> SeriesStorage for DynamicSeries<'_, IS_PINNED> {
    fn family(&self) -> &Family {
        self.family
    }

    #[inline(always)]
    fn record(&self, op: impl FnOnce(&[AtomicU64])) {
        match self.ready_cells() {
            Some(cells) => op(cells),
            None => record_cold(self.family, self.series, op),
        }
    }

    #[inline(always)]
    fn try_record<R>(&self, op: impl FnOnce(&[AtomicU64]) -> R) -> Option<R> {
        self.ready_cells().map(op)
    }

    #[inline]
    fn with_shared_cell<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        series_access::with_shared_cell(self.family, self.series, op)
    }

    #[inline]
    fn record_shared_cell<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        series_access::record_shared_cell(self.family, self.series, op)
    }

    fn with_values<R>(&self, op: impl FnOnce(&[u64]) -> R) -> R {
        series_access::with_values(self.family, self.series, op)
    }

    #[inline(always)]
    fn bucket_table(&self) -> Option<&Buckets> {
        self.family.bucket_table()
    }

    #[inline(always)]
    fn series_id(&self) -> SeriesId {
        self.series
    }

    #[inline(always)]
    fn recording_target(&self) -> SeriesId {
        if self.family.has_expiry() {
            self.family.recording_target(self.series)
        } else {
            self.series
        }
    }

    #[inline(always)]
    fn takes_span_exemplars(&self) -> bool {
        SPANS_ENABLED && self.family.exemplars().are_automatic()
    }
}

/// The series with these label values, of which there are as many as labels: pinned, if it is in an
/// index.
pub(super) fn find_and_pin(family: &Family, values: &[&str]) -> SeriesId {
    if family.is_closed() || family.layout().is_shared() {
        return series_access::resolve(family, &LabelValues(values));
    }
    series_access::find_and_pin(family, || find_or_create(family, values).0)
}

/// Finds or creates a series with open labels, with the calling thread's cells if the thread can
/// record into them.
#[inline(always)]
fn find_or_create<'f>(
    family: &'f Family,
    values: &[&str],
) -> (SeriesId, Option<OpenCells<'f, [AtomicU64]>>) {
    // With a number of labels that is known at compile time, the key stays in registers. The caller
    // usually passes an array, so that the compiler drops the other arms.
    match *values {
        [a] => family.find_or_create_with_cells(&(a,)),
        [a, b] => family.find_or_create_with_cells(&(a, b)),
        [a, b, c] => family.find_or_create_with_cells(&(a, b, c)),
        _ => find_or_create_any(family, values),
    }
}

#[inline(never)]
fn find_or_create_any<'f>(
    family: &'f Family,
    values: &[&str],
) -> (SeriesId, Option<OpenCells<'f, [AtomicU64]>>) {
    family.find_or_create_with_cells(&LabelValues(values))
}

#[inline(never)]
fn record_cold(family: &Family, series: SeriesId, op: impl FnOnce(&[AtomicU64])) {
    series_access::record(family, series, op);
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc::channel, thread};

    use crate::{
        metric::{
            counter::Counter,
            dynamic::{DynamicFamily, DynamicMetric, Options},
            gauge::Gauge,
            series_storage::sealed::SeriesStorage,
        },
        registry::Registry,
        storage,
    };

    fn family<M: DynamicMetric>(name: &str) -> DynamicFamily<M> {
        let options = Options::new(name, "Recordings.").labels(["key"]);
        Registry::new().create_family(options).expect("valid")
    }

    fn is_pinned<M: DynamicMetric>(
        family: &DynamicFamily<M>,
        storage: &impl SeriesStorage,
    ) -> bool {
        let position = crate::series::place::position_of(storage.series_id().place);
        family.family().index().entry_at(position).is_pinned()
    }

    #[test]
    fn a_borrowed_series_of_a_counter_is_not_pinned() {
        let counters: DynamicFamily<Counter> = family("a_total");
        for _ in 0..2 {
            let borrowed = counters.with(&["a"]);
            assert!(!is_pinned(&counters, borrowed.storage()));
            borrowed.inc();
            assert!(!is_pinned(&counters, borrowed.storage()));
        }
        let bound = counters.bind(&["a"]);
        assert!(is_pinned(&counters, bound.storage()));
    }

    #[test]
    fn a_borrowed_series_of_a_gauge_is_pinned_until_it_is_dropped() {
        let gauges: DynamicFamily<Gauge> = family("a");
        let first = gauges.with(&["a"]);
        let second = first.clone();
        drop(first);
        assert!(is_pinned(&gauges, second.storage()));
        let place = gauges.with(&["a"]).storage().series_id().place;
        drop(second);
        let position = crate::series::place::position_of(place);
        assert!(!gauges.family().index().entry_at(position).is_pinned());
    }

    #[test]
    fn recordings_beyond_the_limit_are_made_and_counted_while_locks_are_held() {
        let options = Options::new("a_total", "Recordings.").labels(["key"]);
        let options = options.max_series(1);
        let counters = Registry::new().create_family::<Counter>(options);
        let counters = counters.expect("valid");
        record_while_locks_are_held(&counters, ["a", "b"], ["c", "d"]);
        assert_eq!(counters.with(&["a"]).get(), 1);
        // Of the recordings, all but that of `a`.
        assert_eq!(counters.with(&["overflow"]).get(), 3);
        assert_eq!(counters.family().overflow_count(), 3);
    }

    #[test]
    fn a_series_is_ready_from_the_second_look_up_of_a_thread_until_it_is_removed() {
        let counters: DynamicFamily<Counter> = family("a_total");
        let first = counters.with(&["a"]);
        assert!(!Counter::is_ready(&first));
        first.inc();
        let second = counters.with(&["a"]);
        assert!(Counter::is_ready(&second));
        let elsewhere =
            thread::scope(|scope| scope.spawn(|| Counter::is_ready(&second)).join().unwrap());
        assert!(!elsewhere);
        counters.remove(&["a"]);
        assert!(!Counter::is_ready(&second));
    }

    #[test]
    fn a_series_is_not_ready_once_the_thread_has_released_its_storage() {
        let counters: DynamicFamily<Counter> = family("a_total");
        counters.with(&["a"]).inc();
        let series = counters.with(&["a"]);
        storage::release_thread_storage();
        assert!(!Counter::is_ready(&series));
    }

    #[test]
    fn a_known_dynamic_series_is_recorded_into_while_locks_are_held() {
        let counters: DynamicFamily<Counter> = family("a_total");
        let keys = ["a", &"x".repeat(100)];
        record_while_locks_are_held(&counters, keys, keys);
        assert_eq!(counters.with(&[keys[0]]).get(), 2);
        assert_eq!(counters.with(&[keys[1]]).get(), 2);
    }

    /// Increments the series `first` in a thread, and then the series `then` in the same thread
    /// while the locks of the index and of the storage are held.
    fn record_while_locks_are_held(
        counters: &DynamicFamily<Counter>,
        first: [&str; 2],
        then: [&str; 2],
    ) {
        let (ready, is_ready) = channel();
        let (locked, is_locked) = channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                let count = |keys: [&str; 2]| keys.map(|key| counters.with(&[key]).inc());
                // The first recordings attach the thread's cells.
                count(first);
                ready.send(()).expect("the test waits");
                is_locked.recv().expect("the test goes on");
                count(then);
                ready.send(()).expect("the test waits");
            });
            is_ready.recv().expect("the thread records");
            let state = counters.family().index().lock();
            // Does not wait for the thread's end, which takes the storage's lock.
            storage::lock_out_scrapes(|| {
                locked.send(()).expect("the thread waits");
                is_ready.recv().expect("the thread records");
            });
            drop(state);
        });
    }
}
