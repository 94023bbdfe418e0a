//! [`DynamicMetric`]: the metric types that dynamic metrics can have.

use crate::{
    describe::kind::Kind,
    metric::{
        counter::{Counter, FloatCounter},
        dynamic::series::DynamicSeries,
        family::Family,
        gauge::{FloatGauge, Gauge},
        handle::Handle,
        histogram,
        histogram::Histogram,
        series_storage::sealed::SeriesStorage,
        summary,
        summary::Summary,
        up_down::UpDownCounter,
    },
    storage::layout::Layout,
};

/// A metric type for [`Registry::create`](crate::Registry::create) and
/// [`Registry::create_family`](crate::Registry::create_family). The trait is sealed.
pub trait DynamicMetric: private::DynamicMetric {
    /// The result of [`DynamicFamily::with`](crate::DynamicFamily::with): this metric type, with
    /// storage that borrows the family for `'f`.
    ///
    /// It has the methods of the metric type. A program that stores a metric stores the result of
    /// [`bind`](crate::DynamicFamily::bind) instead, which borrows nothing.
    ///
    /// ```
    /// use metrics_core::{Counter, DynamicFamily, DynamicMetric};
    ///
    /// fn of_shard<'f>(
    ///     jobs: &'f DynamicFamily<Counter>,
    ///     shard: u8,
    /// ) -> <Counter as DynamicMetric>::Series<'f> {
    ///     jobs.with(&["mail", &shard.to_string()])
    /// }
    /// # let options = metrics_core::Options::new("jobs_total", "Jobs.").labels(["queue", "shard"]);
    /// # let jobs = metrics_core::Registry::new().create_family(options)?;
    /// # of_shard(&jobs, 3).inc();
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    type Series<'f>;

    #[doc(hidden)]
    fn from_series<'f>(family: &'f Family, labels: &[&str]) -> Self::Series<'f>;

    /// Whether the next recording of this thread into `series` needs no look-up.
    ///
    /// False if the series was removed. A program that stores series looks up such a series again.
    #[doc(hidden)]
    fn is_ready(series: &Self::Series<'_>) -> bool;
}

pub(super) mod private {
    use super::{Family, Handle, Kind, Layout};

    pub trait DynamicMetric: Sized {
        const KIND: Kind;
        fn layout(bounds: usize) -> Layout;
        fn from_handle(handle: Handle) -> Self;
        /// The metric that the handle refers to.
        fn family(&self) -> &Family;
    }
}

macro_rules! dynamic_metrics {
    ($($metric:ident, $kind:ident, $layout:expr, $is_pinned:literal;)*) => {$(
        impl DynamicMetric for $metric {
            type Series<'f> = $metric<DynamicSeries<'f, $is_pinned>>;

            #[inline(always)]
            fn from_series<'f>(family: &'f Family, labels: &[&str]) -> Self::Series<'f> {
                $metric::at(DynamicSeries::find_or_create(family, labels))
            }

            #[inline(always)]
            fn is_ready(series: &Self::Series<'_>) -> bool {
                series.storage().is_ready()
            }
        }

        impl private::DynamicMetric for $metric {
            const KIND: Kind = Kind::$kind;

            fn layout(bounds: usize) -> Layout {
                ($layout)(bounds)
            }

            fn from_handle(handle: Handle) -> Self {
                $metric::at(handle)
            }

            fn family(&self) -> &Family {
                self.storage().family()
            }
        }
    )*};
}

// The last column says whether the layout is one of those that `Layout::is_shared` returns true
// for.
dynamic_metrics! {
    Counter, Counter, |_| Layout::Count, false;
    FloatCounter, Counter, |_| Layout::FloatCount, false;
    Gauge, Gauge, |_| Layout::Int, true;
    FloatGauge, Gauge, |_| Layout::Float, true;
    UpDownCounter, Gauge, |_| Layout::UpDown, false;
    Histogram, Histogram, histogram::histogram_layout, false;
    Summary, Summary, summary::summary_layout, false;
}
