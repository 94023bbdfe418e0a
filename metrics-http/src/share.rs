//! Scrapes that ask for the same at the same time share one encoding.
//!
//! The first leads: it encodes, and its client gets what is done as it is done. The others wait
//! until it has ended, which takes a few milliseconds, and get the same pieces; so none depends on
//! how fast another one reads. What is too long to be kept is shared with nobody: who waited for it
//! encodes it again.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hyper::body::Bytes;
use tokio::sync::watch;

/// What is being encoded now.
pub(crate) struct Running<K>(Arc<Mutex<Vec<(K, Outcomes)>>>);

type Outcomes = watch::Receiver<Option<Outcome>>;

/// How an encoding ended that others wait for.
#[derive(Clone)]
enum Outcome {
    Whole(VecDeque<Bytes>),
    TooLong,
}

/// What is to be done about a scrape.
pub(crate) enum Turn<K: PartialEq> {
    /// To encode it, for all that ask meanwhile.
    Lead(Lead<K>),
    /// To send what another one has encoded.
    Send(VecDeque<Bytes>),
    /// To encode it, for nobody else.
    Alone,
}

impl<K> Clone for Running<K> {
    fn clone(&self) -> Self {
        Running(Arc::clone(&self.0))
    }
}

impl<K: PartialEq> Running<K> {
    pub(crate) fn new() -> Self {
        Running(Arc::default())
    }

    /// Waits for one like this that is running; leads if there is none.
    pub(crate) async fn join(&self, asked: K) -> Turn<K>
    where
        K: Clone,
    {
        loop {
            let mut outcome = match self.enter(&asked) {
                Ok(lead) => return Turn::Lead(lead),
                Err(outcome) => outcome,
            };
            match outcome.wait_for(Option::is_some).await.as_deref() {
                Ok(Some(Outcome::Whole(pieces))) => return Turn::Send(pieces.clone()),
                Ok(_) => return Turn::Alone,
                // It was broken off, by its own client perhaps: another one leads.
                Err(_) => {}
            }
        }
    }

    fn enter(&self, asked: &K) -> Result<Lead<K>, Outcomes>
    where
        K: Clone,
    {
        let mut running = self.lock();
        if let Some((_, outcome)) = running.iter().find(|(other, _)| other == asked) {
            return Err(outcome.clone());
        }
        let (sender, receiver) = watch::channel(None);
        running.push((asked.clone(), receiver));
        drop(running);
        Ok(Lead {
            running: self.clone(),
            asked: asked.clone(),
            outcome: sender,
            kept: VecDeque::new(),
            len: 0,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(K, Outcomes)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An encoding that others may wait for; dropped, they encode for themselves.
pub(crate) struct Lead<K: PartialEq> {
    running: Running<K>,
    asked: K,
    outcome: watch::Sender<Option<Outcome>>,
    kept: VecDeque<Bytes>,
    len: usize,
}

/// What a body that is shared is kept by.
pub(crate) trait Keep: Send {
    /// Keeps a piece; false when it is too much, and this is to be dropped.
    fn keep(&mut self, piece: &Bytes) -> bool;

    /// Nothing more comes.
    fn complete(self: Box<Self>);
}

impl<K: PartialEq + Send> Keep for Lead<K> {
    fn keep(&mut self, piece: &Bytes) -> bool {
        self.len += piece.len();
        if self.len > MOST {
            self.outcome.send_replace(Some(Outcome::TooLong));
            return false;
        }
        self.kept.push_back(piece.clone());
        true
    }

    fn complete(mut self: Box<Self>) {
        let kept = std::mem::take(&mut self.kept);
        self.outcome.send_replace(Some(Outcome::Whole(kept)));
    }
}

impl<K: PartialEq> Drop for Lead<K> {
    fn drop(&mut self) {
        let asked = &self.asked;
        self.running.lock().retain(|(other, _)| other != asked);
    }
}

/// What is kept of a body for others, in bytes.
const MOST: usize = 1 << 20;
