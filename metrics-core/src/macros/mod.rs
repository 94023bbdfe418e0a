//! The macros, with their reference documentation.
//!
//! `metrics!` and `measure!` are `macro_rules!` macros, which pass `$crate` and their input to
//! procedural macros. The attributes and derives are re-exported from metrics-macros.

mod declare;
mod derives;
mod functions;
mod measure;

#[doc(hidden)]
pub use self::{declare::__declare, measure::__measure};
pub use self::{
    derives::{Label, Labels},
    functions::{counted, in_flight, timed},
};

/// The attributes and function-like macros; under `--cfg metrics_off`, variants whose metrics record nothing.
#[cfg(not(metrics_off))]
use metrics_macros as enabled;
#[cfg(metrics_off)]
mod enabled {
    pub use metrics_macros::{
        off_counted as counted, off_declare as declare, off_in_flight as in_flight,
        off_measure as measure, off_timed as timed,
    };
}

/// Registers a metric or a collector at link time.
#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "linkme"))]
macro_rules! __register {
    ($registration:expr) => {
        $crate::__private::inventory::submit! { $registration }
    };
}

/// Registers a metric or a collector at link time, in `linkme`'s linker section.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "linkme")]
macro_rules! __register {
    ($registration:expr) => {
        #[$crate::__private::linkme::distributed_slice($crate::__private::REGISTRATIONS)]
        #[linkme(crate = $crate::__private::linkme)]
        static __REGISTRATION: $crate::__private::Registration = $registration;
    };
}
