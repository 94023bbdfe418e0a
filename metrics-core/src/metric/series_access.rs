//! Records into a series of a family, or reads the series, given its identifier.
//!
//! Declared series, dynamic series, handles and instrumented calls use these functions.
//! `record_open`, `with_open_shared_cell`, `record_open_shared_cell` and `find_and_pin` are only
//! for open labels, that is, labels whose values are not known at compile time. A series with open
//! labels may have been removed since it was looked up. Another series may then use its storage;
//! the two differ by their generation, a number.

use std::sync::atomic::AtomicU64;

use crate::{
    describe::{label, label::LabelSet},
    metric::{family::Family, quantile_sketch::QuantileSketch},
    series::id::SeriesId,
    storage::{Reader, Region},
};

/// Records into a series of a family of either kind: see [`record_open`] for open labels.
#[inline(always)]
pub(crate) fn record(family: &Family, series: SeriesId, op: impl FnOnce(&[AtomicU64])) {
    if family.is_closed() {
        let (region, list_cells) = (family.region(), family.list_cells());
        region.record_closed(series.place as usize, list_cells, op);
    } else {
        record_open(family, series, op);
    }
}

/// Calls `op` with the cell of a gauge or state set, which all threads share: see
/// [`with_open_shared_cell`] for open labels.
pub(crate) fn with_shared_cell<R>(
    family: &Family,
    series: SeriesId,
    op: impl FnOnce(&AtomicU64) -> R,
) -> R {
    if family.is_closed() {
        op(&family.region().shared_cells(series.place as usize)[0])
    } else {
        with_open_shared_cell(family, series, op)
    }
}

/// Like [`with_shared_cell`], for a recording, after which the series is not idle.
pub(crate) fn record_shared_cell<R>(
    family: &Family,
    series: SeriesId,
    op: impl FnOnce(&AtomicU64) -> R,
) -> R {
    if family.is_closed() {
        with_shared_cell(family, series, op)
    } else {
        record_open_shared_cell(family, series, op)
    }
}

/// Records into a series in the family's index, or into the overflow series if the series expired
/// and was removed; see [`Index::record`](crate::series::index::Index::record).
#[inline(always)]
pub(crate) fn record_open(family: &Family, series: SeriesId, op: impl FnOnce(&[AtomicU64])) {
    let overflow = || family.overflow_of_expired();
    family.index().record(series, overflow, op);
}

/// Calls `op` with the cell of a gauge or state set in the family's index. All threads share the
/// cell. The caller has pinned the series.
pub(crate) fn with_open_shared_cell<R>(
    family: &Family,
    series: SeriesId,
    op: impl FnOnce(&AtomicU64) -> R,
) -> R {
    // Generation 0 means that the look-up found no place, not even for the overflow series.
    if series.generation == 0 {
        return op(family.discarded());
    }
    let (region, at) = family.index().region_of(series.place);
    op(&region.shared_cells(at)[0])
}

/// Like [`with_open_shared_cell`], for a recording, after which the series is not idle.
pub(crate) fn record_open_shared_cell<R>(
    family: &Family,
    series: SeriesId,
    op: impl FnOnce(&AtomicU64) -> R,
) -> R {
    let result = with_open_shared_cell(family, series, op);
    if series.generation != 0 {
        family.index().note_recording(series.place);
    }
    result
}

/// The shared cells of a series; `None` if the series was removed and another one has its place in
/// the index.
pub(crate) fn shared_cells(family: &Family, series: SeriesId) -> Option<&[AtomicU64]> {
    let at = series.place as usize;
    if family.is_closed() {
        return Some(family.region().shared_cells(at));
    }
    let (region, at) = family.index().region_of(series.place);
    (region.generation(at) == series.generation).then(|| region.shared_cells(at))
}

/// Calls `op` with the values of a series, summed over all threads; with zeros if another series
/// has taken its place.
pub(crate) fn with_values<R>(family: &Family, series: SeriesId, op: impl FnOnce(&[u64]) -> R) -> R {
    if family.is_closed() {
        return op(&read(family.region(), series.place as usize));
    }
    let (region, at) = family.index().region_of(series.place);
    let mut values = read(region, at);
    // Compares the generation after the read. Generations are not reused, so if the place still has
    // the generation of this series, the place belonged to the series during the whole read.
    if region.generation(at) != series.generation {
        values.fill(0);
    }
    op(&values)
}

/// The declared quantiles of a series with their estimates, which are NaN without observations.
pub(crate) fn quantiles(family: &Family, series: SeriesId) -> Vec<(f64, f64)> {
    let quantiles = &family.desc().bounds;
    read_sketch(family, series).quantiles(quantiles)
}

/// The observations of a series in the last minutes, by all threads; none if the family has no
/// quantiles, or if another series has taken the place of this one.
pub(crate) fn read_sketch(family: &Family, series: SeriesId) -> QuantileSketch {
    let (region, at) = region_of(family, series);
    let mut sketch = QuantileSketch::new();
    if !family.layout().has_quantiles() {
        return sketch;
    }
    sketch.restart_with_more_capacity();
    // Repeats the read with more memory, because none can be allocated during the read.
    while !region.read_window(at, &mut |page| sketch.add(page)) {
        sketch.restart_with_more_capacity();
    }
    // Compares the generation after the read, as `with_values` does.
    if !family.is_closed() && region.generation(at) != series.generation {
        return QuantileSketch::new();
    }
    sketch
}

/// The region with the storage of a series, and the position of the series in the region.
pub(crate) fn region_of(family: &Family, series: SeriesId) -> (&Region, usize) {
    if family.is_closed() {
        (family.region(), series.place as usize)
    } else {
        family.index().region_of(series.place)
    }
}

fn read(region: &Region, at: usize) -> Vec<u64> {
    let mut values = Vec::new();
    region.read(&mut Reader::default(), [at], |_, read| {
        values.extend_from_slice(read);
    });
    values
}

/// The series with these labels. If the label values are not known at compile time, creates the
/// series if needed, and pins it.
pub(crate) fn resolve(family: &Family, labels: &impl LabelSet) -> SeriesId {
    if !family.is_closed() {
        return find_and_pin(family, || family.find_or_create(labels));
    }
    SeriesId {
        place: label::position(labels) as u32,
        generation: 0,
    }
}

/// Pins the series that `find` finds or creates, so that no other series gets its place before
/// `Index::unpin`.
#[inline]
pub(crate) fn find_and_pin(family: &Family, find: impl Fn() -> SeriesId) -> SeriesId {
    loop {
        let series = find();
        if series.generation == 0 {
            // There is no series to pin. The caller unpins the place nevertheless, so a pin is
            // counted.
            family.index().pin_again(series.place);
            return series;
        }
        // `pin` fails if the series was removed after the lookup; the next lookup creates a new
        // one.
        if family.index().pin(series) {
            return series;
        }
    }
}
