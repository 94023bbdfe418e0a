//! Label values of published shapes for the recording bench: API routes, host names, pods, gRPC
//! methods, UUIDs and status codes, in label sets of one to twelve labels.
//!
//! A contender enters each of the lists here; [`LabelInputs`] knows the row and its values.

mod order;
mod texts;

use std::{
    collections::BTreeSet,
    ops::RangeInclusive,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use super::{Row, inputs::Random};

use self::order::Order;

/// Counters with one label.
pub(crate) static ONE: [LabelInputs<1>; 2] = [
    LabelInputs::new(Row::StatusCodes, texts::STATUS_CODES, Order::Uniform),
    LabelInputs::new(Row::Uuids, texts::UUIDS, Order::Uniform),
];

/// Counters with two labels.
pub(crate) static TWO: [LabelInputs<2>; 8] = [
    LabelInputs::new(Row::LongLabels, texts::ROUTES_AND_HOSTS, Order::Uniform),
    LabelInputs::new(Row::SameLongLabels, texts::ROUTES_AND_HOSTS, Order::Same),
    LabelInputs::new(
        Row::ManyLongLabels,
        texts::MANY_ROUTES_AND_HOSTS,
        Order::Uniform,
    ),
    LabelInputs::new(
        Row::ZipfLongLabels,
        texts::MANY_ROUTES_AND_HOSTS,
        Order::Zipf,
    ),
    LabelInputs::new(Row::MethodsAndPods, texts::METHODS_AND_PODS, Order::Zipf),
    LabelInputs::new(Row::AnyLengths, texts::ANY_LENGTHS, Order::Uniform),
    LabelInputs::new(
        Row::MostSeries,
        texts::MOST_METHODS_AND_PODS,
        Order::Uniform,
    ),
    LabelInputs::new(
        Row::ZipfMostSeries,
        texts::MOST_METHODS_AND_PODS,
        Order::Zipf,
    ),
];

/// Counters with five labels.
pub(crate) static FIVE: [LabelInputs<5>; 1] = [LabelInputs::new(
    Row::FiveLabels,
    texts::REQUESTS,
    Order::Uniform,
)];

/// Counters with twelve labels.
pub(crate) static TWELVE: [LabelInputs<12>; 1] = [LabelInputs::new(
    Row::TwelveLabels,
    texts::MESH_REQUESTS,
    Order::Uniform,
)];

/// A counter with two labels that is scraped meanwhile.
pub(crate) static SCRAPED: LabelInputs<2> = LabelInputs::new(
    Row::ScrapedLongLabels,
    texts::MANY_ROUTES_AND_HOSTS,
    Order::Zipf,
);

/// Histograms with two labels.
pub(crate) static HISTOGRAMS: [LabelInputs<2>; 2] = [
    LabelInputs::new(
        Row::LabelledHistogram,
        texts::ROUTES_AND_HOSTS,
        Order::Uniform,
    ),
    LabelInputs::new(
        Row::ManyHistograms,
        texts::MANY_ROUTES_AND_HOSTS,
        Order::Zipf,
    ),
];

/// The label values of all series of a row.
pub(crate) struct Series<const N: usize> {
    names: [&'static str; N],
    /// Number of series.
    count: usize,
    /// Returns the values of the series with this number.
    values: fn(usize) -> [String; N],
    /// Lengths of the values in bytes, which are checked when the values are created.
    lengths: RangeInclusive<usize>,
}

/// The inputs of a row with open labels: the label values of each recording, in the order of use.
pub(crate) struct LabelInputs<const N: usize> {
    pub(crate) row: Row,
    series: Series<N>,
    order: Order,
    values: OnceLock<Values<N>>,
    /// Number of threads that have taken values.
    threads: AtomicUsize,
}

/// The generated label values of a row.
struct Values<const N: usize> {
    /// The values of every series once, in random order.
    series: &'static [[&'static str; N]],
    /// Copies of the values in the order of use, one for each of the threads that run at a time.
    copies: [&'static [[&'static str; N]]; COPIES],
}

impl<const N: usize> LabelInputs<N> {
    const fn new(row: Row, series: Series<N>, order: Order) -> Self {
        Self {
            row,
            series,
            order,
            values: OnceLock::new(),
            threads: AtomicUsize::new(0),
        }
    }

    /// Returns the names of the labels.
    pub(crate) fn names(&self) -> [&'static str; N] {
        self.series.names
    }

    /// Returns the number of series.
    pub(crate) fn series(&self) -> usize {
        self.series.count
    }

    /// Returns the values of every series once, in random order.
    pub(crate) fn all(&self) -> &'static [[&'static str; N]] {
        self.values().series
    }

    /// Returns the values for one thread, a cyclic sequence in the order of use.
    ///
    /// The texts are contiguous in memory in this order, as if just received. Each thread of a
    /// measurement gets a copy of its own, so that threads share no cache line of them.
    pub(crate) fn of_thread(&self) -> Sequence<N> {
        let thread = self.threads.fetch_add(1, Relaxed);
        Sequence(self.values().copies[thread % COPIES])
    }

    fn values(&self) -> &Values<N> {
        self.values.get_or_init(|| {
            let mut random = Random::new();
            let mut series: Vec<_> = (0..self.series.count).map(self.series.values).collect();
            let distinct: BTreeSet<_> = series.iter().collect();
            assert_eq!(distinct.len(), series.len(), "all series are distinct");
            for value in series.iter().flatten() {
                assert!(
                    self.series.lengths.contains(&value.len()),
                    "length of {value}"
                );
            }
            random.shuffle(&mut series);
            let length = series.len().next_power_of_two().max(LEAST);
            let order = self.order.numbers(series.len(), length, &mut random);
            Values {
                series: contiguous(series.iter()),
                copies: std::array::from_fn(|_| {
                    contiguous(order.iter().map(|number| &series[*number]))
                }),
            }
        })
    }
}

/// The label values of one thread's recordings.
#[derive(Clone, Copy)]
pub(crate) struct Sequence<const N: usize>(&'static [[&'static str; N]]);

impl<const N: usize> Sequence<N> {
    #[inline(always)]
    pub(crate) fn at(self, index: usize) -> &'static [&'static str; N] {
        // The length is a power of two.
        &self.0[index & (self.0.len() - 1)]
    }
}

/// Copies label sets to contiguous memory, which is never freed.
fn contiguous<'a, const N: usize>(
    sets: impl Iterator<Item = &'a [String; N]> + Clone,
) -> &'static [[&'static str; N]] {
    let mut rest: &'static str = sets
        .clone()
        .flatten()
        .map(String::as_str)
        .collect::<String>()
        .leak();
    let labels: Vec<_> = sets
        .map(|values| {
            values.each_ref().map(|value| {
                let (text, after) = rest.split_at(value.len());
                rest = after;
                text
            })
        })
        .collect();
    labels.leak()
}

/// The largest number of threads in a measurement.
const COPIES: usize = 4;

/// The least number of label sets in a sequence: a power of two.
const LEAST: usize = 4096;
