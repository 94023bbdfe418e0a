//! Tests that expansions do not use the prelude, which this crate does not have.

#![no_implicit_prelude]

use ::metrics_core::{Format, Label, Labels, counted, encode_to_string, in_flight, metrics, timed};

#[path = "../../shapes.rs"]
pub mod shapes;
