//! [`Anchored`]: references to parts of a value, together with a reference that keeps the value
//! alive. Handles find the storage of their series through them without a look-up.

#![allow(unsafe_code, reason = "keeps addresses of parts of a value")]

use std::{ops::Deref, ptr::NonNull, sync::Arc};

/// A reference to a value in a static, or to one that the program creates while it runs.
#[derive(Debug)]
pub(crate) enum OwnerRef<T: 'static> {
    Declared(&'static T),
    Dynamic(Arc<T>),
}

impl<T> Clone for OwnerRef<T> {
    fn clone(&self) -> Self {
        match self {
            OwnerRef::Declared(value) => OwnerRef::Declared(value),
            OwnerRef::Dynamic(value) => OwnerRef::Dynamic(Arc::clone(value)),
        }
    }
}

impl<T> Deref for OwnerRef<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match self {
            OwnerRef::Declared(value) => value,
            OwnerRef::Dynamic(value) => value,
        }
    }
}

/// References to an `A`, if there is one, and to a `B`, which are parts of a `T`, and a reference to
/// that value.
#[derive(Debug)]
pub(crate) struct Anchored<T: 'static, A, B> {
    first: Option<NonNull<A>>,
    second: NonNull<B>,
    /// Not handed out by value, so that the value lives as long as this struct, and that nothing
    /// else gets a mutable reference to it.
    owner: OwnerRef<T>,
}

impl<T, A, B> Anchored<T, A, B> {
    /// Keeps the parts of `owner` that `find` returns.
    pub(crate) fn new(
        owner: OwnerRef<T>,
        find: impl for<'a> FnOnce(&'a T) -> (Option<&'a A>, &'a B),
    ) -> Self {
        let (first, second) = find(&owner);
        Anchored {
            first: first.map(NonNull::from),
            second: NonNull::from(second),
            owner,
        }
    }

    #[inline(always)]
    pub(crate) fn owner(&self) -> &T {
        &self.owner
    }

    #[inline(always)]
    pub(crate) fn parts(&self) -> (Option<&A>, &B) {
        // SAFETY: `find` accepted a borrow of the value of any length, so the references that it
        // returned are valid for as long as the value is borrowed. A value in a static is borrowed
        // for ever, and one in an `Arc` neither moves nor is borrowed mutably while `owner` holds a
        // reference to it, which is until `self` is dropped.
        let first = self.first.map(|first| unsafe { first.as_ref() });
        // SAFETY: as above.
        let second = unsafe { self.second.as_ref() };
        (first, second)
    }
}

impl<T, A, B> Clone for Anchored<T, A, B> {
    fn clone(&self) -> Self {
        Anchored {
            first: self.first,
            second: self.second,
            owner: self.owner.clone(),
        }
    }
}

// SAFETY: `Anchored` acts as an `Arc<T>` (or a `&'static T`), a `&A` and a `&B`.
unsafe impl<T: Send + Sync, A: Sync, B: Sync> Send for Anchored<T, A, B> {}

// SAFETY: as for `Send`.
unsafe impl<T: Send + Sync, A: Sync, B: Sync> Sync for Anchored<T, A, B> {}
