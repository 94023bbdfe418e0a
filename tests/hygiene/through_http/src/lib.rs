//! Expansions refer to the crate that re-exports the macros.

use metrics_http::{Format, Label, Labels, counted, encode_to_string, in_flight, metrics, timed};

#[path = "../../shapes.rs"]
pub mod shapes;
