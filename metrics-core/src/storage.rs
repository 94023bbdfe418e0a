//! Where one series' values are: in a declared metric or behind a handle.

use std::{
    marker::PhantomData,
    sync::{Arc, atomic::AtomicU64},
    thread::LocalKey,
};

#[cfg(metrics_off)]
use crate::off::Off;
use crate::{
    buckets::Buckets,
    cell::{self, Keyed, Local, Region},
    desc::Desc,
    family::{Family, FamilyRef},
    label::{self, LabelSet},
    layout::Layout,
    rows::Rows,
    series::Series,
};

/// A declared metric: what the macros implement for the type they generate.
#[doc(hidden)]
pub trait Site: Sized + 'static {
    /// Where each thread keeps the words of closed series.
    type Local: Local;
    /// What the words of a series are.
    const LAYOUT: Layout;
    /// How many series there are, when all labels are closed.
    const SERIES: Option<usize>;

    fn local() -> &'static LocalKey<Self::Local>;
    fn family() -> &'static Family;
    /// A histogram's buckets.
    fn buckets() -> Option<&'static Buckets> {
        None
    }
}

/// The metric of a site.
#[doc(hidden)]
pub const fn declared<S: Site>(
    desc: Desc,
    sets: &'static [Option<&'static [&'static str]>],
) -> Family {
    let touch: fn() = cell::touch_static::<Declared<S>>;
    Family::new(desc, S::LAYOUT, Rows::ONE, S::SERIES, sets, Some(touch))
}

/// A series of a declared metric; what `with` returns, wrapped in the metric's type.
#[derive(Debug)]
#[doc(hidden)]
pub struct Declared<S: Site> {
    series: Series,
    site: PhantomData<S>,
}

impl<S: Site> Declared<S> {
    /// The one series of a metric without labels.
    pub const ONLY: Self = Declared {
        series: Series {
            place: 0,
            generation: 0,
        },
        site: PhantomData,
    };

    /// The series of these labels.
    #[inline(always)]
    pub fn with(labels: &impl LabelSet) -> Self {
        let series = if S::SERIES.is_none() && S::PINNED {
            pinned(S::family(), labels)
        } else {
            find::<S>(labels)
        };
        Declared {
            series,
            site: PhantomData,
        }
    }
}

#[inline(always)]
fn find<S: Site>(labels: &impl LabelSet) -> Series {
    if S::SERIES.is_some() {
        return Series {
            place: label::position(labels) as u32,
            generation: 0,
        };
    }
    S::family().announce();
    S::family().series(labels)
}

/// Values that all threads share have no place for a generation: their series are held while
/// they are used.
trait Pinned {
    const PINNED: bool;
}

impl<S: Site> Pinned for S {
    const PINNED: bool = matches!(S::LAYOUT, Layout::Int | Layout::Float);
}

impl<S: Site> Drop for Declared<S> {
    #[inline(always)]
    fn drop(&mut self) {
        if S::SERIES.is_none() && S::PINNED {
            S::family().index().unpin(self.series.place);
        }
    }
}

impl<S: Site> Keyed for Declared<S> {
    type Local = S::Local;

    // Not inlined, this would hand out the accessor of the static storage as a pointer to a
    // function of another codegen unit, and each recording would call it.
    #[inline(always)]
    fn key() -> &'static LocalKey<S::Local> {
        S::local()
    }

    #[inline(always)]
    fn region() -> &'static Region {
        &S::family().region
    }

    fn touched() {
        S::family().announce();
    }
}

/// Where one series' values are: in a declared metric or behind a handle.
///
/// Metric types such as [`Counter`](crate::Counter) are generic over it, so that what is known
/// at compile time costs nothing at run time.
pub trait Storage: private::Storage {}

impl<S: private::Storage> Storage for S {}

pub(crate) mod private {
    use super::{AtomicU64, Family, Series};
    use crate::buckets::Buckets;

    pub trait Storage {
        fn family(&self) -> &Family;
        /// Runs a recording on this thread's words of the series.
        fn record(&self, op: impl FnOnce(&[AtomicU64]));
        /// Shows the word that all threads share.
        fn shared<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R;
        /// Shows the series' values, added up over all threads.
        fn read<R>(&self, op: impl FnOnce(&[u64]) -> R) -> R;
        /// A histogram's buckets.
        fn buckets(&self) -> Option<&Buckets>;
        /// Which series it is.
        fn series(&self) -> Series;
    }
}

