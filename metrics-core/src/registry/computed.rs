//! Metrics whose values each scrape computes: [`Computed`], declared with `#[computed(...)]`, and
//! those that [`Registry::computed`] registers.

use std::sync::Arc;

use crate::{
    describe::{desc::Desc, error::Error, kind::Kind},
    metric::dynamic::{DynamicMetric, Options},
    registry::{collection::Collection, collector::Collector, handle::Registry},
};

/// A declared metric without labels whose value is computed for each scrape.
///
/// ```
/// use std::sync::Mutex;
/// use metrics_core::metrics;
///
/// static QUEUE: Mutex<Vec<u32>> = Mutex::new(Vec::new());
///
/// metrics! {
///     /// Jobs waiting.
///     #[computed(|| QUEUE.lock().map_or(0, |queue| queue.len()) as f64)]
///     static WAITING: Gauge = "queue_jobs";
/// }
///
/// assert_eq!(WAITING.get(), 0.0);
/// ```
#[derive(Debug)]
pub struct Computed {
    desc: [Desc; 1],
    value: fn() -> f64,
}

impl Computed {
    #[doc(hidden)]
    pub const fn new(desc: Desc, value: fn() -> f64) -> Self {
        Computed {
            desc: [desc],
            value,
        }
    }

    /// Computes the current value.
    pub fn get(&self) -> f64 {
        (self.value)()
    }
}

impl Collector for Computed {
    fn descs(&self) -> &[Desc] {
        &self.desc
    }

    fn collect(&self, out: &mut Collection<'_>) {
        write(out, &self.desc[0], &[], self.get());
    }
}

fn write(out: &mut Collection<'_>, desc: &Desc, labels: &[(&str, &str)], value: f64) {
    match desc.kind {
        Kind::Counter => out.counter(desc, labels, value),
        _ => out.gauge(desc, labels, value),
    };
}

/// A computed metric with labels, whose closure may capture state.
struct LabelledComputed<F> {
    desc: [Desc; 1],
    compute: F,
}

impl<F> Collector for LabelledComputed<F>
where
    F: Fn(&mut dyn FnMut(&[&str], f64)) + Send + Sync + 'static,
{
    fn descs(&self) -> &[Desc] {
        &self.desc
    }

    fn collect(&self, out: &mut Collection<'_>) {
        let [desc] = &self.desc;
        (self.compute)(&mut |values, value| {
            let labels: Vec<_> = desc.label_names().zip(values.iter().copied()).collect();
            write(out, desc, &labels, value);
        });
    }
}

impl Registry {
    /// Registers a counter or a gauge whose values are computed for each scrape.
    ///
    /// `M` is the type, such as [`Gauge`](crate::Gauge). `compute` may capture state. For each
    /// series, it calls its argument with the label values, in the order of the label names, and
    /// the value; missing label values are empty, and surplus ones are ignored. Values are rejected
    /// and counted like those of a [`Collector`]; its documentation describes threads, timeouts and
    /// panics. [`unregister`](Self::unregister) with the returned collector removes the metric.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use metrics_core::{Format, Gauge, Options, Registry};
    ///
    /// let queues = Arc::new(Mutex::new(vec![("mail", 3), ("video", 0)]));
    /// let registry = Registry::new(); // or Registry::global()
    /// let options = Options::new("queue_jobs", "Jobs waiting.").labels(["queue"]);
    /// let shared = Arc::clone(&queues);
    /// registry.computed::<Gauge>(options, move |write| {
    ///     for (name, jobs) in &*shared.lock().unwrap() {
    ///         write(&[name], f64::from(*jobs));
    ///     }
    /// })?;
    /// queues.lock().unwrap()[1].1 = 5;
    /// let text = registry.encode_to_string(Format::Text);
    /// assert!(text.contains("queue_jobs{queue=\"mail\"} 3\n"));
    /// assert!(text.contains("queue_jobs{queue=\"video\"} 5\n"));
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the type is neither a counter nor a gauge, if the options have an invalid setting or one
    /// that only stored series have (a cardinality limit, expiry or exemplars), or if the metric
    /// clashes; see [`check`](Self::check).
    pub fn computed<M: DynamicMetric>(
        &self,
        options: Options,
        compute: impl Fn(&mut dyn FnMut(&[&str], f64)) + Send + Sync + 'static,
    ) -> Result<Arc<dyn Collector>, Error> {
        let desc = [options.computed_desc(M::KIND)?];
        let collector: Arc<dyn Collector> = Arc::new(LabelledComputed { desc, compute });
        self.register(Arc::clone(&collector))?;
        Ok(collector)
    }
}
