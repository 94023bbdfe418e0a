//! Passes what a program records through another metrics library, the crate `metrics`, to a
//! [`Registry`](metrics_core::Registry).

mod facade;

pub use self::facade::{FacadeBuilder, FacadeRecorder};
