//! Where one series' values are: in a declared metric or behind a handle.

use std::{
    convert::Infallible,
    marker::PhantomData,
    sync::{Arc, atomic::AtomicU64},
    thread::LocalKey,
};

use crate::{
    describe::{bucket_table::Buckets, desc::Desc, label, label::LabelSet, label_key::with_key},
    metric::{
        exemplar::AUTOMATIC,
        family::{Family, FamilyRef},
        outcome_rows::Rows,
    },
    series::id::{CachedSeries, SeriesId},
    storage::{
        self, CachedCells, ConstInit, LocalBlock, LocalCells, LocalStorage, Reader, Region,
        SeriesCache, layout::Layout,
    },
};
#[cfg(metrics_off)]
use crate::{metric::disabled::Disabled, metric::exemplar::RowOf};

/// A declared metric: what the macros implement for the type they generate.
#[doc(hidden)]
pub trait DeclaredMetric: Sized + 'static {
    /// Where each thread keeps the words of closed series.
    type Local: DeclaredLocal;
    /// What the words of a series are.
    const LAYOUT: Layout;
    /// Whether recordings look for exemplars.
    const EXEMPLARS: bool = false;
    /// How many series there are, when all labels are closed.
    const SERIES: Option<usize>;

    fn local() -> &'static LocalKey<Self::Local>;
    fn family() -> &'static Family;
    /// The words of closed series that all threads share.
    fn shared() -> &'static [AtomicU64];
    /// A histogram's buckets.
    fn buckets() -> Option<&'static Buckets> {
        None
    }
}

