//! Models of the windows from which a summary's quantiles are estimated, while scrapes read them.

#![allow(clippy::float_cmp, reason = "the observations are exact")]

use std::sync::{Arc, atomic::Ordering};

use crate::{
    run::{check, join, spawn},
    storage::{
        Region,
        histogram_block::Sum,
        layout::Layout,
        observe,
        quantiles::{
            page::RANGES,
            record::{self, Spare},
        },
        sync,
    },
};

const LAYOUT: Layout = Layout::Histogram {
    buckets: 1,
    sum: Sum::Float,
    native: None,
    has_quantiles: true,
};

/// A reading of the clock with which pages are found again.
const SECOND: u64 = 1;

/// Records an observation as a summary does.
fn record(region: &Region, value: f64) {
    let bits = value.to_bits();
    let mut spare = Spare::default();
    let mut is_counted = false;
    let mut record = |spare: &mut Spare| {
        region.record_closed(0, None, |cells| {
            is_counted = record::observe(cells, bits, SECOND)
                || record::observe_slowly(cells, bits, SECOND, spare);
            if is_counted {
                observe(cells, 0, Sum::Float, bits);
            }
        });
        is_counted
    };
    if !record(&mut spare) {
        spare.fill();
        assert!(record(&mut spare));
    }
}

/// The number of observations in the window, and the smallest and the largest one.
fn read(region: &Region) -> (u64, f64, f64) {
    let (mut count, mut min, mut max) = (0, f64::INFINITY, 0.0_f64);
    let is_complete = region.read_window(0, &mut |page| {
        let mut counts = [0; RANGES];
        let bounds = page.add_counts(&mut counts).map(f64::from_bits);
        count += counts.iter().sum::<u64>();
        min = min.min(bounds[0]);
        max = max.max(bounds[1]);
        true
    });
    assert!(is_complete);
    (count, min, max)
}

fn shared() -> Arc<Region> {
    Arc::new(Region::single(LAYOUT))
}

pub fn a_scrape_sees_observations_with_their_bounds() {
    check(3, || {
        let region = shared();
        let recorder = spawn({
            let region = Arc::clone(&region);
            move || {
                record(&region, 1.0);
                record(&region, 1.25);
            }
        });
        let (count, min, max) = read(&region);
        match count {
            0 => {}
            1 => assert!(min == 1.0 && (max == 1.0 || max == 1.25), "{min}, {max}"),
            _ => assert_eq!((count, min, max), (2, 1.0, 1.25)),
        }
        join([recorder]);
        assert_eq!(read(&region), (2, 1.0, 1.25));
    });
}

pub fn a_scrape_reads_each_observation_once_while_pages_are_added() {
    check(2, || {
        let region = shared();
        let recorder = spawn({
            let region = Arc::clone(&region);
            move || {
                // Two lists, one of them with two pages.
                for value in [1.0, 2.0, 4.0] {
                    record(&region, value);
                }
            }
        });
        let (first, ..) = read(&region);
        let (second, ..) = read(&region);
        assert!(first <= second && second <= 3, "{first}, {second}");
        join([recorder]);
        assert_eq!(read(&region), (3, 1.0, 4.0));
    });
}

pub fn observations_of_ending_threads_are_read_once() {
    check(2, || {
        let region = shared();
        let threads = [1.0, 1.25].map(|value| {
            let region = Arc::clone(&region);
            spawn(move || record(&region, value))
        });
        let (first, ..) = read(&region);
        let (second, ..) = read(&region);
        assert!(first <= second && second <= 2, "{first}, {second}");
        join(threads);
        assert_eq!(read(&region), (2, 1.0, 1.25));
    });
}

pub fn late_observations_of_two_threads_are_counted() {
    check(2, || {
        let region = shared();
        let recorder = spawn({
            let region = Arc::clone(&region);
            move || {
                record(&region, 1.0);
                sync::end_thread();
                record(&region, 4.0);
            }
        });
        sync::end_thread();
        record(&region, 1.25);
        join([recorder]);
        assert_eq!(read(&region), (3, 1.0, 4.0));
    });
}

pub fn observations_do_not_count_for_the_next_series_in_the_place() {
    check(2, || {
        let region = Arc::new(Region::open(LAYOUT, 1, 1));
        region.claim_first(0, 1);
        let record = |region: &Region, generation, value: f64| {
            let bits = value.to_bits();
            region.record_open(0, generation, |cells| {
                let _ = record::observe_slowly(cells, bits, SECOND, &mut Spare::default());
            });
        };
        let is_claimed = Arc::new(sync::AtomicBool::new(false));
        let other = spawn({
            let (region, is_claimed) = (Arc::clone(&region), Arc::clone(&is_claimed));
            move || {
                record(&region, 1, 1.0);
                if is_claimed.load(Ordering::Acquire) {
                    record(&region, 2, 2.0);
                }
            }
        });
        region.claim(0, 2);
        is_claimed.store(true, Ordering::Release);
        let (count, min, _) = read(&region);
        assert!(count == 0 || min == 2.0, "{count}, {min}");
        join([other]);
        let (count, min, _) = read(&region);
        assert!(count == 0 || min == 2.0, "{count}, {min}");
    });
}
