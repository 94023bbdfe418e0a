//! The bridge from another metrics library, the crate `metrics`, into a
//! [`Registry`](metrics_core::Registry).

mod facade;

pub use self::facade::{FacadeBuilder, FacadeRecorder};
