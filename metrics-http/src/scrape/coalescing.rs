//! Scrape coalescing: identical scrapes that arrive at the same time share one encoding.
//!
//! The first scrape is the leader, which encodes. Its client receives chunks of the exposition as
//! they are written. Followers wait until the encoding is complete, which takes a few milliseconds
//! unless a collector is slow, and then send the same chunks, so that no client depends on how fast
//! another one reads. An exposition above [`MAX_SHARED_BYTES`] is not shared, and each follower
//! encodes its own; nor is one for which [`MAX_KEPT_BYTES`] leave no room, because clients that do
//! not read keep the chunks of theirs in memory.

use std::{
    collections::VecDeque,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use hyper::body::Bytes;
use tokio::sync::watch;

use super::{confirmations::SharedDelivery, pipe::Tee};

/// The encodings in progress, by key.
pub(super) struct Coalescer<K>(Arc<Inner<K>>);

struct Inner<K> {
    in_progress: Mutex<Vec<(K, Outcomes)>>,
    kept: Arc<KeptBytes>,
}

type Outcomes = watch::Receiver<Option<Outcome>>;

/// How the leader's encoding ended.
#[derive(Clone)]
enum Outcome {
    Complete(VecDeque<Bytes>, SharedDelivery),
    NotShared,
    /// Collectors failed, so that the scrapes are answered with this text instead.
    Failed(Arc<str>),
}

/// How a scrape gets its exposition.
pub(super) enum Role<K: PartialEq> {
    /// Encode, and share the result.
    Leader(Leader<K>),
    /// Send the chunks that the leader encoded.
    Follower(VecDeque<Bytes>, SharedDelivery),
    /// Encode without sharing, because the leader's exposition was not kept.
    Alone,
    /// Answer with this text, because collectors failed.
    Failed(Arc<str>),
}

impl<K> Clone for Coalescer<K> {
    fn clone(&self) -> Self {
        Coalescer(Arc::clone(&self.0))
    }
}

impl<K: PartialEq + Clone> Coalescer<K> {
    pub(super) fn new() -> Self {
        Coalescer(Arc::new(Inner {
            in_progress: Mutex::default(),
            kept: Arc::default(),
        }))
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
                Ok(Some(Outcome::Failed(text))) => return Role::Failed(Arc::clone(text)),
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
        let in_progress = self.0.in_progress.lock();
        in_progress.unwrap_or_else(PoisonError::into_inner)
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

    /// Ends the encoding before it has begun, because collectors failed.
    pub(super) fn fail(self, text: Arc<str>) {
        self.outcome.send_replace(Some(Outcome::Failed(text)));
    }
}

impl<K: PartialEq + Send> Tee for Leader<K> {
    fn accept(&mut self, content: Vec<u8>) -> (Bytes, bool) {
        self.bytes += content.len();
        let kept = if self.bytes <= MAX_SHARED_BYTES {
            KeptChunk::new(content, &self.coalescer.0.kept)
        } else {
            Err(content)
        };
        match kept {
            Ok(chunk) => {
                let chunk = Bytes::from_owner(chunk);
                self.chunks.push_back(chunk.clone());
                (chunk, true)
            }
            Err(content) => {
                self.outcome.send_replace(Some(Outcome::NotShared));
                (content.into(), false)
            }
        }
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

/// The memory of all chunks that are kept for followers, or that clients have not read yet.
#[derive(Default)]
struct KeptBytes(AtomicUsize);

/// A chunk whose memory is counted until the last copy is dropped.
struct KeptChunk {
    content: Vec<u8>,
    counted: usize,
    kept: Arc<KeptBytes>,
}

impl KeptChunk {
    /// Returns the content if there is no room for it.
    fn new(content: Vec<u8>, kept: &Arc<KeptBytes>) -> Result<KeptChunk, Vec<u8>> {
        let counted = content.capacity();
        let add = |bytes| Some(bytes + counted).filter(|sum| *sum <= MAX_KEPT_BYTES);
        let (set, read) = (Ordering::Relaxed, Ordering::Relaxed);
        match kept.0.fetch_update(set, read, add) {
            Ok(_) => Ok(KeptChunk {
                content,
                counted,
                kept: Arc::clone(kept),
            }),
            Err(_) => Err(content),
        }
    }
}

impl AsRef<[u8]> for KeptChunk {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

impl Drop for KeptChunk {
    fn drop(&mut self) {
        self.kept.0.fetch_sub(self.counted, Ordering::Relaxed);
    }
}

const MAX_SHARED_BYTES: usize = 1 << 20;
/// Limit on the memory of the chunks of all expositions that are or could be shared.
const MAX_KEPT_BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn leader(coalescer: &Coalescer<u8>, key: u8) -> Leader<u8> {
        let leader = coalescer.lead(&key);
        leader.unwrap_or_else(|_| panic!("`{key}` has a leader"))
    }

    fn chunk() -> Vec<u8> {
        vec![0; 64 << 10]
    }

    fn kept(coalescer: &Coalescer<u8>) -> usize {
        coalescer.0.kept.0.load(Ordering::Relaxed)
    }

    #[test]
    fn chunks_count_until_the_last_copy_is_dropped() {
        let coalescer = Coalescer::new();
        let mut leader = leader(&coalescer, 0);
        let (chunk, is_kept) = leader.accept(chunk());
        assert!(is_kept);
        drop(leader);
        assert_eq!(kept(&coalescer), chunk.len());
        drop(chunk);
        assert_eq!(kept(&coalescer), 0);
    }

    #[test]
    fn an_exposition_above_the_limit_is_not_shared() {
        let coalescer = Coalescer::new();
        let mut leader = leader(&coalescer, 0);
        for _ in 0..MAX_SHARED_BYTES / chunk().len() {
            assert!(leader.accept(chunk()).1);
        }
        assert!(!leader.accept(chunk()).1);
    }

    #[test]
    fn expositions_are_shared_as_long_as_there_is_memory_for_their_chunks() {
        let coalescer = Coalescer::new();
        let mut unread = Vec::new();
        for key in 0..=u8::MAX {
            let mut leader = leader(&coalescer, key);
            while leader.bytes < MAX_SHARED_BYTES {
                match leader.accept(chunk()) {
                    (chunk, true) => unread.push(chunk),
                    (_, false) => break,
                }
            }
        }
        assert_eq!(kept(&coalescer), MAX_KEPT_BYTES);
        drop(unread);
        assert_eq!(kept(&coalescer), 0);
        assert!(leader(&coalescer, 0).accept(chunk()).1);
    }
}
