//! A naive model of native buckets, and functions that compare histograms with the model.

use std::collections::BTreeMap;

use metrics_core::{HistogramSnapshot, NativeHistogramSnapshot};

/// Returns the bucket index of a positive value.
///
/// Rounding may give a wrong index to a value at or next to a bound that is not a power of two.
pub(crate) fn index(value: f64, schema: i32) -> i32 {
    let exponent = (-1074..1024)
        .find(|exponent| value <= power(*exponent))
        .unwrap_or(1024);
    if schema <= 0 {
        return -(-exponent).div_euclid(1 << -schema);
    }
    let buckets = 1 << schema;
    let fraction = value / power(exponent - 1);
    let within = (1..=buckets)
        .find(|k| fraction <= (f64::from(*k) / f64::from(buckets)).exp2())
        .unwrap_or(buckets);
    (exponent - 1) * buckets + within
}

/// Returns two to this power exactly, also where `powi` would round.
pub(crate) fn power(exponent: i32) -> f64 {
    if exponent < -1022 {
        f64::from_bits(1 << (exponent + 1074))
    } else {
        2_f64.powi(exponent)
    }
}

pub(crate) type Buckets = BTreeMap<i32, u64>;

/// Sorts values into the zero count, the positive buckets and the negative buckets.
pub(crate) fn sort_into_buckets(
    values: &[f64],
    schema: i32,
    zero_threshold: f64,
) -> (u64, Buckets, Buckets) {
    let (mut zero, mut positive, mut negative) = (0, Buckets::new(), Buckets::new());
    for value in values {
        if value.abs() <= zero_threshold {
            zero += 1;
        } else {
            let side = if *value < 0.0 {
                &mut negative
            } else {
                &mut positive
            };
            *side.entry(index(value.abs(), schema)).or_default() += 1;
        }
    }
    (zero, positive, negative)
}

#[track_caller]
pub(crate) fn assert_buckets(native: &NativeHistogramSnapshot, values: &[f64]) {
    let (zero, positive, negative) =
        sort_into_buckets(values, native.schema, native.zero_threshold);
    assert_eq!(native.zero_count, zero);
    assert_eq!(native.positive, Vec::from_iter(positive));
    assert_eq!(native.negative, Vec::from_iter(negative));
}

#[track_caller]
pub(crate) fn native(state: &HistogramSnapshot) -> &NativeHistogramSnapshot {
    let native = state.native.as_ref().expect("the histogram is native");
    let sides = native.positive.iter().chain(&native.negative);
    let total = native.zero_count + sides.map(|(_, count)| count).sum::<u64>();
    assert_eq!(total, state.count, "{state:?}");
    assert_eq!(
        total,
        state.buckets.iter().map(|(_, count)| count).sum::<u64>()
    );
    native
}