/// The metric of a site.
#[doc(hidden)]
pub const fn declared_family<S: DeclaredMetric>(
    desc: Desc,
    sets: &'static [Option<&'static [&'static str]>],
    shared: &'static [AtomicU64],
) -> Family {
    let touch: fn() = touch::<S>;
    Family::new(
        desc,
        S::LAYOUT,
        Rows::ONE,
        S::SERIES,
        sets,
        Some(touch),
        shared,
    )
}

/// Lists this thread's words of closed series, for recordings that come through a handle.
fn touch<S: DeclaredMetric>() {
    S::family().announce();
    storage::attach(S::local(), &S::family().region);
}

/// A series of a declared metric; what `with` returns, wrapped in the metric's type.
#[derive(Debug)]
#[doc(hidden)]
pub struct DeclaredSeries<S: DeclaredMetric> {
    series: SeriesId,
    /// This thread's words of it, where it has open labels.
    found: Option<<S::Local as DeclaredLocal>::Found>,
    site: PhantomData<S>,
}

impl<S: DeclaredMetric> DeclaredSeries<S> {
    /// The one series of a metric without labels.
    pub const UNLABELLED: Self = DeclaredSeries {
        series: SeriesId {
            place: 0,
            generation: 0,
        },
        found: None,
        site: PhantomData,
    };

    /// The series of these labels.
    #[inline(always)]
    pub fn with(labels: &impl LabelSet) -> Self {
        let (series, found) = if S::SERIES.is_some() {
            let series = SeriesId {
                place: label::position(labels) as u32,
                generation: 0,
            };
            (series, None)
        } else if S::PINNED {
            (pinned(S::family(), labels), None)
        } else {
            found::<S, _>(labels)
        };
        DeclaredSeries {
            series,
            found,
            site: PhantomData,
        }
    }
}

/// The series of these labels, which is most often the one that this thread found last.
#[inline(always)]
fn found<S: DeclaredMetric, L: LabelSet>(
    labels: &L,
) -> (SeriesId, Option<<S::Local as DeclaredLocal>::Found>) {
    let found = with_key!(L, labels, |key| storage::local_storage(S::local())
        .find::<S, _>(key));
    found.unwrap_or_else(|| (born::<S>(labels), None))
}

#[inline(never)]
fn born<S: DeclaredMetric>(labels: &impl LabelSet) -> SeriesId {
    S::family().announce();
    S::family().series_or_birth(labels)
}

/// Values that all threads share have no place for a generation: their series are held while
/// they are used.
trait Pinned {
    const PINNED: bool;
}

impl<S: DeclaredMetric> Pinned for S {
    const PINNED: bool = matches!(S::LAYOUT, Layout::Int | Layout::Float);
}

impl<S: DeclaredMetric> Drop for DeclaredSeries<S> {
    #[inline(always)]
    fn drop(&mut self) {
        if S::SERIES.is_none() && S::PINNED {
            S::family().index().unpin(self.series.place);
        }
    }
}

/// What a declared metric keeps in each thread's static storage.
#[doc(hidden)]
pub trait DeclaredLocal: LocalStorage {
    /// This thread's words of a series that was found.
    type Found: Copy + Send + Sync + std::fmt::Debug;

    /// The series of a key, where series come and go, and its words where they are ready.
    fn find<S: DeclaredMetric, const K: usize>(
        &self,
        key: &[u64; K],
    ) -> Option<(SeriesId, Option<Self::Found>)>;

    /// The words, if they are still good.
    fn words(found: &Self::Found) -> Option<&[AtomicU64]>;
}

/// What closed series have no need for.
macro_rules! closed {
    ($local:ident) => {
        impl<const N: usize> DeclaredLocal for $local<N> {
            type Found = Infallible;

            fn find<S: DeclaredMetric, const K: usize>(
                &self,
                _: &[u64; K],
            ) -> Option<(SeriesId, Option<Infallible>)> {
                None
            }

            fn words(found: &Infallible) -> Option<&[AtomicU64]> {
                match *found {}
            }
        }
    };
}

closed!(LocalCells);
closed!(LocalBlock);

impl<const N: usize> DeclaredLocal for SeriesCache<CachedSeries, N> {
    type Found = CachedCells<N>;

    #[inline(always)]
    fn find<S: DeclaredMetric, const K: usize>(
        &self,
        key: &[u64; K],
    ) -> Option<(SeriesId, Option<CachedCells<N>>)> {
        let is_it = |known: &CachedSeries| known.matches(key);
        if let Some((series, found)) = self.last(is_it) {
            return Some((series, Some(found)));
        }
        let index = S::family().index();
        let hash = index.hash(key);
        if let Some((series, found)) = self.find(hash, is_it) {
            return Some((series, Some(found)));
        }
        let (known, found) = index.find_cached(key, hash)?;
        // Without words there is more to be done than to find it again.
        storage::cache_series(
            S::local(),
            self,
            hash,
            known,
            found,
            CachedSeries::is_removed,
        );
        Some((known.id, found))
    }

    #[inline(always)]
    fn words(found: &CachedCells<N>) -> Option<&[AtomicU64]> {
        let words = found.get()?;
        Some(words)
    }
}

/// How a declared metric is kept: [`choose_strategy`] as a type.
#[derive(Debug)]
#[doc(hidden)]
pub struct Strategy<const HOW: u8>;

/// The answer to [`Strategy`].
#[doc(hidden)]
pub trait StrategyStorage<const N: usize> {
    type Local: DeclaredLocal + ConstInit;
}

impl<const N: usize> StrategyStorage<N> for Strategy<CELLS> {
    type Local = LocalCells<N>;
}

impl<const N: usize> StrategyStorage<N> for Strategy<BLOCK> {
    type Local = LocalBlock<N>;
}

impl<const N: usize> StrategyStorage<N> for Strategy<RECENT> {
    type Local = SeriesCache<CachedSeries, N>;
}

const CELLS: u8 = 0;
const BLOCK: u8 = 1;
const RECENT: u8 = 2;

/// How so many words are kept, of which so many may be static; none at all are those of series
/// that come and go.
#[doc(hidden)]
pub const fn choose_strategy(words: usize, closed: bool, limit: usize) -> u8 {
    if !closed {
        RECENT
    } else if words <= limit {
        CELLS
    } else {
        BLOCK
    }
}

/// Where one series' values are: in a declared metric or behind a handle.
///
/// Metric types such as [`Counter`](crate::Counter) are generic over it, so that what is known
/// at compile time costs nothing at run time.
pub trait Storage: private::Storage {}

impl<S: private::Storage> Storage for S {}

pub(crate) mod private {
    use super::{AtomicU64, Family, Layout, SeriesId};
    use crate::{describe::bucket_table::Buckets, metric::exemplar::RowOf};

    pub trait Storage {
        /// What the words of the series are, where the type tells.
        const LAYOUT: Option<Layout> = None;

        fn family(&self) -> &Family;
        /// Runs a recording on this thread's words of the series.
        fn record(&self, op: impl FnOnce(&[AtomicU64]));
        /// Runs a long recording in line, where this thread's words are there.
        #[inline(always)]
        fn try_record<R>(&self, op: impl FnOnce(&[AtomicU64]) -> R) -> Option<R> {
            let mut done = None;
            self.record(|words| done = Some(op(words)));
            done
        }
        /// Shows the word that all threads share.
        fn shared<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R;
        /// Shows the series' values, added up over all threads.
        fn read<R>(&self, op: impl FnOnce(&[u64]) -> R) -> R;
        /// A histogram's buckets.
        fn buckets(&self) -> Option<&Buckets>;
        /// Which series it is.
        fn series(&self) -> SeriesId;
        /// Whether recordings look for exemplars.
        fn asks(&self) -> bool;
        /// Strategy an exemplar of what was just recorded.
        fn give_exemplar(&self, bucket: usize, value: f64, labels: &[(&str, &str)]) {
            let at = RowOf {
                series: self.series(),
                row: 0,
            };
            let family = self.family();
            family
                .exemplars()
                .give(at, bucket, value, labels, family.shape());
        }
    }
}

impl<S: DeclaredMetric> private::Storage for DeclaredSeries<S> {
    const LAYOUT: Option<Layout> = Some(S::LAYOUT);

    #[inline(always)]
    fn family(&self) -> &Family {
        S::family()
    }

    #[inline(always)]
    fn record(&self, op: impl FnOnce(&[AtomicU64])) {
        record::<S>(self, op);
    }

    #[inline(always)]
    fn try_record<R>(&self, op: impl FnOnce(&[AtomicU64]) -> R) -> Option<R> {
        if S::SERIES.is_none() {
            return self.found.as_ref().and_then(S::Local::words).map(op);
        }
        let place = self.series.place as usize;
        storage::try_record_local(S::local(), |words| {
            let width = const { S::LAYOUT.cells() };
            op(&words[place * width..][..width])
        })
    }

    #[inline]
    fn shared<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        if S::SERIES.is_some() {
            // Not announced: a store is all that this may cost. Where the linker drops what
            // nobody refers to, it keeps the registration with this static, which stands in the
            // same module.
            op(&S::shared()[self.series.place as usize])
        } else {
            shared_open(S::family(), self.series, op)
        }
    }

    fn read<R>(&self, op: impl FnOnce(&[u64]) -> R) -> R {
        if S::SERIES.is_some() {
            read_region(&S::family().region, self.series.place as usize, op)
        } else {
            read_open(S::family(), self.series, op)
        }
    }

    #[inline(always)]
    fn buckets(&self) -> Option<&Buckets> {
        S::buckets()
    }

    #[inline(always)]
    fn series(&self) -> SeriesId {
        self.series
    }

    #[inline(always)]
    fn asks(&self) -> bool {
        AUTOMATIC && S::EXEMPLARS
    }
}

