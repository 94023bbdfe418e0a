//! Metrics that a program creates while it runs.

use std::sync::Arc;

use crate::{
    describe::error::Error,
    metric::{
        dynamic::{DynamicFamily, DynamicMetric, Options},
        family::FamilyRef,
    },
    registry::{Registry, source::Source},
};

impl Registry {
    /// Makes a metric without labels.
    ///
    /// # Errors
    ///
    /// When its name, unit, labels or buckets break a rule, or clash with what is there.
    pub fn create<M: DynamicMetric>(&self, options: Options) -> Result<M, Error> {
        if !options.desc.labels.is_empty() {
            return Err(Error::new(format!(
                "`{}` ({}) has labels; use `create_family`",
                options.desc.name, options.desc.location
            )));
        }
        let labelled = self.create_family::<M>(options)?;
        Ok(labelled.with(&[]))
    }

    /// Makes a metric with labels.
    ///
    /// # Errors
    ///
    /// When its name, unit, labels, buckets or expiry break a rule, or clash with what is there.
    pub fn create_family<M: DynamicMetric>(
        &self,
        options: Options,
    ) -> Result<DynamicFamily<M>, Error> {
        let family = options.family::<M>()?;
        self.add(Source::Family(FamilyRef::Dynamic(Arc::clone(&family))))?;
        Ok(DynamicFamily::of(family))
    }

    /// The metric with labels that was made with the same options, or a new one: for a library
    /// that is set up as often as its user likes, and would leave a metric behind each time.
    ///
    /// ```
    /// use metrics_core::{Counter, DynamicFamily, Options, Registry};
    ///
    /// fn queries(registry: &Registry) -> Result<DynamicFamily<Counter>, metrics_core::Error> {
    ///     registry.get_or_create_family(Options::new("queries_total", "Queries.").labels(["table"]))
    /// }
    ///
    /// let registry = Registry::new();
    /// queries(&registry)?.with(&["users"]).inc();
    /// assert_eq!(queries(&registry)?.with(&["users"]).get(), 1);
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`create_family`](Self::create_family).
    pub fn get_or_create_family<M: DynamicMetric>(
        &self,
        options: Options,
    ) -> Result<DynamicFamily<M>, Error> {
        let family = options.family::<M>()?;
        if let Some(known) = self.find_dynamic_like(&family) {
            return Ok(DynamicFamily::of(known));
        }
        // Two threads that come here at once make two metrics, which are exposed as one.
        self.add(Source::Family(FamilyRef::Dynamic(Arc::clone(&family))))?;
        Ok(DynamicFamily::of(family))
    }
}
