//! Includes one registry in another, which then exposes the metrics of both.

use std::sync::{Mutex, PoisonError};

use crate::{
    describe::error::Error,
    registry::handle::{Part, Registry},
};

impl Registry {
    /// Includes another registry: its metrics are exposed with those of this registry.
    ///
    /// The prefix and const labels of `part` are kept, and those of this registry added before
    /// them. So a part of a registry can have const labels or a prefix, and one server, file or
    /// push can show several registries. Metrics and collectors that are added to `part` later are
    /// included as well. Metrics of one name in several registries form one family, if they are
    /// declared alike; their const labels must have equal names. A later declaration in `part` that
    /// clashes with this registry is left out of this registry's expositions, counted in
    /// `metrics_rejected_total` and reported by [`check`](Self::check).
    ///
    /// Does nothing if `part` is included already. A metric or collector that is included in
    /// several ways, with equal prefixes and const labels, is exposed once. Expositions of `part`
    /// itself do not change. Idle series expire after the recipients of both registries have their
    /// last values. Series of an included registry with const labels are written one by one, which
    /// takes longer than for this registry's own series, many of which are written at once.
    ///
    /// ```
    /// use metrics_core::{Format, Gauge, Options, Registry};
    ///
    /// let registry = Registry::new(); // or Registry::global()
    /// for pool in ["main", "replica"] {
    ///     let part = Registry::builder().prefix("db_").label("pool", pool).build()?;
    ///     let open = part.create::<Gauge>(Options::new("connections", "Connections open."))?;
    ///     open.set(3);
    ///     registry.include(&part)?;
    /// }
    /// assert_eq!(
    ///     registry.encode_to_string(Format::Text),
    ///     concat!(
    ///         "# HELP db_connections Connections open.\n",
    ///         "# TYPE db_connections gauge\n",
    ///         "db_connections{pool=\"main\"} 3\n",
    ///         "db_connections{pool=\"replica\"} 3\n",
    ///     ),
    /// );
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a metric of `part` clashes with this registry, see [`check`](Self::check), or if `part`
    /// includes this registry. `part` is not included then.
    pub fn include(&self, part: &Registry) -> Result<(), Error> {
        // Without this lock, two threads could include two registries in each other, and each
        // exposition would then wait for itself.
        static LOCK: Mutex<()> = Mutex::new(());
        let _guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        if part.reaches(self) {
            return Err(Error::new(
                "a registry cannot include itself, directly or through another one; include it in \
                 a third registry",
            ));
        }
        // Adds the metrics that were registered on first use since the last call.
        self.exposed_families();
        let families = part.exposed_families();
        let mut state = self.state();
        if state.parts.iter().any(|known| known.registry.is_same(part)) {
            return Ok(());
        }
        let part = Part {
            registry: part.clone(),
            families,
        };
        state.try_include(part, self.settings())
    }

    /// Ends the inclusion of a registry; returns false if it was not included.
    ///
    /// ```
    /// use metrics_core::Registry;
    ///
    /// let (registry, part) = (Registry::new(), Registry::new());
    /// registry.include(&part)?;
    /// assert!(registry.exclude(&part));
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn exclude(&self, part: &Registry) -> bool {
        let mut state = self.state();
        let at = state
            .parts
            .iter()
            .position(|known| known.registry.is_same(part));
        let removed = at.map(|at| state.parts.remove(at));
        if removed.is_some() {
            state.regroup();
        }
        // `removed` may be the last reference to collectors, whose destructors are code of the
        // program and may use this registry, so the registry is unlocked first.
        drop(state);
        removed.is_some()
    }

    /// Whether `other` is this registry, or is included in it directly or indirectly.
    fn reaches(&self, other: &Registry) -> bool {
        let parts: Vec<Registry> = {
            let state = self.state();
            state
                .parts
                .iter()
                .map(|part| part.registry.clone())
                .collect()
        };
        self.is_same(other) || parts.iter().any(|part| part.reaches(other))
    }
}
