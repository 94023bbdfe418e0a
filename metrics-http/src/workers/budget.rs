//! [`Budget`]: a limit on the memory of bodies that are cached or being sent.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Limits the memory of all bodies that are in memory at the same time.
///
/// A body counts until its last reference is dropped: usually in a cache, or in the connection of a
/// client that has not read it yet.
#[derive(Clone)]
pub(crate) struct Budget {
    /// One permit per KiB.
    free: Arc<Semaphore>,
    total: u32,
}

/// A body that returns its permits when it is dropped.
struct Held {
    content: Box<[u8]>,
    _permit: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

impl Budget {
    pub(crate) fn new(kibibytes: u32) -> Budget {
        Budget {
            free: Arc::new(Semaphore::new(kibibytes as usize)),
            total: kibibytes,
        }
    }

    /// A body that counts towards the budget, or `content` itself if not enough is left.
    ///
    /// A body that is larger than the whole budget can be held while there is no other.
    pub(crate) fn hold(&self, content: Vec<u8>) -> Result<Bytes, Vec<u8>> {
        let kibibytes = u32::try_from(content.len().div_ceil(1024)).unwrap_or(u32::MAX);
        let permits = kibibytes.min(self.total);
        match Arc::clone(&self.free).try_acquire_many_owned(permits) {
            Ok(permit) => Ok(Bytes::from_owner(Held {
                content: content.into_boxed_slice(),
                _permit: permit,
            })),
            Err(_) => Err(content),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_counts_until_its_last_clone_is_dropped() {
        let budget = Budget::new(10);
        let first = budget.hold(vec![1; 6 * 1024]).unwrap();
        let clone = first.clone();
        drop(first);
        assert!(budget.hold(vec![2; 5 * 1024]).is_err());
        assert_eq!(clone.len(), 6 * 1024);
        drop(clone);
        assert!(budget.hold(vec![2; 5 * 1024]).is_ok());
    }

    #[test]
    fn a_body_beyond_the_budget_is_held_alone() {
        let budget = Budget::new(10);
        let large = budget.hold(vec![1; 1024 * 1024]).unwrap();
        assert!(budget.hold(vec![2]).is_err());
        drop(large);
        assert!(budget.hold(vec![2]).is_ok());
    }
}
