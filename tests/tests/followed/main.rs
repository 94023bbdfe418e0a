//! Tests calls of functions that return a future or a stream of any type.

#![allow(
    clippy::double_must_use,
    clippy::elidable_lifetime_names,
    clippy::unnecessary_wraps,
    clippy::unused_async,
    reason = "signatures are written out in every way that there is"
)]

mod futures;
mod outputs;
mod stated;
mod streams;
mod support;
mod values;
