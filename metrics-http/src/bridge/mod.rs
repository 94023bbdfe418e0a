//! Bridges from other metrics libraries into a [`Registry`](metrics_core::Registry).

mod facade;

pub use self::facade::{FacadeBuilder, FacadeRecorder};
