//! How idle series leave, where a metric says that they do, and how nothing is lost by it.
//!
//! Recorders know nothing of it. Whoever reads the series of a metric notes for each what its
//! values were and since when. An exposition that has been written to its end lets those go that
//! had not changed for the metric's span when it began: it has shown their last value.
//!
//! A recorder may have found such a series just before and still be about to record into it, and
//! neither waits for the other. A series that has expired is therefore set *aside* at first: its
//! entry looks removed, so that nobody finds it, but its place is given to nobody else. What the
//! late recorder adds stands there for the next scrape to find, and the series is back as if it
//! had never left, and so it is when its labels are recorded again. Only when the place has
//! stayed as it was for [`clock::GRACE_NANOS`], over two scrapes, is it given up; from then on the same labels
//! are a new series, born at zero.
//!
//! One recording can be lost all the same: that of a thread which was stopped between finding
//! the series and recording into it for all that time, while scrapes went on. One that comes
//! later through a `with` that somebody kept is recorded as overflow: see `Family::astray`.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::atomic::Ordering,
};

use crate::{
    series::{
        id::SeriesId,
        index::{Index, Writer, place_of},
    },
    storage::{Reader, clock, layout::Layout},
};

/// Scrapes for which it can, however long they are apart: a process that was stopped as a whole
/// wakes up with its recorders where they were.
const GRACE_SCRAPES: u32 = 2;

/// What is known of a series that may expire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note {
    /// Of the values that were read last.
    digest: u64,
    /// When a change of them was seen last.
    changed: u64,
    aside: Option<Aside>,
}

/// A series that has expired, but may come back.
#[derive(Clone, Copy, Debug)]
struct Aside {
    /// When it expired.
    since: u64,
    /// How often it was read since then.
    scrapes: u32,
}

impl Note {
    pub(crate) fn is_aside(&self) -> bool {
        self.aside.is_some()
    }
}

impl Writer {
    /// Whether a series has expired, but may come back.
    pub(crate) fn is_aside(&self, number: usize) -> bool {
        self.notes.get(number).is_some_and(Note::is_aside)
    }

    /// Whether a series is there or may come back.
    pub(crate) fn is_listed(&self, number: usize) -> bool {
        self.metas.live[number] || self.is_aside(number)
    }

    /// Forgets that a series may come back; false when it could not.
    pub(crate) fn end_aside(&mut self, number: usize) -> bool {
        let note = self.notes.get_mut(number);
        let was_aside = note.is_some_and(|note| note.aside.take().is_some());
        self.aside -= usize::from(was_aside);
        was_aside
    }
}

impl Index {
    /// The same with series that expire after so many nanoseconds, unless they are 0.
    pub(crate) fn expiring(mut self, span: u64) -> Self {
        self.span = span;
        self
    }

    /// Lets recorders ask again whether there is room.
    pub(crate) fn limit_changed(&self) {
        // Under the lock, so that it comes after what was found under the old cap.
        let _writer = self.writer();
        self.full.store(false, Ordering::Relaxed);
    }

    /// Begins the note on a series.
    pub(crate) fn note_birth(&self, writer: &mut Writer, number: usize) {
        if self.span == 0 {
            return;
        }
        if writer.notes.len() <= number {
            let (len, capacity) = (writer.notes.len(), writer.metas.capacity());
            // As many as there are metas, which grow by blocks.
            writer.notes.reserve_exact(capacity - len);
            writer.notes.resize(writer.metas.len(), Note::default());
        }
        writer.notes[number] = Note {
            changed: clock::idle_clock(),
            ..Note::default()
        };
    }

    /// Notes the values of a series that somebody reads; false when it has expired, and is not
    /// to be shown.
    pub(crate) fn look_at(&self, writer: &mut Writer, number: usize, values: &[u64]) -> bool {
        let digest = digest(values);
        let note = &mut writer.notes[number];
        let has_changed = digest != note.digest;
        if let Some(aside) = &mut note.aside {
            if has_changed {
                self.revive(writer, number);
                writer.notes[number].digest = digest;
                return true;
            }
            aside.scrapes += 1;
            let is_over = clock::grace_clock().saturating_sub(aside.since) >= clock::GRACE_NANOS;
            if is_over && aside.scrapes >= GRACE_SCRAPES {
                self.take_out(writer, place_of(number));
            }
            return false;
        }
        // Not only the value of a gauge tells that somebody sets it.
        let was_held = self.entry_of(number).was_held();
        if has_changed || was_held {
            note.digest = digest;
            note.changed = clock::idle_clock();
        }
        true
    }

    /// Sets the series aside that had been idle for long enough at this time.
    pub(crate) fn expire_idle(&self, began: u64, cap: usize) {
        let mut from = 0;
        loop {
            let mut writer = self.writer();
            let Some((region, first, to)) = self.tile(&writer, from) else {
                return;
            };
            let is_due = |number: &usize| {
                writer.metas.live[*number]
                    && began.saturating_sub(writer.notes[*number].changed) >= self.span
            };
            let due: Vec<usize> = (from..to)
                .filter(is_due)
                .map(|number| number - first)
                .collect();
            if !due.is_empty() {
                region.read(&mut Reader::default(), due, |at, values| {
                    let number = first + at;
                    let is_shown = digest(values) == writer.notes[number].digest;
                    // What is set aside takes places, too.
                    if is_shown && self.is_at_rest(values) && writer.aside < cap {
                        self.set_aside(&mut writer, number);
                    }
                });
            }
            from = to;
        }
    }

    /// Whether nothing is lost with a series, but its history: what went up is still to go down.
    fn is_at_rest(&self, values: &[u64]) -> bool {
        self.layout != Layout::UpDown || values.chunks_exact(2).all(|pair| pair[0] == pair[1])
    }

    fn set_aside(&self, writer: &mut Writer, number: usize) {
        if !self.entry_of(number).set_aside() {
            return;
        }
        writer.metas.live[number] = false;
        writer.live -= 1;
        writer.notes[number].aside = Some(Aside {
            since: clock::grace_clock(),
            scrapes: 0,
        });
        writer.aside += 1;
        self.full.store(false, Ordering::Relaxed);
    }

    /// Brings a series back that was set aside.
    pub(crate) fn revive(&self, writer: &mut Writer, number: usize) -> SeriesId {
        let generation = self.entry_of(number).revive();
        writer.end_aside(number);
        writer.metas.live[number] = true;
        writer.live += 1;
        writer.notes[number].changed = clock::idle_clock();
        SeriesId {
            place: place_of(number),
            generation,
        }
    }
}

fn digest(values: &[u64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    values.hash(&mut hasher);
    hasher.finish()
}
