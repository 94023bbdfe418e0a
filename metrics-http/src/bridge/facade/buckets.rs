//! The bucket settings of histograms that are recorded through the facade `metrics`.

use metrics_core::{DynamicFamily, Histogram, Options, Registry};

use crate::error::Error;

/// Classic and native buckets of a histogram, as set in the builder.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    pub(super) bounds: Option<Vec<f64>>,
    /// Growth factor of native buckets.
    pub(super) native_growth: Option<f64>,
}

impl Buckets {
    /// Checks that a histogram of this name can have these buckets.
    pub(super) fn check(&self, name: &str) -> Result<(), Error> {
        self.create_family(name)
            .map(drop)
            .map_err(|error| Error::setting(error.to_string()))
    }

    /// Whether histograms accept negative observations: only with a negative bound.
    pub(super) fn accept_negative(&self) -> bool {
        let first = self.bounds.as_ref().and_then(|bounds| bounds.first());
        first.is_some_and(|bound| *bound < 0.0)
    }

    /// Creates a family of histograms that is never exposed, because its registry is dropped here.
    pub(super) fn create_family(
        &self,
        name: &str,
    ) -> Result<DynamicFamily<Histogram>, metrics_core::Error> {
        let mut options = Options::new(name, "Histograms of the facade.")
            .labels(["series"])
            .max_series(MAX_SERIES);
        if let Some(bounds) = &self.bounds {
            options = options.buckets(bounds.clone());
        }
        if let Some(growth) = self.native_growth {
            options = options.native(growth);
        }
        Registry::new().create_family(options)
    }
}

/// The highest cardinality limit of metrics-core, so that only the facade's limit takes effect.
pub(super) const MAX_SERIES: usize = 1 << 20;
