//! [`SeriesStorage`]: how a metric type reaches the values of one series.

/// Access to the values of one series: a [`Handle`](crate::Handle), a series of a declared metric,
/// or a series that borrows a dynamic metric.
///
/// Metric types such as [`Counter`](crate::Counter) are generic over this trait, so that recordings
/// into declared metrics use the storage, layout and buckets that are known at compile time.
/// The trait is sealed.
pub trait SeriesStorage: sealed::SeriesStorage {}

impl<S: sealed::SeriesStorage> SeriesStorage for S {}

pub(crate) mod sealed {
    use std::sync::atomic::AtomicU64;

    use crate::{
        describe::bucket_table::Buckets,
        metric::{exemplars::ExemplarLimit, family::Family, outcome_rows::RowId},
        series::id::SeriesId,
        storage::layout::Layout,
    };

    pub trait SeriesStorage {
        /// The layout of the series' cells, if it is known at compile time.
        const LAYOUT: Option<Layout> = None;

        fn family(&self) -> &Family;

        /// Whether the series has no value until it is set.
        #[inline(always)]
        fn is_optional(&self) -> bool {
            match Self::LAYOUT {
                Some(layout) => layout.is_optional(),
                None => self.family().layout().is_optional(),
            }
        }

        /// Calls `op` with cells to record into, usually the calling thread's cells of the series.
        fn record(&self, op: impl FnOnce(&[AtomicU64]));

        /// Like [`record`](Self::record), but a declared metric returns `None` if the thread's
        /// cells are not ready.
        ///
        /// `record` then takes a slow path, into which a long `op` should not be compiled as well.
        /// The default calls `record`, and returns `None` if `record` discards the recording.
        #[inline(always)]
        fn try_record<R>(&self, op: impl FnOnce(&[AtomicU64]) -> R) -> Option<R> {
            let mut result = None;
            self.record(|cells| result = Some(op(cells)));
            result
        }

        /// Calls `op` with the one cell of a gauge or state set, which all threads share.
        fn with_shared_cell<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R;

        /// Like [`with_shared_cell`](Self::with_shared_cell), for a recording. An index whose
        /// series expire notes that the series is not idle.
        #[inline(always)]
        fn record_shared_cell<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
            self.with_shared_cell(op)
        }

        /// Calls `op` with the series' values, summed over all threads.
        fn with_values<R>(&self, op: impl FnOnce(&[u64]) -> R) -> R;

        /// The search table of a histogram's classic buckets.
        fn bucket_table(&self) -> Option<&Buckets>;

        fn series_id(&self) -> SeriesId;

        /// The series that recordings go to: the series with the label values `overflow` if this
        /// series expired and was removed.
        #[inline(always)]
        fn recording_target(&self) -> SeriesId {
            self.series_id()
        }

        /// Whether recordings take exemplars from spans.
        fn takes_span_exemplars(&self) -> bool;

        /// Takes an exemplar from the current span for the recording just made, if the span is
        /// sampled, the metric takes exemplars from spans, and `is_wanted` is true for the bucket.
        #[inline(always)]
        fn capture_exemplar(&self, bucket: usize, value: f64, limit: ExemplarLimit) {
            if self.takes_span_exemplars() {
                let row = RowId {
                    series: self.recording_target(),
                    row: 0,
                };
                let exemplars = self.family().exemplars();
                if exemplars.is_wanted(row, bucket) {
                    exemplars.capture_from_span(row, bucket, value, limit);
                }
            }
        }

        /// Stores an exemplar with these labels for the recording just made.
        fn set_exemplar(&self, bucket: usize, value: f64, labels: &[(&str, &str)]) {
            let row = RowId {
                series: self.recording_target(),
                row: 0,
            };
            let family = self.family();
            let limit = family.exemplar_limit();
            family.exemplars().set(row, bucket, value, labels, limit);
        }
    }
}
