//! Parses the input of the macros into the types of `model`, which are described there.
//!
//! A parser reports what is not in the grammar, at the token at fault. Where possible, it then
//! continues, so that one compiler run shows several errors. Whether arguments fit each other is
//! checked in `model`, except the arguments of one `slo(...)` or `#[label(...)]`, which this module
//! checks.

mod args;
mod attributes;
mod buckets;
mod container;
mod declaration;
mod derive;
mod function;
mod grammar;
mod header;
mod item;
mod labels;
mod measured;
mod member;
mod metric_attrs;
mod metric_type;
mod slo;
mod spelling;
mod text;
mod type_name;

pub(crate) use self::{
    args::args,
    attributes::{attributes, moved_attributes, own_attribute, renamed_attribute},
    declaration::declarations,
    derive::derive_item,
    grammar::crate_path,
    item::item,
    measured::measured,
};
