//! Tests that expansions refer to the crate that re-exports the macros, here metrics-http.

use metrics_http::{Format, Label, Labels, counted, encode_to_string, in_flight, metrics, timed};

#[path = "../../shapes.rs"]
pub mod shapes;
