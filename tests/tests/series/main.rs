//! Tests labels whose values are not known at compile time: keys, the cardinality limit, removal,
//! reused storage, and several threads.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

mod adversarial;
mod dynamic;
mod keys;
mod label_code;
mod limit;
mod removal;
mod replacement;
mod support;
mod threads;
mod unique;
