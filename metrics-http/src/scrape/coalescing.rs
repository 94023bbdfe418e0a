//! Scrape coalescing: identical scrapes that arrive at the same time share one encoding.
//!
//! The first scrape is the leader, which encodes. Its client receives chunks of the exposition as
//! they are written. Followers wait until the encoding is complete, which takes a few milliseconds
//! unless a collector is slow, and then send the same chunks, so that no client depends on how fast
//! another one reads. An exposition above [`MAX_SHARED_BYTES`] is not shared, and each follower
//! encodes its own.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hyper::body::Bytes;
use tokio::sync::watch;

use super::{delivery::SharedDelivery, pipe::Tee};

/// The encodings in progress, by key.
pub(super) struct Coalescer<K>(Arc<Mutex<Vec<(K, Outcomes)>>>);

type Outcomes = watch::Receiver<Option<Outcome>>;

/// How the leader's encoding ended.
#[derive(Clone)]
enum Outcome {
    Complete(VecDeque<Bytes>, SharedDelivery),
    TooLarge,
}

/// How a scrape gets its exposition.
pub(super) enum Role<K: PartialEq> {
    /// Encode, and share the result.
    Leader(Leader<K>),
    /// Send the chunks that the leader encoded.
    Follower(VecDeque<Bytes>, SharedDelivery),
    /// Encode without sharing, because the leader's exposition was too large.
    Alone,
}

impl<K> Clone for Coalescer<K> {
    fn clone(&self) -> Self {
        Coalescer(Arc::clone(&self.0))
    }
}

impl<K: PartialEq + Clone> Coalescer<K> {
    pub(super) fn new() -> Self {
        Coalescer(Arc::default())
    }

    /// Waits for the encoding in progress for `key`; becomes the leader if there is none.
    pub(super) async fn join(&self, key: K) -> Role<K> {
        loop {
            let mut outcomes = match self.lead(&key) {
                Ok(leader) => return Role::Leader(leader),
                Err(outcomes) => outcomes,
            };
            match outcomes.wait_for(Option::is_some).await.as_deref() {
                Ok(Some(Outcome::Complete(chunks, delivery))) => {
                    return Role::Follower(chunks.clone(), delivery.clone());
                }
                Ok(_) => return Role::Alone,
                // The leader was dropped, perhaps because its client went away, so the loop elects
                // another.
                Err(_) => {}
            }
        }
    }

    /// Becomes the leader for `key`, or returns the outcome receiver of the current leader.
    fn lead(&self, key: &K) -> Result<Leader<K>, Outcomes> {
        let mut in_progress = self.lock();
        if let Some((_, outcomes)) = in_progress.iter().find(|(other, _)| other == key) {
            return Err(outcomes.clone());
        }
        let (sender, receiver) = watch::channel(None);
        in_progress.push((key.clone(), receiver));
        drop(in_progress);
        Ok(Leader {
            coalescer: self.clone(),
            key: key.clone(),
            outcome: sender,
            chunks: VecDeque::new(),
            bytes: 0,
            delivery: SharedDelivery::default(),
        })
    }
}

impl<K> Coalescer<K> {
    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, Vec<(K, Outcomes)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Collects the chunks of one encoding for its followers.
///
/// A dropped leader gives up the key, so that the next scrape or a waiting follower can lead.
pub(super) struct Leader<K: PartialEq> {
    coalescer: Coalescer<K>,
    key: K,
    outcome: watch::Sender<Option<Outcome>>,
    chunks: VecDeque<Bytes>,
    bytes: usize,
    delivery: SharedDelivery,
}

impl<K: PartialEq> Leader<K> {
    /// The delivery of the encoding, which followers confirm too.
    pub(super) fn delivery(&self) -> &SharedDelivery {
        &self.delivery
    }
}

impl<K: PartialEq + Send> Tee for Leader<K> {
    fn accept(&mut self, chunk: &Bytes) -> bool {
        self.bytes += chunk.len();
        if self.bytes > MAX_SHARED_BYTES {
            self.outcome.send_replace(Some(Outcome::TooLarge));
            return false;
        }
        self.chunks.push_back(chunk.clone());
        true
    }

    fn complete(mut self: Box<Self>) {
        let chunks = mem::take(&mut self.chunks);
        let outcome = Outcome::Complete(chunks, self.delivery.clone());
        self.outcome.send_replace(Some(outcome));
    }
}

impl<K: PartialEq> Drop for Leader<K> {
    fn drop(&mut self) {
        let key = &self.key;
        self.coalescer.lock().retain(|(other, _)| other != key);
    }
}

const MAX_SHARED_BYTES: usize = 1 << 20;
