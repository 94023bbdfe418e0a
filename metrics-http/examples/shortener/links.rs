//! [`Links`]: async access to the shortened links, through a cache in front of the store.

use std::{
    collections::HashMap,
    mem,
    panic::resume_unwind,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use metrics_core::{counted, metrics, timed};
use tokio::task::spawn_blocking;

use crate::{
    cache::{Cache, Lookup},
    link::{Slug, Target},
    store::Store,
};

metrics! {
    /// Links created, by target host.
    static CREATED: Counter<(host: &str)> = "shortener_links_created_total";

    /// Length of target URLs.
    #[unit("bytes")]
    #[buckets(exponential(16.0, 2.0, 8))]
    static TARGET: Histogram = "shortener_target_bytes";
}

pub(crate) struct Links {
    store: Arc<Store>,
    cache: Arc<Mutex<Cache>>,
    unwritten_hits: Mutex<HashMap<Slug, u64>>,
}

/// A link, and whether it was in the cache.
pub(crate) struct Found {
    pub(crate) target: Arc<Target>,
    pub(crate) lookup: Lookup,
}

impl Links {
    pub(crate) fn open(path: &Path) -> Result<Links, redb::Error> {
        Ok(Links {
            store: Arc::new(Store::open(path)?),
            cache: Arc::default(),
            unwritten_hits: Mutex::default(),
        })
    }

    pub(crate) async fn create(&self, target: Target) -> Result<Slug, redb::Error> {
        self.in_store(move |store| {
            let slug = store.insert(&target)?;
            CREATED.with(target.host()).inc();
            TARGET.observe(target.url().len() as f64);
            Ok(slug)
        })
        .await
    }

    /// Finds the target of a slug, in the cache or in the store.
    #[timed]
    #[counted]
    pub(crate) async fn find(&self, slug: &Slug) -> Result<Option<Found>, redb::Error> {
        let removals = {
            let mut cache = lock(&self.cache);
            if let Some(target) = cache.find(slug) {
                return Ok(Some(Found {
                    target,
                    lookup: Lookup::Hit,
                }));
            }
            cache.removals()
        };
        let wanted = slug.clone();
        let Some((url, _)) = self.in_store(move |store| store.read(&wanted)).await? else {
            return Ok(None);
        };
        // A target stored by an older version with other rules is treated as missing.
        let Ok(target) = url.parse().map(Arc::new) else {
            return Ok(None);
        };
        lock(&self.cache).insert(slug.clone(), Arc::clone(&target), removals);
        Ok(Some(Found {
            target,
            lookup: Lookup::Miss,
        }))
    }

    /// Counts that a link was followed, in memory; `write_hits` writes the counts to disk.
    pub(crate) fn hit(&self, slug: Slug) {
        *lock(&self.unwritten_hits).entry(slug).or_default() += 1;
    }

    /// The URL of a slug and its hits, as last written to disk.
    pub(crate) async fn stats(&self, slug: &Slug) -> Result<Option<(String, u64)>, redb::Error> {
        let slug = slug.clone();
        self.in_store(move |store| store.read(&slug)).await
    }

    /// Writes the hits since the last call to disk.
    pub(crate) async fn write_hits(&self) -> Result<(), redb::Error> {
        let hits = mem::take(&mut *lock(&self.unwritten_hits));
        if hits.is_empty() {
            return Ok(());
        }
        self.in_store(move |store| store.add_hits(&hits)).await
    }

    /// Removes a link; returns whether it existed.
    pub(crate) async fn remove(&self, slug: Slug) -> Result<bool, redb::Error> {
        let cache = Arc::clone(&self.cache);
        self.in_store(move |store| {
            let existed = store.remove(&slug)?;
            lock(&cache).remove(&slug);
            Ok(existed)
        })
        .await
    }

    /// Runs `work` on a blocking thread. It runs to its end even if the caller's future is dropped,
    /// so steps that must not be separated belong in one `work`.
    async fn in_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> T + Send + 'static,
    ) -> T {
        let store = Arc::clone(&self.store);
        match spawn_blocking(move || work(&store)).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is shutting down and will drop this future too.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

/// Ignores poisoning: no code that can panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
