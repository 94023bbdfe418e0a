//! [`CollectorFailure`]: a collector whose families an exposition lacks, and why.

use std::fmt::{self, Display, Formatter};

/// A collector whose families an exposition lacks; see
/// [`Exposition::failures`](crate::Exposition::failures).
///
/// Its text names the collector by its first family, and says what happened:
///
/// ```
/// use std::{sync::Arc, time::Duration};
///
/// use metrics_core::{
///     Collection, Collector, CollectorFailureReason, Desc, Format, Kind, Recipient, Registry,
/// };
///
/// struct Pool([Desc; 1]);
///
/// impl Collector for Pool {
///     fn descs(&self) -> &[Desc] {
///         &self.0
///     }
///
///     fn collect(&self, _: &mut Collection<'_>) {
///         panic!("the pool is gone");
///     }
/// }
///
/// let registry = Registry::new();
/// registry.register(Arc::new(Pool([Desc::new(Kind::Gauge, "pool_open", "Open connections.")])))?;
/// let recipient = Recipient::new("archive");
/// let exposition = registry.collect_for(recipient, Format::Text, Duration::MAX, None);
/// let [failure] = exposition.failures() else { panic!("expected one failure") };
/// assert_eq!(failure.collector, "pool_open");
/// assert_eq!(failure.reason, CollectorFailureReason::Panic);
/// assert_eq!(failure.to_string(), "the collector of `pool_open` panicked");
/// # Ok::<(), metrics_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CollectorFailure {
    /// The name of the collector's first family, with the registry's prefix.
    pub collector: String,
    /// Why the exposition lacks the collector's families.
    pub reason: CollectorFailureReason,
}

/// Why an exposition lacks the families of a collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CollectorFailureReason {
    /// The collector panicked.
    Panic,
    /// The collector did not return within
    /// [`Registry::collector_timeout`](crate::Registry::collector_timeout).
    Timeout,
    /// The collector did not return within the timeout of this exposition, which was shorter than
    /// the collector timeout. Not an error of the collector.
    ExpositionTimeout,
}

impl Display for CollectorFailure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "the collector of `{}` ", self.collector)?;
        f.write_str(match self.reason {
            CollectorFailureReason::Panic => "panicked",
            CollectorFailureReason::Timeout => "did not return within the collector timeout",
            CollectorFailureReason::ExpositionTimeout => {
                "did not return within the timeout of this scrape"
            }
        })
    }
}
