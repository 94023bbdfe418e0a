//! [`State`]: the data of an index of series that the index's lock protects.

use std::sync::Arc;

use crate::series::{
    created_timestamps::CreatedTimestamps, key_arena::FreeRuns, rendered_labels::RenderedLabels,
    replaced::SeriesSet,
};

/// The part of an index that only a holder of its lock reads and changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) columns: Columns,
    /// The activity of each series, by position; empty in an index whose series do not expire.
    pub(crate) activity: Vec<Activity>,
    /// The number of series that have not been removed and have not expired.
    pub(crate) live: usize,
    /// The number of suspended series: expired, but not removed yet (see `expiry.rs`).
    pub(crate) suspended: usize,
    /// Positions of the overflow series, which take recordings beyond the limit on series and do
    /// not count towards it. There is at most one for each combination of label values that are
    /// known at compile time.
    pub(crate) overflow: Vec<usize>,
    /// Places of removed series that no handle pins.
    pub(crate) free_places: Vec<u32>,
    /// Places of series that handles pinned when they were removed; free once they are unpinned.
    pub(crate) pinned_places: Vec<u32>,
    pub(crate) free_runs: FreeRuns,
    /// The number of slots of the hash table that hold a series or held one that was removed.
    pub(crate) used_slots: usize,
    /// The generation of the newest series.
    pub(crate) generation: u64,
    /// The set of series since the last replacement of all series.
    pub(crate) set: Arc<SeriesSet>,
}

/// The data of each series, in columns that are indexed by position.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) labels: RenderedLabels,
    /// The hashes of the keys, as the hash table uses them.
    pub(crate) hashes: Vec<u32>,
    pub(crate) created: CreatedTimestamps,
    /// Whether the position has a series that has neither been removed nor expired.
    pub(crate) is_live: Vec<bool>,
}

/// When a series that may expire was last seen to change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activity {
    /// A hash of the values that a scrape has read last.
    pub(crate) digest: u64,
    /// The reading of [`clock::idle_clock`](crate::storage::clock::idle_clock) when the series was
    /// created or resumed, or when a scrape last found that its values had changed, that a handle
    /// pinned it, or that the program had recorded into it (a gauge or a state set).
    pub(crate) changed: u64,
    /// The expositions with larger numbers contain the last change; see
    /// [`recipients`](crate::series::recipients).
    pub(crate) number_of_change: u64,
    pub(crate) suspension: Option<Suspension>,
}

/// The state of a series that has expired and may still be resumed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suspension {
    /// The reading of [`clock::grace_clock`](crate::storage::clock::grace_clock) when the series
    /// expired.
    pub(crate) since: u64,
    /// The number of scrapes that have read the series since then.
    pub(crate) reads: u32,
}

impl State {
    /// A state without series, which stores rendered labels in `labels`.
    pub(crate) fn new(labels: RenderedLabels) -> Self {
        State {
            columns: Columns {
                labels,
                ..Columns::default()
            },
            activity: Vec::new(),
            live: 0,
            suspended: 0,
            overflow: Vec::new(),
            free_places: Vec::new(),
            pinned_places: Vec::new(),
            free_runs: FreeRuns::default(),
            used_slots: 0,
            generation: 1,
            set: Arc::default(),
        }
    }

    /// The number of overflow series that have not been removed and have not expired.
    pub(crate) fn live_overflow(&self) -> usize {
        let is_live = |position: &&usize| self.columns.is_live[**position];
        self.overflow.iter().filter(is_live).count()
    }

    pub(crate) fn is_suspended(&self, position: usize) -> bool {
        let activity = self.activity.get(position);
        activity.is_some_and(|activity| activity.suspension.is_some())
    }

    /// Whether the hash table leads to this series: it is live or suspended.
    pub(crate) fn is_listed(&self, position: usize) -> bool {
        self.columns.is_live[position] || self.is_suspended(position)
    }

    /// Ends the suspension of a series; false if it was not suspended.
    pub(crate) fn end_suspension(&mut self, position: usize) -> bool {
        let activity = self.activity.get_mut(position);
        let was_suspended = activity.is_some_and(|activity| activity.suspension.take().is_some());
        self.suspended -= usize::from(was_suspended);
        was_suspended
    }
}

impl Columns {
    /// The number of places that have been in use.
    pub(crate) fn len(&self) -> usize {
        self.is_live.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.is_live.capacity()
    }

    pub(crate) fn reserve_exact(&mut self, additional: usize) {
        self.labels.reserve_exact(additional);
        self.hashes.reserve_exact(additional);
        self.created.reserve_exact(additional);
        self.is_live.reserve_exact(additional);
    }

    /// Adds a position without a series.
    pub(crate) fn push(&mut self) {
        self.labels.push();
        self.hashes.push(0);
        self.created.push();
        self.is_live.push(false);
    }
}
