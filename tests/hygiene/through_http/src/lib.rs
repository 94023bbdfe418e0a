//! Expansions use the crate through which the macros are reached.

use metrics_http::{Format, Label, Labels, counted, encode_to_string, in_flight, metrics, timed};

#[path = "../../shapes.rs"]
pub mod shapes;
