//! Detects at compile time whether a function can return an error, and whether it returns a boxed
//! future or stream, and at run time whether a returned value is an error.
//!
//! The macros do not see through type aliases; the compiler does. An inherent item takes precedence
//! over a trait's item of the same name, so `TypeProbe::<T>::FALLIBLE` is the inherent constant if
//! `T` is a `Result`, and the trait's otherwise. `ValueProbe(&value).is_error()` selects its method
//! in the same way.

use std::marker::PhantomData;

/// Tells whether the type `T` is a `Result`, and whether it is a boxed future or stream.
///
/// The module `boxed` defines the constants for boxed futures and streams. These are fallible if
/// the output or the items are a `Result`.
#[derive(Debug)]
pub struct TypeProbe<T: ?Sized>(PhantomData<T>);

impl<T, E> TypeProbe<Result<T, E>> {
    /// True: the probed type is a `Result`.
    pub const FALLIBLE: bool = true;
}

/// [`TypeProbe`] for types that are not a `Result`, or not a boxed future or stream.
pub trait TypeProbeFallback {
    /// False: the probed type is not a `Result`.
    const FALLIBLE: bool = false;

    /// False: the probed type is not a boxed future or stream.
    const IS_ASYNC: bool = false;
}

impl<T: ?Sized> TypeProbeFallback for TypeProbe<T> {}

/// Tells whether a value is an `Err`.
#[derive(Debug)]
pub struct ValueProbe<'a, T>(pub &'a T);

impl<T, E> ValueProbe<'_, Result<T, E>> {
    /// Whether the `Result` is an `Err`.
    #[inline(always)]
    pub fn is_error(&self) -> bool {
        self.0.is_err()
    }
}

/// [`ValueProbe`] for values that are not a `Result`.
pub trait ValueProbeFallback {
    /// False: the value is not a `Result`.
    #[inline(always)]
    fn is_error(&self) -> bool {
        false
    }
}

impl<T> ValueProbeFallback for ValueProbe<'_, T> {}

/// Makes the compiler report that the type of a value is not known where the value is read.
///
/// The code in `measure!` has no declared type. Without this, [`ValueProbe`] would take a type that
/// the compiler infers only from later code for a `Result`.
pub trait Inferred {
    /// Returns the value.
    #[inline(always)]
    fn __inferred(&self) -> &Self {
        self
    }
}

impl<T> Inferred for T {}

/// Returns false: the result of a function that cannot fail is never an error.
#[inline(always)]
pub fn never_fails<T: ?Sized>(_: &T) -> bool {
    false
}

/// A return type that the argument `err(...)` can take a label from; implemented by `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no error that `err(...)` could take a label from",
    label = "not a `Result`; take the label from the whole result with `labels(on_return(...))`"
)]
pub trait HasError {
    /// The error type.
    type Error;
    /// The error, if there is one.
    fn error(&self) -> Option<&Self::Error>;
}

impl<T, E> HasError for Result<T, E> {
    type Error = E;

    fn error(&self) -> Option<&E> {
        self.as_ref().err()
    }
}

/// The error of a `Result`, if there is one.
#[inline(always)]
pub fn error_of<T: HasError>(result: &T) -> Option<&T::Error> {
    result.error()
}
