//! [`Slot`]: the value of a macro argument that may be given at most once.

use proc_macro2::Ident;

use super::Errors;

/// The value of an argument, with its key for error messages; empty if the argument is absent.
#[derive(Clone)]
pub(crate) struct Slot<T>(Option<(Ident, T)>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Slot(None)
    }
}

impl<T> Slot<T> {
    /// Fills the slot, or reports a duplicate.
    pub(crate) fn set(&mut self, key: &Ident, value: T, errors: &mut Errors) {
        if self.is_set() {
            errors.at(key, format_args!("duplicate argument `{key}`; remove one"));
        } else {
            self.0 = Some((key.clone(), value));
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, value)| value)
    }

    pub(crate) fn key(&self) -> Option<&Ident> {
        self.0.as_ref().map(|(key, _)| key)
    }

    pub(crate) fn into_inner(self) -> Option<T> {
        self.0.map(|(_, value)| value)
    }
}
