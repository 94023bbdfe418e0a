//! Expires idle series without waiting for recorders; the last paragraph lists the recordings that
//! are lost.
//!
//! Recorders do not take part in expiry. A scrape notes for each series a digest of its values and
//! when the values last changed. After an exposition has been delivered, a series expires if it had
//! been idle for the metric's expiry time when the exposition began, and if its last values were
//! delivered to all recipients (scrapers, push targets and files; see `recipients.rs`). Series to
//! which the program holds a handle, and up-down counters that are not at zero, do not expire.
//!
//! A recorder may have looked a series up just before it expires and still be about to record into
//! it, and neither side waits for the other. An expired series is therefore *suspended* first:
//! look-ups no longer find it, but its place, the slot in the index, is not given to another
//! series. If a scrape finds that a recorder has changed the values since, or if the same labels
//! are recorded again, then the series is *resumed* as if it had never expired. The series is
//! removed after it was suspended for [`clock::GRACE_NANOS`] and at least [`GRACE_READS`] scrapes
//! without a change. From then on the same labels are a new series that starts at zero.
//!
//! A recording through a value that `with` returned before checks that the series is still there.
//! If it is suspended, the recording resumes it; if it was removed, the recording goes to the
//! overflow series (see `redirect.rs`). A recording is lost only if its thread is stopped for all
//! of the time above between this check, or the look-up, and the recording.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::Ordering,
};

use crate::{
    series::{
        entry::Removal,
        id::SeriesId,
        index::{Index, Tile},
        place::{MAX_SERIES, place_of},
        recipients::{ExpositionStart, number_of_change},
        state::{Activity, State, Suspension},
    },
    storage::{Reader, clock, layout::Layout},
};

/// The number of scrapes in which a suspended series can be resumed even after
/// [`clock::GRACE_NANOS`]: if the whole process was stopped for that time, so was a recorder that
/// had looked the series up but not recorded yet.
const GRACE_READS: u32 = 2;

/// The number of bytes that the suspended series of a metric may always take in each thread: enough
/// for 32,768 counters or 1,424 histograms with the default buckets.
const SUSPENDED_BYTES: usize = 256 << 10;

impl Index {
    /// Starts to track the activity of a new series, if the series of the index expire.
    pub(crate) fn start_activity(&self, state: &mut State, position: usize) {
        if self.expiry == 0 {
            return;
        }
        let activity = &mut state.activity;
        if activity.len() <= position {
            // Reserves as much as the columns, which grow by whole blocks.
            activity.reserve_exact(state.columns.capacity() - activity.len());
            activity.resize(state.columns.len(), Activity::default());
        }
        activity[position] = Activity {
            changed: clock::idle_clock(),
            number_of_change: number_of_change(0),
            ..Activity::default()
        };
    }

    /// Updates the activity of a series with values that were read for the exposition with this
    /// number, or for none if it is 0.
    ///
    /// Returns false if the series has expired and must not be exposed.
    pub(crate) fn update_activity(
        &self,
        state: &mut State,
        position: usize,
        values: &[u64],
        exposition: u64,
    ) -> bool {
        let digest = digest(values);
        let activity = &mut state.activity[position];
        let has_changed = digest != activity.digest;
        if let Some(suspension) = &mut activity.suspension {
            if has_changed {
                activity.digest = digest;
                self.resume(state, position);
                state.activity[position].number_of_change = number_of_change(exposition);
                return true;
            }
            suspension.reads += 1;
            let is_over =
                clock::grace_clock().saturating_sub(suspension.since) >= clock::GRACE_NANOS;
            if is_over && suspension.reads >= GRACE_READS {
                self.remove_place(state, place_of(position), Removal::Expired);
            }
            return false;
        }
        // Checks for recordings as well, because the digest stays the same if a gauge is set to the
        // value that it has.
        let was_recorded = self.entry_at(position).take_recently_recorded();
        if has_changed || was_recorded {
            activity.digest = digest;
            activity.changed = clock::idle_clock();
            activity.number_of_change = number_of_change(exposition);
        }
        true
    }

    /// Suspends the series that had been idle for the expiry time when `exposition` began, and
    /// whose last values all recipients have. Each recipient has received the exposition with the
    /// number `delivered` or a later one.
    ///
    /// At most `limit` series are suspended at a time, or [`most_suspended`](Self::most_suspended)
    /// if that is more.
    pub(crate) fn expire_idle(&self, exposition: ExpositionStart, delivered: u64, limit: usize) {
        let most = limit.max(self.most_suspended());
        let mut from = 0;
        loop {
            let mut state = self.lock();
            let Some(Tile { region, first, end }) = self.tile(&state, from) else {
                return;
            };
            let is_due = |position: &usize| {
                let activity = &state.activity[*position];
                let idle = exposition.time.saturating_sub(activity.changed);
                state.columns.is_live[*position]
                    && idle >= self.expiry
                    && activity.number_of_change < delivered.min(exposition.number)
            };
            let due: Vec<usize> = (from..end)
                .filter(is_due)
                .map(|position| position - first)
                .collect();
            if !due.is_empty() {
                region.read(&mut Reader::default(), due, |at, values| {
                    let position = first + at;
                    let is_shown = digest(values) == state.activity[position].digest;
                    // The number of suspended series is bounded, because they take places.
                    if is_shown && self.is_at_rest(values) && state.suspended < most {
                        self.suspend(&mut state, position);
                    }
                });
            }
            from = end;
        }
    }

    /// The number of series that may be suspended whatever the limit on series is: as many as have
    /// [`SUSPENDED_BYTES`] of cells in a thread.
    ///
    /// A series is suspended for a minute or longer. If short-lived series come and go, a multiple
    /// of those that live at a time is therefore suspended. Without this room, series that are idle
    /// could not be suspended, and would keep new ones out.
    fn most_suspended(&self) -> usize {
        let bytes = self.blocks.cells_of_series().max(1) * size_of::<u64>();
        (SUSPENDED_BYTES / bytes).min(MAX_SERIES)
    }

    /// Whether a series with these values may expire. An up-down counter that is not at zero may
    /// not, because the program will probably decrement it later.
    fn is_at_rest(&self, values: &[u64]) -> bool {
        self.layout != Layout::UpDown || values.chunks_exact(2).all(|pair| pair[0] == pair[1])
    }

    fn suspend(&self, state: &mut State, position: usize) {
        if !self.entry_at(position).suspend() {
            return;
        }
        state.columns.is_live[position] = false;
        state.live -= 1;
        state.activity[position].suspension = Some(Suspension {
            since: clock::grace_clock(),
            reads: 0,
        });
        state.suspended += 1;
        self.is_full.store(false, Ordering::Relaxed);
    }

    /// Resumes a suspended series, so that look-ups find it again.
    pub(crate) fn resume(&self, state: &mut State, position: usize) -> SeriesId {
        let generation = self.entry_at(position).resume();
        state.end_suspension(position);
        state.columns.is_live[position] = true;
        state.live += 1;
        state.activity[position].changed = clock::idle_clock();
        state.activity[position].number_of_change = number_of_change(0);
        SeriesId {
            place: place_of(position),
            generation,
        }
    }
}

fn digest(values: &[u64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    values.hash(&mut hasher);
    hasher.finish()
}
