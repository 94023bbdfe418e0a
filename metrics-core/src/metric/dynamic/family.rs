//! [`DynamicFamily`]: a dynamic metric with labels.

use std::{marker::PhantomData, sync::Arc};

use crate::{
    describe::{desc::Desc, error::Error, label_values::LabelValues},
    metric::{
        dynamic::{metric_type::DynamicMetric, series},
        family::{CellValue, Family, Replacement},
        gauge::{FloatGauge, Gauge},
        handle::Handle,
    },
    sample::label_text::LabelView,
};

/// A dynamic metric with labels.
///
/// [`Registry::create_family`](crate::Registry::create_family) and
/// [`Registry::get_or_create_family`](crate::Registry::get_or_create_family) return it. Clones
/// refer to the same metric.
#[derive(Debug)]
pub struct DynamicFamily<M: DynamicMetric> {
    family: Arc<Family>,
    metric: PhantomData<fn() -> M>,
}

impl<M: DynamicMetric> Clone for DynamicFamily<M> {
    fn clone(&self) -> Self {
        DynamicFamily {
            family: Arc::clone(&self.family),
            metric: PhantomData,
        }
    }
}

impl<M: DynamicMetric> DynamicFamily<M> {
    pub(crate) fn family(&self) -> &Family {
        &self.family
    }

    pub(crate) fn from_family(family: Arc<Family>) -> Self {
        DynamicFamily {
            family,
            metric: PhantomData,
        }
    }

