//! The description of a metric: name, type, unit, labels, buckets, objectives, source location.
//!
//! The lowest layer, which all others use; it imports no other one. Names, units and bounds are
//! checked by `const` functions, so that an invalid declaration does not compile.

pub(crate) mod allow_list;
pub(crate) mod bucket_table;
pub(crate) mod buckets;
pub(crate) mod const_text;
mod decimal;
pub(crate) mod desc;
pub(crate) mod displayed;
pub(crate) mod error;
pub(crate) mod escaping;
pub(crate) mod flattened;
pub(crate) mod kind;
pub(crate) mod label;
pub(crate) mod label_values;
pub(crate) mod name;
pub(crate) mod objective;
mod option_label;
pub(crate) mod source_location;
pub(crate) mod subject;
