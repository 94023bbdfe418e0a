//! [`Outcome`]: how a call of an instrumented function ended.

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The call returned a value that is not an error.
    Ok,
    /// The call returned an error.
    Error,
    /// The call panicked.
    Panic,
    /// The call's future or stream was dropped before it ended.
    Cancelled,
}
