//! Tests of `#[counted]`, `#[timed]` and `#[in_flight]` on functions that are not `async`.

#![allow(
    clippy::needless_lifetimes,
    clippy::elidable_lifetime_names,
    clippy::double_must_use,
    reason = "signatures are written out in every way that there is"
)]

mod families;
mod functions;
mod outcomes;