impl<S: Site> private::Storage for Declared<S> {
    #[inline(always)]
    fn family(&self) -> &Family {
        S::family()
    }

    #[inline(always)]
    fn record(&self, op: impl FnOnce(&[AtomicU64])) {
        record::<S>(self.series, op);
    }

    #[inline]
    fn shared<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        let family = S::family();
        family.announce();
        if S::SERIES.is_some() {
            op(&family.region.shared_words(self.series.place as usize)[0])
        } else {
            shared_open(family, self.series, op)
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

    fn series(&self) -> Series {
        self.series
    }
}

#[inline(always)]
fn record<S: Site>(series: Series, op: impl FnOnce(&[AtomicU64])) {
    if S::SERIES.is_some() {
        // Little is captured, so that it goes to the cold path in registers.
        let place = series.place as usize;
        cell::record::<Declared<S>>(move |words| {
            let width = const { S::LAYOUT.words() };
            op(&words[place * width..][..width]);
        });
    } else {
        record_open(S::family(), series, op);
    }
}

#[inline]
fn record_open(family: &Family, series: Series, op: impl FnOnce(&[AtomicU64])) {
    let (region, at) = family.index().storage(series.place);
    region.with_series(at, series.generation, None, op);
}

fn shared_open<R>(family: &Family, series: Series, op: impl FnOnce(&AtomicU64) -> R) -> R {
    // No place was left, and this one is another's.
    if series.generation == 0 {
        static NOWHERE: AtomicU64 = AtomicU64::new(0);
        return op(&NOWHERE);
    }
    let (region, at) = family.index().storage(series.place);
    op(&region.shared_words(at)[0])
}

fn read_open<R>(family: &Family, series: Series, op: impl FnOnce(&[u64]) -> R) -> R {
    let (region, at) = family.index().storage(series.place);
    let mut values = Vec::new();
    region.read([at], |_, read| values.extend_from_slice(read));
    // Asked afterwards: if the place was another's while it was read, it still is.
    if region.generation(at) != series.generation {
        values.fill(0);
    }
    op(&values)
}

fn read_region<R>(region: &Region, at: usize, op: impl FnOnce(&[u64]) -> R) -> R {
    let mut values = Vec::new();
    region.read([at], |_, read| values.extend_from_slice(read));
    op(&values)
}

/// Finds the series of these labels and holds its place.
fn pinned(family: &Family, labels: &impl LabelSet) -> Series {
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
    series: Series,
}

impl Handle {
    /// Holds the series of these labels of a metric made at run time.
    pub(crate) fn made(family: Arc<Family>, labels: &impl LabelSet) -> Self {
        let series = pinned(&family, labels);
        Handle {
            family: FamilyRef::Made(family),
            series,
        }
    }

    /// Holds the series of these labels of a declared metric.
    #[doc(hidden)]
    pub fn declared(family: &'static Family, labels: &impl LabelSet) -> Self {
        family.announce();
        let series = if family.closed.is_some() {
            Series {
                place: label::position(labels) as u32,
                generation: 0,
            }
        } else {
            pinned(family, labels)
        };
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
        let series = private::Storage::series(&Off);
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
        if Off::is(&self.family) {
            return;
        }
        if self.family.closed.is_some() {
            let (region, touch) = (&self.family.region, self.family.touch);
            region.with_series(self.series.place as usize, 0, touch, op);
        } else {
            record_open(&self.family, self.series, op);
        }
    }

    fn shared<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        #[cfg(metrics_off)]
        if Off::is(&self.family) {
            return Off.shared(op);
        }
        if self.family.closed.is_some() {
            op(&self.family.region.shared_words(self.series.place as usize)[0])
        } else {
            shared_open(&self.family, self.series, op)
        }
    }

    fn read<R>(&self, op: impl FnOnce(&[u64]) -> R) -> R {
        #[cfg(metrics_off)]
        if Off::is(&self.family) {
            return Off.read(op);
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

    fn series(&self) -> Series {
        self.series
    }
}
