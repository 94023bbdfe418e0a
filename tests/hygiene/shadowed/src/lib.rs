//! Tests that expansions do not use names of the standard library or of `metrics-core` that are in
//! scope, because this crate shadows them.

use ::metrics_core::{Format, Label, Labels, counted, encode_to_string, in_flight, metrics, timed};

macro_rules! shadow_macros {
    ($($name:ident)*) => {$(
        #[allow(unused_macros, reason = "nobody is to use it")]
        macro_rules! $name {
            () => { ::core::compile_error!("shadowed") };
        }
    )*};
}

// The textual scope of these macros includes the module below.
shadow_macros! {
    assert concat file format line matches module_path panic stringify thread_local unreachable vec
}

/// Defines names that an expansion could use by accident. The module below imports them by a glob,
/// which takes precedence over the prelude.
macro_rules! shadow {
    ($($name:ident)*; $($module:ident)*; $($tr:ident)*) => {
        $(pub struct $name;)*
        $(pub mod $module {})*
        $(pub trait $tr {})*
    };
}

shadow! {
    Result Option Some None Ok Err Box Pin String Vec Counter Gauge Histogram Kind Family Site
        Registration Cow LocalKey Outcome Infallible Never Guard Tracked Called;
    std core alloc metrics_core metrics_macros inventory linkme call __private;
    Fn FnOnce FnMut Deref Drop Into From Iterator Send Sync Sized Copy Clone Default Future
        IntoFuture NeverError AsRef
}

#[path = "../../shapes.rs"]
pub mod shapes;
