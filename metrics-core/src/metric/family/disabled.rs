//! The family that all declared metrics share under `--cfg metrics_off`. Nothing is recorded into
//! it.

use crate::{
    describe::{buckets::MAX_BUCKETS, desc::Desc, kind::Kind},
    metric::{family::definition::Family, outcome_rows::OutcomeRows},
    storage::layout::Layout,
};

pub(crate) static DISABLED_FAMILY: Family = Family::new(
    Desc::unchecked(Kind::Unknown, "off", "", ""),
    Layout::Empty,
    OutcomeRows::SINGLE,
    Some(0),
    &[],
    None,
    &[],
);

/// The values of a disabled series. There are enough for a classic histogram of any size.
pub(crate) const ZEROS: [u64; 16 + MAX_BUCKETS] = [0; 16 + MAX_BUCKETS];

/// Whether `family` is the one of disabled metrics.
pub(crate) fn is_disabled(family: &Family) -> bool {
    std::ptr::eq(family, &raw const DISABLED_FAMILY)
}
