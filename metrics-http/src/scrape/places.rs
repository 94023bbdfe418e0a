//! [`Places`]: limits how many expositions are encoded at the same time, and how many wait for
//! their readers.
//!
//! An exposition holds a [`Place`] while it is encoded. When its chunks are not read, it gives the
//! place to another scrape, and takes one again once there is room for the next chunk. Slow readers
//! therefore do not delay other scrapes. Each of them costs a thread, two chunks, the state of the
//! compressor and the values of collectors, so [`WaitingList`](super::waiting_list::WaitingList)
//! limits their number.

use std::{
    future::Future,
    io,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Instant,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::waiting_list::{Abortable, Admission, WaitingExposition, WaitingList};

/// The places of one endpoint; clones share them.
#[derive(Clone)]
pub(super) struct Places(Arc<Inner>);

struct Inner {
    /// One permit per exposition that is being encoded. Fair, so that an exposition whose reader
    /// has caught up goes on before scrapes that came later.
    encoding: Arc<Semaphore>,
    /// One permit per scrape that waits for its first permit of `encoding`.
    queue: Semaphore,
    waiting: Mutex<WaitingList>,
}

impl Places {
    pub(super) fn new(max_concurrent: usize, max_queued: usize) -> Places {
        let max_concurrent = max_concurrent.clamp(1, Semaphore::MAX_PERMITS);
        let max_waiting = max_queued.max(max_concurrent);
        Places(Arc::new(Inner {
            encoding: Arc::new(Semaphore::new(max_concurrent)),
            queue: Semaphore::new(max_queued.min(Semaphore::MAX_PERMITS)),
            waiting: Mutex::new(WaitingList::new(max_waiting, max_concurrent)),
        }))
    }

    /// Waits for a place; `None` if too many scrapes wait already.
    pub(super) async fn take(&self) -> Option<Place> {
        let encoding = &self.0.encoding;
        let permit = if let Ok(permit) = Arc::clone(encoding).try_acquire_owned() {
            permit
        } else {
            let _queued = self.0.queue.try_acquire().ok()?;
            // Does not fail, because the semaphore is never closed.
            Arc::clone(encoding).acquire_owned().await.ok()?
        };
        Some(Place {
            places: self.clone(),
            permit: Some(permit),
            start: Instant::now(),
            collected_bytes: 0,
        })
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn waiting(&self) -> MutexGuard<'_, WaitingList> {
        let waiting = self.0.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one exposition among those that are encoded.
pub(super) struct Place {
    places: Places,
    /// `None` while the exposition waits for its reader.
    permit: Option<OwnedSemaphorePermit>,
    /// When encoding began.
    start: Instant,
    collected_bytes: usize,
}

impl Place {
    /// Notes that encoding begins, until whose end the values of collectors occupy memory.
    pub(super) fn begin_encoding(&mut self, collected_bytes: usize) {
        self.start = Instant::now();
        self.collected_bytes = collected_bytes;
    }

    /// Waits for the reader of `exposition`, which has taken `read_bytes` so far, and meanwhile
    /// gives the place away.
    ///
    /// `wait` waits until there is room for another chunk, and returns false if there is none at
    /// the given time. If too many expositions wait, and none of them may be aborted yet, the place
    /// is kept for a moment.
    ///
    /// # Errors
    ///
    /// Those of `wait`, which has to fail if `exposition` is aborted. The place is free then.
    pub(super) fn wait_for_reader(
        &mut self,
        exposition: &Arc<impl Abortable + 'static>,
        read_bytes: u64,
        mut wait: impl FnMut(Option<Instant>) -> io::Result<bool>,
    ) -> io::Result<()> {
        let entry = || WaitingExposition {
            exposition: Arc::clone(exposition) as Arc<dyn Abortable>,
            start: self.start,
            read_bytes,
            collected_bytes: self.collected_bytes,
        };
        let listed = loop {
            let admission = self.places.waiting().admit(entry(), Instant::now());
            match admission {
                Admission::Listed(id) => {
                    break Listed {
                        places: &self.places,
                        id,
                    };
                }
                Admission::Full { retry } => {
                    if wait(Some(retry))? {
                        return Ok(());
                    }
                }
            }
        };
        self.permit = None;
        while !wait(None)? {}
        self.places.waiting().note_room(listed.id);
        let encoding = &self.places.0.encoding;
        self.permit = match Arc::clone(encoding).try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) => block_on(Arc::clone(encoding).acquire_owned()).ok(),
        };
        Ok(())
    }
}

/// An exposition in the list of those that wait; leaves it when dropped.
struct Listed<'p> {
    places: &'p Places,
    id: u64,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.places.waiting().remove(self.id);
    }
}

/// Polls a future on the calling thread, which sleeps in between.
///
/// The endpoint may be mounted in a server without tokio's runtime, whose `block_on` would do the
/// same.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}
