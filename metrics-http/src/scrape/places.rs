//! [`Places`]: limits how many expositions are encoded at the same time, and how many wait for
//! their readers.
//!
//! An exposition holds a [`Place`] while its collectors run, and then one of another kind while it is
//! encoded. When its chunks are not read for a few milliseconds, it gives that one to another scrape,
//! and takes one again once there is room for the next chunk. Slow collectors and slow readers
//! therefore do not delay expositions that are encoded and read. Each slow reader costs a thread, two
//! chunks, the state of the compressor and the values of collectors, so
//! [`WaitingList`](super::waiting_list::WaitingList) limits their number.

use std::{
    future::Future,
    io,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::waiting_list::{Abortable, Admission, WaitingExposition, WaitingList};

/// The places of one endpoint; clones share them.
#[derive(Clone)]
pub(super) struct Places(Arc<Inner>);

struct Inner {
    /// One permit per exposition whose collectors run, or which waits for its first permit of
    /// `encoding`.
    collecting: Arc<Semaphore>,
    /// One permit per exposition that is being encoded. Fair, so that an exposition whose reader
    /// has caught up goes on before scrapes that came later.
    encoding: Arc<Semaphore>,
    /// One permit per scrape that waits for its permit of `collecting`.
    queue: Semaphore,
    waiting: Mutex<WaitingList>,
}

impl Places {
    pub(super) fn new(max_concurrent: usize, max_queued: usize) -> Places {
        let max_concurrent = max_concurrent.clamp(1, Semaphore::MAX_PERMITS);
        let max_waiting = max_queued.max(max_concurrent);
        Places(Arc::new(Inner {
            collecting: Arc::new(Semaphore::new(max_concurrent)),
            encoding: Arc::new(Semaphore::new(max_concurrent)),
            queue: Semaphore::new(max_queued.min(Semaphore::MAX_PERMITS)),
            waiting: Mutex::new(WaitingList::new(max_waiting, max_concurrent)),
        }))
    }

    /// Waits for a place to run collectors; `None` if too many scrapes wait already.
    pub(super) async fn take(&self) -> Option<Place> {
        let collecting = &self.0.collecting;
        let permit = if let Ok(permit) = Arc::clone(collecting).try_acquire_owned() {
            permit
        } else {
            let _queued = self.0.queue.try_acquire().ok()?;
            // Does not fail, because the semaphore is never closed.
            Arc::clone(collecting).acquire_owned().await.ok()?
        };
        Some(Place {
            places: self.clone(),
            permit: Some(permit),
            start: Instant::now(),
            collected_bytes: 0,
        })
    }

    /// Blocks the thread until there is a place to encode.
    fn take_encoding(&self) -> Option<OwnedSemaphorePermit> {
        let encoding = &self.0.encoding;
        match Arc::clone(encoding).try_acquire_owned() {
            Ok(permit) => Some(permit),
            // Does not fail, because the semaphore is never closed.
            Err(_) => block_on(Arc::clone(encoding).acquire_owned()).ok(),
        }
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn waiting(&self) -> MutexGuard<'_, WaitingList> {
        let waiting = self.0.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one exposition among those whose collectors run, and then among those that are
/// encoded.
pub(super) struct Place {
    places: Places,
    /// Of one of the two semaphores. `None` while the exposition waits for its reader.
    permit: Option<OwnedSemaphorePermit>,
    /// When encoding began.
    start: Instant,
    collected_bytes: usize,
}

impl Place {
    /// Waits for a place to encode. From now on the values of collectors occupy `collected_bytes`.
    pub(super) fn begin_encoding(&mut self, collected_bytes: usize) {
        // The place among the collecting ones is kept meanwhile, because it limits how many
        // expositions have values of collectors in memory.
        self.permit = self.places.take_encoding();
        self.start = Instant::now();
        self.collected_bytes = collected_bytes;
    }

    /// Waits for the reader of `exposition`, which has taken `read_bytes` so far, and gives the
    /// place away if that takes longer than [`PROMPT_READ`].
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
        // A client that reads as fast as it can takes a chunk within this time. It keeps its place,
        // because it would otherwise wait for another one after each chunk.
        if wait(Some(Instant::now() + PROMPT_READ))? {
            return Ok(());
        }
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
        self.permit = self.places.take_encoding();
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

/// How long an exposition waits for its reader before it gives its place away.
///
/// Short, so that as many readers as there are places, each of which takes a chunk just before this
/// time is over, do not delay others for long.
const PROMPT_READ: Duration = Duration::from_millis(5);

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

#[cfg(test)]
mod tests {
    use std::{
        io::{ErrorKind, Write},
        pin::pin,
        sync::mpsc::{self, RecvTimeoutError},
    };

    use hyper::body::{Body as _, Bytes};

    use super::{
        super::{body::Body, pipe::CHUNK_BYTES},
        *,
    };

    /// Encodes an exposition of `chunks` chunks on a thread, whose end is sent.
    fn encode(places: &Places, chunks: usize) -> (Body, mpsc::Receiver<io::Result<()>>) {
        let (body, writer) = Body::stream(Duration::MAX);
        let (sender, ended) = mpsc::channel();
        let places = places.clone();
        thread::spawn(move || {
            let mut place = block_on(places.take()).expect("the queue is long enough");
            place.begin_encoding(0);
            let mut out = writer.with_place(place);
            let chunk = vec![0; CHUNK_BYTES];
            let written = (0..chunks).try_for_each(|_| out.write_all(&chunk));
            let _ = sender.send(written.and_then(|()| out.finish()));
        });
        (body, ended)
    }

    /// Reads a chunk; `None` at the end of the body.
    fn read(body: &mut Body) -> Option<io::Result<Bytes>> {
        let frame = block_on(std::future::poll_fn(|context| {
            pin!(&mut *body).poll_frame(context)
        }));
        frame.map(|frame| frame.map(|frame| frame.into_data().unwrap_or_default()))
    }

    #[test]
    fn expositions_that_are_not_read_pass_on_their_only_place() {
        let places = Places::new(1, 100);
        let mut waiting: Vec<_> = (0..50).map(|_| encode(&places, 5)).collect();
        // A place is passed on in order, so that this exposition does not end before all others
        // have given theirs away.
        let (mut body, ended) = encode(&places, 1);
        while let Some(chunk) = read(&mut body) {
            chunk.unwrap();
        }
        ended.recv().unwrap().unwrap();
        for (body, _) in &mut waiting {
            for _ in 0..5 {
                assert_eq!(read(body).unwrap().unwrap().len(), CHUNK_BYTES);
            }
        }
        for (mut body, ended) in waiting {
            assert!(read(&mut body).is_none());
            ended.recv().unwrap().unwrap();
        }
        assert_eq!(places.0.collecting.available_permits(), 1);
        assert_eq!(places.0.encoding.available_permits(), 1);
    }

    #[test]
    fn an_exposition_that_is_not_read_is_aborted_if_too_many_wait() {
        let places = Places::new(1, 2);
        let waiting: Vec<_> = (0..2).map(|_| encode(&places, 5)).collect();
        let (_body, ended) = encode(&places, 5);
        let ends: Vec<_> = waiting
            .iter()
            .map(|(_, ended)| ended)
            .chain([&ended])
            .collect();
        let error = loop {
            let end =
                ends.iter()
                    .find_map(|end| match end.recv_timeout(Duration::from_millis(10)) {
                        Ok(end) => Some(end),
                        Err(RecvTimeoutError::Timeout) => None,
                        Err(error) => panic!("{error}"),
                    });
            if let Some(end) = end {
                break end.unwrap_err();
            }
        };
        assert_eq!(error.kind(), ErrorKind::ResourceBusy);
    }
}