#[inline(always)]
fn record<S: DeclaredMetric>(declared: &DeclaredSeries<S>, op: impl FnOnce(&[AtomicU64])) {
    if S::SERIES.is_none() {
        return match declared.found.as_ref().and_then(S::Local::words) {
            Some(words) => op(words),
            None => record_elsewhere::<S>(declared.series, op),
        };
    }
    let width = const { S::LAYOUT.cells() };
    // Little is captured, so that it goes to the cold path in registers.
    let place = declared.series.place as usize;
    let announce = || S::family().announce();
    storage::record_local(
        S::local(),
        &S::family().region,
        announce,
        // Where a metric is used in several places, it would become a call.
        #[inline(always)]
        move |words| op(&words[place * width..][..width]),
    );
}

#[inline(never)]
fn record_elsewhere<S: DeclaredMetric>(series: SeriesId, op: impl FnOnce(&[AtomicU64])) {
    record_open(S::family(), series, op);
}

/// Records into a series of open labels.
#[inline(always)]
pub(crate) fn record_open(family: &Family, series: SeriesId, op: impl FnOnce(&[AtomicU64])) {
    let index = family.index();
    let series = if index.contains(series) {
        series
    } else {
        match family.astray(series) {
            Some(series) => series,
            None => return,
        }
    };
    let (region, at) = index.region_of(series.place);
    match region.ready(at, series.generation) {
        Some(words) => op(words),
        None => region.record_open(at, series.generation, op),
    }
}

fn shared_open<R>(family: &Family, series: SeriesId, op: impl FnOnce(&AtomicU64) -> R) -> R {
    // No place was left, and this one is another's.
    if series.generation == 0 {
        static NOWHERE: AtomicU64 = AtomicU64::new(0);
        return op(&NOWHERE);
    }
    let (region, at) = family.index().region_of(series.place);
    op(&region.shared_cells(at)[0])
}

/// The words of a series that ended threads leave theirs in; `None` when it was removed.
pub(crate) fn shared_words(family: &Family, series: SeriesId) -> Option<&[AtomicU64]> {
    let at = series.place as usize;
    if family.closed.is_some() {
        return Some(family.region.shared_cells(at));
    }
    let (region, at) = family.index().region_of(series.place);
    (region.generation(at) == series.generation).then(|| region.shared_cells(at))
}

