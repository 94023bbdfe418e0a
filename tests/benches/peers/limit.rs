//! The least code that could do it, with nothing around that would make it visible.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use crate::support::{Column, Row, Standing, Table, inputs};

pub(crate) fn enter(table: &mut Table) {
    table.enter(Row::Counter, LIMIT, || |_| CELL.with(|cell| add(cell, 1)));

    table.enter(Row::ClosedLabels, LIMIT, || {
        let pairs = inputs::pairs([0, 1, 2, 3], [0, 1, 2, 3, 4, 5_u8]);
        move |index| {
            let (kind, outcome) = pairs.at(index);
            let cell = usize::from(kind * 6 + outcome);
            CELLS.with(|cells| add(&cells[cell], 1));
        }
    });

    table.enter(Row::Histogram, LIMIT, || {
        let (values, bounds) = (inputs::values(), inputs::bounds());
        move |index| {
            let value = values.at(index);
            let bucket = bounds.partition_point(|bound| *bound < value);
            BUCKETS.with(|buckets| add(&buckets[bucket], 1));
            SUM.with(|sum| {
                let total = f64::from_bits(sum.load(Relaxed)) + value;
                sum.store(total.to_bits(), Relaxed);
            });
        }
    });

    table.enter(Row::Counted, LIMIT, || {
        |index| {
            black_box(counted(index));
        }
    });
    table.enter(Row::Timed, LIMIT, || {
        |index| {
            black_box(timed(index));
        }
    });
}

#[inline(never)]
fn counted(input: usize) -> usize {
    CELL.with(|cell| add(cell, 1));
    input
}

#[inline(never)]
fn timed(input: usize) -> usize {
    let begun = Instant::now();
    let output = black_box(input);
    let time = begun.elapsed();
    SUM.with(|sum| add(sum, u64::from(time.subsec_nanos())));
    output
}

/// What one writer needs: no other thread stores here.
fn add(cell: &AtomicU64, amount: u64) {
    cell.store(cell.load(Relaxed) + amount, Relaxed);
}

thread_local! {
    static CELL: AtomicU64 = const { AtomicU64::new(0) };
    static CELLS: [AtomicU64; 24] = const { [const { AtomicU64::new(0) }; 24] };
    static BUCKETS: [AtomicU64; 15] = const { [const { AtomicU64::new(0) }; 15] };
    static SUM: AtomicU64 = const { AtomicU64::new(0) };
}

const LIMIT: Column = Column {
    name: "LIMIT",
    package: None,
    standing: Standing::Limit,
};
