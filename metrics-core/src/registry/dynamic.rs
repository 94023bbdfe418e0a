//! Creates dynamic metrics: metrics whose names are known only at run time.

use std::sync::Arc;

use crate::{
    describe::error::Error,
    metric::{
        dynamic::{DynamicFamily, DynamicMetric, Options},
        family::FamilyRef,
    },
    registry::{handle::Registry, item::Item},
};

impl Registry {
    /// Creates a dynamic metric without labels.
    ///
    /// # Errors
    ///
    /// If the options have labels or an invalid setting, or if the metric clashes; see
    /// [`check`](Self::check).
    pub fn create<M: DynamicMetric>(&self, options: Options) -> Result<M, Error> {
        if !options.desc.labels.is_empty() {
            return Err(Error::new(format!(
                "`{}` ({}) has labels; use `create_family`",
                options.desc.name, options.desc.location
            )));
        }
        let labelled = self.create_family::<M>(options)?;
        labelled.try_bind(&[])
    }

    /// Creates a dynamic metric with labels.
    ///
    /// # Errors
    ///
    /// If the options have an invalid setting, such as a name, label, bucket or expiry, or if the
    /// metric clashes; see [`check`](Self::check).
    pub fn create_family<M: DynamicMetric>(
        &self,
        options: Options,
    ) -> Result<DynamicFamily<M>, Error> {
        let family = options.family::<M>()?;
        self.add(&Item::Metric(FamilyRef::Dynamic(Arc::clone(&family))))?;
        Ok(DynamicFamily::from_family(family))
    }

    /// Returns the dynamic metric that was created with the same options, or creates it.
    ///
    /// For a library that may be initialised several times.
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
    /// See [`create_family`](Self::create_family).
    pub fn get_or_create_family<M: DynamicMetric>(
        &self,
        options: Options,
    ) -> Result<DynamicFamily<M>, Error> {
        let family = options.family::<M>()?;
        let family = self.find_or_add(family)?;
        Ok(DynamicFamily::from_family(family))
    }

    /// Removes a metric that [`create`](Self::create) returned; returns false if it was not in this
    /// registry.
    ///
    /// Later expositions lack the metric, and its name is free. Existing handles still record and
    /// read, but nothing of it is exposed. Memory is freed with the last handle.
    ///
    /// ```
    /// use metrics_core::{Counter, Format, Options, Registry};
    ///
    /// let registry = Registry::new();
    /// let jobs = registry.create::<Counter>(Options::new("jobs_total", "Jobs done."))?;
    /// assert!(registry.remove(&jobs));
    /// assert_eq!(registry.encode_to_string(Format::Text), "");
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn remove<M: DynamicMetric>(&self, metric: &M) -> bool {
        self.remove_dynamic(metric.family())
    }

    /// Removes a metric that [`create_family`](Self::create_family) returned, with all its series;
    /// see [`remove`](Self::remove).
    pub fn remove_family<M: DynamicMetric>(&self, family: &DynamicFamily<M>) -> bool {
        self.remove_dynamic(family.family())
    }
}