fn read_open<R>(family: &Family, series: SeriesId, op: impl FnOnce(&[u64]) -> R) -> R {
    let (region, at) = family.index().region_of(series.place);
    let mut values = Vec::new();
    region.read(&mut Reader::default(), [at], |_, read| {
        values.extend_from_slice(read);
    });
    // Asked afterwards: if the place was another's while it was read, it still is.
    if region.generation(at) != series.generation {
        values.fill(0);
    }
    op(&values)
}

fn read_region<R>(region: &Region, at: usize, op: impl FnOnce(&[u64]) -> R) -> R {
    let mut values = Vec::new();
    region.read(&mut Reader::default(), [at], |_, read| {
        values.extend_from_slice(read);
    });
    op(&values)
}

/// The series of these labels, and its place held where series come and go.
fn held(family: &Family, labels: &impl LabelSet) -> SeriesId {
    if family.closed.is_none() {
        return pinned(family, labels);
    }
    SeriesId {
        place: label::position(labels) as u32,
        generation: 0,
    }
}

/// Finds the series of these labels and holds its place.
fn pinned(family: &Family, labels: &impl LabelSet) -> SeriesId {
    loop {
        let series = family.series(labels);
        if series.generation == 0 {
            family.index().pin_again(series.place);
            return series;
        }
        // Removed since it was found: there is a new one to be made.
        if family.index().pin(series) {
            return series;
        }
    }
}

/// Holds one series of a metric, so that recording need not look for it.
///
/// A held series keeps its place. After it was removed, what is recorded through the handle goes
/// nowhere that a scrape looks.
#[derive(Debug)]
pub struct Handle {
    family: FamilyRef,
    series: SeriesId,
}

impl Handle {
    /// Holds the series of these labels of a metric made at run time.
    pub(crate) fn dynamic(family: Arc<Family>, labels: &impl LabelSet) -> Self {
        let series = held(&family, labels);
        Handle {
            family: FamilyRef::Dynamic(family),
            series,
        }
    }

    /// Holds the series of these labels of a declared metric.
    #[doc(hidden)]
    pub fn bind(family: &'static Family, labels: &impl LabelSet) -> Self {
        family.announce();
        let series = held(family, labels);
        Handle {
            family: FamilyRef::Declared(family),
            series,
        }
    }
}

#[cfg(metrics_off)]
impl Handle {
    /// Holds nothing.
    pub(crate) fn off(family: &'static Family) -> Self {
        let series = private::Storage::series(&Disabled);
        Handle {
            family: FamilyRef::Declared(family),
            series,
        }
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        if self.family.closed.is_none() {
            self.family.index().pin_again(self.series.place);
        }
        Handle {
            family: self.family.clone(),
            series: self.series,
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.family.closed.is_none() {
            self.family.index().unpin(self.series.place);
        }
    }
}

impl private::Storage for Handle {
    fn family(&self) -> &Family {
        &self.family
    }

    #[inline]
    fn record(&self, op: impl FnOnce(&[AtomicU64])) {
        #[cfg(metrics_off)]
        if Disabled::is(&self.family) {
            return;
        }
        if self.family.closed.is_some() {
            let (region, touch) = (&self.family.region, self.family.touch);
            region.record_closed(self.series.place as usize, touch, op);
        } else {
            record_open(&self.family, self.series, op);
        }
    }

    fn shared<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        #[cfg(metrics_off)]
        if Disabled::is(&self.family) {
            return Disabled.shared(op);
        }
        if self.family.closed.is_some() {
            op(&self.family.region.shared_cells(self.series.place as usize)[0])
        } else {
            shared_open(&self.family, self.series, op)
        }
    }

    fn read<R>(&self, op: impl FnOnce(&[u64]) -> R) -> R {
        #[cfg(metrics_off)]
        if Disabled::is(&self.family) {
            return Disabled.read(op);
        }
        if self.family.closed.is_some() {
            read_region(&self.family.region, self.series.place as usize, op)
        } else {
            read_open(&self.family, self.series, op)
        }
    }

    fn buckets(&self) -> Option<&Buckets> {
        self.family.buckets_of()
    }

    #[inline]
    fn series(&self) -> SeriesId {
        self.series
    }

    #[inline]
    fn asks(&self) -> bool {
        self.family.exemplars().asked()
    }

    #[cfg(metrics_off)]
    fn give_exemplar(&self, bucket: usize, value: f64, labels: &[(&str, &str)]) {
        if !Disabled::is(&self.family) {
            let at = RowOf {
                series: self.series,
                row: 0,
            };
            let shape = self.family.shape();
            let exemplars = self.family.exemplars();
            exemplars.give(at, bucket, value, labels, shape);
        }
    }
}
