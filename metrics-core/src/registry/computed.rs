//! [`Computed`]: a metric declared with `#[computed(...)]`, whose value each scrape computes.

use crate::{
    describe::{desc::Desc, kind::Kind},
    registry::{collection::Collection, collector::Collector},
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
        let [desc] = &self.desc;
        match desc.kind {
            Kind::Counter => _ = out.counter(desc, &[], self.get()),
            _ => out.gauge(desc, &[], self.get()),
        }
    }
}
