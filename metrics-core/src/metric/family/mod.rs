//! A metric family: its description, its series, and where their values are stored.
//!
//! [`Family`] is composed of parts that each have a file: series whose label values are known at
//! compile time (`closed.rs`), series with other labels (`open.rs`), and exemplars
//! (`metric/exemplars.rs`). Its methods are split by task: looking series up, replacing all of them,
//! writing them to a [`Sink`](crate::sample::sink::Sink), and registration by the first recording.
//! Every metric type, the function attributes and the registry use `Family`.

mod closed;
mod definition;
#[cfg(metrics_off)]
pub(crate) mod disabled;
mod expose;
mod family_ref;
mod first_use;
mod lookup;
mod open;
mod overflow;
mod overflows;
mod replace;

pub use definition::Family;
pub(crate) use family_ref::FamilyRef;
pub(crate) use first_use::registered_on_first_use;
pub use open::DEFAULT_MAX_SERIES;
pub use replace::{CellValue, Replacement};
