//! Remembers logins by their digests, so that a password is hashed once and not for every request.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};

/// A keyed SHA-256 of a user name and a password, or the SHA-256 of a token.
pub(super) type Digest = [u8; 32];

/// A random key of digests.
///
/// With it, a client cannot choose a password by its digest, so that the time of comparing digests
/// tells nothing about remembered passwords.
pub(super) struct CacheKey([u8; 32]);

impl CacheKey {
    /// # Errors
    ///
    /// If the operating system has no random numbers.
    pub(super) fn random() -> Result<CacheKey, String> {
        let mut key = [0; 32];
        match getrandom::fill(&mut key) {
            Ok(()) => Ok(CacheKey(key)),
            Err(error) => Err(format!(
                "authentication needs random numbers of the operating system, which fails: {error}"
            )),
        }
    }

    pub(super) fn digest(&self, login: &[u8]) -> Digest {
        let digest = Sha256::new().chain_update(self.0).chain_update(login);
        digest.finalize().into()
    }
}

/// The logins that were refused last.
///
/// They spare the server hashes for a client that repeats a wrong password. The logins that were
/// accepted are stored elsewhere, so that wrong passwords do not displace them.
#[derive(Default)]
pub(super) struct RefusedLogins(Mutex<Refused>);

#[derive(Default)]
struct Refused {
    digests: HashSet<Digest>,
    /// The same digests, the oldest first.
    order: VecDeque<Digest>,
}

impl RefusedLogins {
    pub(super) fn contains(&self, digest: &Digest) -> bool {
        self.lock().digests.contains(digest)
    }

    /// Adds a login, in place of the oldest one if there are [`MAX_REFUSED`].
    pub(super) fn insert(&self, digest: Digest) {
        let mut refused = self.lock();
        if !refused.digests.insert(digest) {
            return;
        }
        refused.order.push_back(digest);
        if refused.order.len() > MAX_REFUSED
            && let Some(oldest) = refused.order.pop_front()
        {
            refused.digests.remove(&oldest);
        }
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn lock(&self) -> std::sync::MutexGuard<'_, Refused> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About 100 KiB of digests.
const MAX_REFUSED: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: usize) -> Digest {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&number.to_le_bytes());
        digest
    }

    #[test]
    fn the_oldest_refused_login_is_forgotten_first() {
        let refused = RefusedLogins::default();
        for number in 0..=MAX_REFUSED {
            refused.insert(digest(number));
        }
        assert!(!refused.contains(&digest(0)));
        assert!(refused.contains(&digest(1)));
        assert!(refused.contains(&digest(MAX_REFUSED)));
        assert_eq!(refused.lock().digests.len(), MAX_REFUSED);
    }

    #[test]
    fn a_login_that_is_refused_again_takes_no_further_place() {
        let refused = RefusedLogins::default();
        for _ in 0..2 * MAX_REFUSED {
            refused.insert(digest(0));
        }
        assert_eq!(refused.lock().order.len(), 1);
    }

    #[test]
    fn digests_of_different_keys_differ() {
        let (a, b) = (CacheKey::random().unwrap(), CacheKey::random().unwrap());
        assert_eq!(a.digest(b"user:password"), a.digest(b"user:password"));
        assert_ne!(a.digest(b"user:password"), a.digest(b"user:passwore"));
        assert_ne!(a.digest(b"user:password"), b.digest(b"user:password"));
    }
}
