//! An in-memory cache of recently used links.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use metrics_core::{Label, metrics};

use crate::link::{Slug, Target};

metrics! {
    /// Fill level of the cache.
    #[unit("ratio")]
    static USED: FloatGauge = "shortener_cache_used_ratio";
}

/// Whether a link was in the cache or was read from disk.
#[derive(Label, Clone, Copy, Debug)]
pub(crate) enum Lookup {
    Hit,
    Miss,
}

/// A cache with second-chance (clock) eviction.
#[derive(Default)]
pub(crate) struct Cache {
    entries: HashMap<Slug, Entry>,
    /// The eviction order; may contain links that have been removed from `entries`.
    queue: VecDeque<Slug>,
    removals: u64,
}

struct Entry {
    target: Arc<Target>,
    used: bool,
}

impl Cache {
    /// Number of calls of `remove` so far.
    pub(crate) fn removals(&self) -> u64 {
        self.removals
    }

    pub(crate) fn find(&mut self, slug: &Slug) -> Option<Arc<Target>> {
        let entry = self.entries.get_mut(slug)?;
        entry.used = true;
        Some(Arc::clone(&entry.target))
    }

    /// Adds a link that was read from disk when `Cache::removals` returned `removals`. If a link
    /// has been removed since, it may be this one, so it is not added.
    pub(crate) fn insert(&mut self, slug: Slug, target: Arc<Target>, removals: u64) {
        if removals != self.removals || self.entries.contains_key(&slug) {
            return;
        }
        while self.queue.len() >= CAPACITY {
            self.evict();
        }
        self.queue.push_back(slug.clone());
        self.entries.insert(
            slug,
            Entry {
                target,
                used: false,
            },
        );
        self.report();
    }

    pub(crate) fn remove(&mut self, slug: &Slug) {
        self.removals += 1;
        self.entries.remove(slug);
        self.report();
    }

    /// Evicts the first link of the queue, or moves it to the back if it was used.
    fn evict(&mut self) {
        let Some(slug) = self.queue.pop_front() else {
            return;
        };
        match self.entries.get_mut(&slug) {
            Some(entry) if entry.used => {
                entry.used = false;
                self.queue.push_back(slug);
            }
            _ => {
                self.entries.remove(&slug);
            }
        }
    }

    fn report(&self) {
        USED.set(self.entries.len() as f64 / CAPACITY as f64);
    }
}

const CAPACITY: usize = 128;