    /// The series with these label values, in the order of the label names, for one recording or a
    /// few.
    ///
    /// Looks the series up, or creates it. If the series exists and the thread has recorded into
    /// it before, this takes no lock, writes to no memory that threads share, and costs little more
    /// than `with` of a declared metric. For gauges it writes to memory that threads share, as
    /// setting the gauge does.
    ///
    /// The result borrows the family. It keeps no series from expiring, except one of a gauge: if
    /// the series has expired and was removed before the recording, the recording goes to the
    /// overflow series. To store a metric, or to record into one series in a loop, use
    /// [`bind`](Self::bind).
    ///
    /// ```
    /// use metrics_core::{Histogram, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let answers = registry.create_family::<Histogram>(
    ///     Options::new("answer_seconds", "Time to answer.").unit("seconds").labels(["route"]),
    /// )?;
    /// let answer = answers.with(&["/orders/{id}"]).time(|| 6 * 7);
    /// assert_eq!(answers.with(&["/orders/{id}"]).get().count, 1);
    /// # assert_eq!(answer, 42);
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If there are not as many values as labels. The number is usually fixed where `with` is
    /// called; [`try_with`](Self::try_with) is for a number that is not.
    #[track_caller]
    #[inline(always)]
    pub fn with(&self, values: &[&str]) -> M::Series<'_> {
        if !self.has_number_of_labels(values) {
            self.panic_about_number(values);
        }
        M::from_series(&self.family, values)
    }

    /// Like [`with`](Self::with), for a number of values that is known only at run time.
    ///
    /// # Errors
    ///
    /// If there are not as many values as labels.
    ///
    /// ```
    /// use metrics_core::{Counter, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let jobs = registry.create_family::<Counter>(
    ///     Options::new("jobs_total", "Jobs done.").labels(["queue", "shard"]),
    /// )?;
    /// jobs.try_with(&["mail", "3"])?.inc();
    /// let error = jobs.try_with(&["mail"]).unwrap_err().to_string();
    /// assert!(error.contains("`jobs_total` has the labels `queue`, `shard`"));
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    #[inline(always)]
    pub fn try_with(&self, values: &[&str]) -> Result<M::Series<'_>, Error> {
        self.checked(values)?;
        Ok(M::from_series(&self.family, values))
    }

    /// A metric to store: the series with these label values, in the order of the label names.
    ///
    /// Recording through the result needs no lookup. The series does not expire while the result
    /// or a clone of it exists. If the program removes the series, later recordings through the
    /// result are not exposed. See [`Handle`] for the limit on their number.
    ///
    /// ```
    /// use metrics_core::{Counter, DynamicFamily, Options, Registry};
    ///
    /// struct Queue {
    ///     done: Counter,
    /// }
    ///
    /// impl Queue {
    ///     fn new(jobs: &DynamicFamily<Counter>, name: &str) -> Self {
    ///         Queue { done: jobs.bind(&[name]) }
    ///     }
    /// }
    ///
    /// let registry = Registry::new();
    /// let jobs = registry.create_family(Options::new("jobs_total", "Jobs.").labels(["queue"]))?;
    /// let mail = Queue::new(&jobs, "mail");
    /// mail.done.inc();
    /// assert_eq!(jobs.with(&["mail"]).get(), 1);
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If there are not as many values as labels, as for [`with`](Self::with).
    #[track_caller]
    pub fn bind(&self, values: &[&str]) -> M {
        match self.try_bind(values) {
            Ok(metric) => metric,
            Err(error) => panic!("{error}"),
        }
    }

    /// Like [`bind`](Self::bind), for a number of values that is known only at run time.
    ///
    /// # Errors
    ///
    /// If there are not as many values as labels.
    ///
    /// ```
    /// use metrics_core::{Gauge, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let depth = registry.create_family::<Gauge>(
    ///     Options::new("queue_depth", "Jobs that wait.").labels(["queue"]),
    /// )?;
    /// let mail: Gauge = depth.try_bind(&["mail"])?;
    /// mail.set(3);
    /// assert!(depth.try_bind(&[]).is_err());
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn try_bind(&self, values: &[&str]) -> Result<M, Error> {
        self.checked(values)?;
        let series = series::find_and_pin(&self.family, values);
        let handle = Handle::to_dynamic(Arc::clone(&self.family), series);
        Ok(M::from_handle(handle))
    }

    #[inline(always)]
    fn has_number_of_labels(&self, values: &[&str]) -> bool {
        values.len() == self.family.desc().labels.len()
    }

    /// Checks that there are as many values as labels.
    #[inline(always)]
    fn checked(&self, values: &[&str]) -> Result<(), Error> {
        if self.has_number_of_labels(values) {
            return Ok(());
        }
        Err(wrong_number_of_values(self.family.desc(), values))
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn panic_about_number(&self, values: &[&str]) -> ! {
        panic!("{}", wrong_number_of_values(self.family.desc(), values))
    }

    /// Removes the series with these label values; false if there was none.
    ///
    /// # Panics
    ///
    /// If there are not as many values as labels.
    #[track_caller]
    pub fn remove(&self, values: &[&str]) -> bool {
        if !self.has_number_of_labels(values) {
            self.panic_about_number(values);
        }
        self.family.remove(&LabelValues(values))
    }

    /// Removes all series.
    pub fn clear(&self) {
        self.family.clear();
    }

    /// Removes the series for which `keep` returns false.
    pub fn retain(&self, keep: impl FnMut(LabelView<'_>) -> bool) {
        self.family.retain(keep);
    }
}

impl DynamicFamily<Gauge> {
    /// Replaces all series by those that the closure `series` sets through its argument.
    ///
    /// A scrape exposes either all earlier series or all new ones, in every format. Series with
    /// labels that exist already stay the same series. If labels are set twice, the last value
    /// counts; series beyond the cardinality limit go to the overflow series. A recording through a
    /// metric that [`bind`](Self::bind) returned for a removed series is not exposed, as after
    /// [`clear`](Self::clear).
    ///
    /// `series` runs without a lock, so it may record, even into this metric.
    ///
    /// # Errors
    ///
    /// If for a series there are not as many values as labels. Then nothing is replaced.
    ///
    /// ```
    /// use metrics_core::{Format, Gauge, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let depth = registry.create_family::<Gauge>(
    ///     Options::new("queue_depth", "Jobs that wait.").labels(["queue"]),
    /// )?;
    /// depth.with(&["fax"]).set(7);
    /// depth.replace(|set| {
    ///     for (queue, jobs) in [("mail", 3), ("print", 0)] {
    ///         set(&[queue], jobs);
    ///     }
    /// })?;
    /// let text = registry.encode_to_string(Format::Text);
    /// assert!(text.contains("\nqueue_depth{queue=\"mail\"} 3\n"));
    /// assert!(!text.contains("fax"));
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn replace(&self, series: impl FnOnce(&mut dyn FnMut(&[&str], i64))) -> Result<(), Error> {
        self.replace_with(series)
    }
}

impl DynamicFamily<FloatGauge> {
    /// Replaces all series by those that the closure `series` sets through its argument.
    ///
    /// See `replace` of a `DynamicFamily<Gauge>` for the effect on scrapes and on metrics that
    /// [`bind`](Self::bind) returned, and for the cardinality limit.
    ///
    /// # Errors
    ///
    /// If for a series there are not as many values as labels. Then nothing is replaced.
    ///
    /// ```
    /// use metrics_core::{FloatGauge, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let used = registry.create_family::<FloatGauge>(
    ///     Options::new("disk_used_ratio", "Share in use.").labels(["disk"]),
    /// )?;
    /// used.replace(|set| set(&["root"], 0.75))?;
    /// assert_eq!(used.with(&["root"]).get(), 0.75);
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn replace(&self, series: impl FnOnce(&mut dyn FnMut(&[&str], f64))) -> Result<(), Error> {
        self.replace_with(series)
    }
}

impl<M: DynamicMetric> DynamicFamily<M> {
    fn replace_with<V: CellValue>(
        &self,
        series: impl FnOnce(&mut dyn FnMut(&[&str], V)),
    ) -> Result<(), Error> {
        let mut replacement = Replacement::default();
        let mut result = Ok(());
        series(&mut |values, value| match self.checked(values) {
            Ok(()) => replacement.set(&LabelValues(values), &value),
            Err(_) if result.is_err() => {}
            Err(error) => result = Err(error),
        });
        if result.is_ok() {
            self.family.replace_series(&replacement);
        }
        result
    }
}

#[cold]
fn wrong_number_of_values(desc: &Desc, values: &[&str]) -> Error {
    let names: Vec<_> = desc.label_names().map(|name| format!("`{name}`")).collect();
    let has = match names.len() {
        0 => "no labels".to_owned(),
        1 => format!("the label {}", names[0]),
        _ => format!("the labels {}", names.join(", ")),
    };
    Error::new(format!(
        "`{}` has {has}, but the label values are {values:?}; pass one value for each label, in \
         this order",
        desc.name(),
    ))
}
