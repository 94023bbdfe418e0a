//! Tests that expansions contain no `unsafe` code, which this crate forbids.

#![forbid(unsafe_code)]

use metrics_core::{Format, Label, Labels, counted, encode_to_string, in_flight, metrics, timed};

#[path = "../../shapes.rs"]
pub mod shapes;
