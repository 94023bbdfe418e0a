//! [`Declares`]: tells whether a type satisfies the bounds of the `impl Trait` that a function
//! declares as its return type.
//!
//! A future may be replaced by a tracked one only if the caller cannot tell the difference. The
//! caller knows the bounds of `impl Trait`, so these must hold for the tracked future as well. The
//! expansion turns the bounds into an implementation of [`Declares`].

/// Implemented by a type that represents the bounds of an `impl Trait`, for each `T` that satisfies
/// the bounds.
pub trait Declares<T> {}

/// Represents bounds that every tracked future or stream satisfies.
#[derive(Debug)]
pub enum AnyDeclared {}

impl<T> Declares<T> for AnyDeclared {}

/// Represents a return type that is not `impl Trait`, and bounds that the expansion cannot name.
#[derive(Debug)]
pub enum Undeclared {}
