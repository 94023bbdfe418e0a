//! [`Activity`]: what one connection is doing and since when, from which its deadlines follow.

use std::{
    fmt::{self, Display, Formatter},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use crate::scrape::Exchange;

/// How long a client may take.
#[derive(Clone, Copy)]
pub(in crate::server) struct Timeouts {
    /// Until the next request is complete, and until the client has read more of a response.
    client: Duration,
    /// From the arrival of a request until the last byte of its response is written.
    response: Duration,
}

/// The requests of one connection, and the progress of their responses.
///
/// The connection's own task, the tasks of its HTTP/2 streams and the listener's task share it.
pub(super) struct Activity {
    /// `None` for a Unix socket.
    peer: Option<IpAddr>,
    timeouts: Timeouts,
    state: Mutex<State>,
    /// When the connection was accepted.
    accepted: Instant,
    /// Wakes [`Activity::overrun`], because a deadline may have become earlier.
    changed: Notify,
    /// Wakes [`Activity::retired`].
    retired: Notify,
}

struct State {
    /// The responses that are not completely written, oldest first.
    ///
    /// At most [`MAX_RESPONSES`], apart from those that arrive before the connection is closed.
    responses: Vec<Response>,
    next_id: u64,
    /// When the connection was accepted, or its last response was written.
    idle_since: Instant,
    has_had_request: bool,
    /// Why the connection must be closed at once; `None` if it may stay open.
    must_close: Option<Overrun>,
    is_retired: bool,
    /// The task that waits for the end of all responses.
    waits_for_idle: Option<Waker>,
    /// The deadline that [`Activity::overrun`] waits for.
    awaited: Instant,
}

/// A response from the arrival of its request until its last byte is written.
struct Response {
    id: u64,
    exchange: Arc<Exchange>,
    started: Instant,
    /// Since when the client has taken none of the bytes that are ready for it; `None` if no bytes
    /// are ready.
    unread_since: Option<Instant>,
    /// The chunks that hyper has received and not written completely.
    chunks: usize,
    /// Whether hyper has received the last chunk.
    is_complete: bool,
    /// Whether hyper has dropped a chunk that was not written.
    is_broken: bool,
    /// Whether hyper has dropped the body, or the service that would have created it.
    is_dropped: bool,
}

impl Response {
    /// Whether hyper has written the whole response, apart from what is in its write buffer.
    fn is_buffered(&self) -> bool {
        self.has_ended() && self.is_complete && !self.is_broken
    }

    fn has_ended(&self) -> bool {
        self.is_dropped && self.chunks == 0
    }

    /// Whether the client has disconnected or cancelled the request, or the body was not needed.
    fn is_abandoned(&self) -> bool {
        self.has_ended() && (!self.is_complete || self.is_broken)
    }
}

/// Why a connection is closed before its client closes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overrun {
    /// The client has not sent a whole request since it connected.
    FirstRequest(Duration),
    /// The client has not sent a further request.
    NextRequest,
    /// The client has read nothing of a response.
    Unread(Duration),
    /// The client has not read a response to its end.
    Response(Duration),
    /// The client has sent many requests without reading their responses.
    Requests,
    /// The listener needed the connection's place.
    Evicted,
}

impl Timeouts {
    /// Timeouts of at most a year, because their deadlines would overflow the clock.
    pub(in crate::server) fn new(client: Duration, response: Duration) -> Timeouts {
        Timeouts {
            client: client.min(YEAR),
            response: response.min(YEAR),
        }
    }
}

impl Activity {
    pub(super) fn new(peer: Option<IpAddr>, timeouts: Timeouts) -> Activity {
        let now = Instant::now();
        Activity {
            peer,
            timeouts,
            accepted: now,
            state: Mutex::new(State {
                responses: Vec::new(),
                next_id: 0,
                idle_since: now,
                has_had_request: false,
                must_close: None,
                is_retired: false,
                waits_for_idle: None,
                awaited: now,
            }),
            changed: Notify::new(),
            retired: Notify::new(),
        }
    }

    /// The client's address; `None` for a Unix socket.
    pub(super) fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// Since when the connection has been without a whole request; `None` if one is answered.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.lock();
        let is_idle = state.responses.is_empty() && state.must_close.is_none();
        is_idle.then_some(state.idle_since)
    }

    /// Since when the client has read nothing of a response that is ready; `None` if it reads.
    pub(super) fn unread_since(&self) -> Option<Instant> {
        let state = self.lock();
        let unread = state.responses.iter().filter_map(|it| it.unread_since);
        unread.min().filter(|_| state.must_close.is_none())
    }

    /// When the connection was accepted; `None` if it ends after its responses in progress.
    pub(super) fn active_since(&self) -> Option<Instant> {
        let state = self.lock();
        (!state.is_retired && state.must_close.is_none()).then_some(self.accepted)
    }

    /// Asks the connection's task to close the connection at once.
    pub(super) fn evict(&self) {
        self.lock().must_close = Some(Overrun::Evicted);
        self.changed.notify_one();
    }

    /// Asks the connection's task to close the connection after its responses in progress.
    pub(super) fn retire(&self) {
        self.lock().is_retired = true;
        self.retired.notify_waiters();
    }

    /// Completes when the connection is asked to close after its responses in progress.
    pub(super) async fn retired(&self) {
        // Created before the flag is read, because it misses notifications from before.
        let retired = self.retired.notified();
        if !self.lock().is_retired {
            retired.await;
        }
    }

    /// Completes when the client exceeds a limit, or the connection is evicted.
    pub(super) async fn overrun(&self) -> Overrun {
        loop {
            let (deadline, overrun) = self.await_deadline();
            if deadline <= Instant::now() {
                return overrun;
            }
            // Either outcome is a reason to look again: a response that makes progress moves the
            // deadline without a notification.
            let _ = timeout_at(deadline, self.changed.notified()).await;
        }
    }

    /// The next deadline, which is noted as the awaited one.
    fn await_deadline(&self) -> (Instant, Overrun) {
        let mut state = self.lock();
        let next = self.deadline(&state);
        state.awaited = next.0;
        next
    }

    fn deadline(&self, state: &State) -> (Instant, Overrun) {
        if let Some(overrun) = state.must_close {
            return (state.idle_since, overrun);
        }
        let timeout = self.timeouts.client;
        let unread = state.responses.iter().filter_map(|it| it.unread_since);
        let unread = unread.map(|since| (since + timeout, Overrun::Unread(timeout)));
        let whole = self.timeouts.response;
        let responses = state.responses.iter();
        let responses = responses.map(|it| (it.started + whole, Overrun::Response(whole)));
        let earliest = unread
            .chain(responses)
            .min_by_key(|(deadline, _)| *deadline);
        earliest.unwrap_or_else(|| {
            let (timeout, overrun) = if state.has_had_request {
                (timeout, Overrun::NextRequest)
            } else {
                let timeout = timeout.min(FIRST_REQUEST_TIMEOUT);
                (timeout, Overrun::FirstRequest(timeout))
            };
            (state.idle_since + timeout, overrun)
        })
    }

    /// Called when the client has closed its side; ready when no request is being answered.
    pub(super) fn poll_closed(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.responses.is_empty() {
            return Poll::Ready(());
        }
        for response in &state.responses {
            response.exchange.client_closed();
        }
        state.waits_for_idle = Some(context.waker().clone());
        Poll::Pending
    }

    /// Called when a request has arrived.
    pub(super) fn begin(self: &Arc<Activity>) -> ResponseProgress {
        let exchange = Arc::new(Exchange::new(self.peer));
        let mut state = self.lock();
        let id = state.next_id;
        state.next_id += 1;
        state.has_had_request = true;
        if state.responses.len() >= MAX_RESPONSES {
            state.must_close = Some(Overrun::Requests);
            self.changed.notify_one();
        }
        state.responses.push(Response {
            id,
            exchange: Arc::clone(&exchange),
            started: Instant::now(),
            unread_since: None,
            chunks: 0,
            is_complete: false,
            is_broken: false,
            is_dropped: false,
        });
        ResponseProgress {
            activity: Arc::clone(self),
            exchange,
            id,
        }
    }

    /// Called when everything that hyper had buffered has been written to the socket.
    pub(super) fn flushed(&self) {
        let written = {
            let mut state = self.lock();
            let mut written = Vec::new();
            for response in state.responses.extract_if(.., |it| it.is_buffered()) {
                written.push(response.exchange);
            }
            for response in &mut state.responses {
                if response.chunks == 0 {
                    response.unread_since = None;
                }
            }
            self.now_idle(&mut state, !written.is_empty());
            written
        };
        // Confirmations take locks of the registry, so they run without the lock of `state`.
        for exchange in written {
            exchange.confirm_written();
        }
    }

    /// Changes the response with this id, and removes it if it has become abandoned.
    fn update(&self, id: u64, change: impl FnOnce(&mut Response)) {
        let mut state = self.lock();
        let Some(position) = state.responses.iter().position(|it| it.id == id) else {
            return;
        };
        let response = &mut state.responses[position];
        change(response);
        let deadline = response.unread_since.map(|at| at + self.timeouts.client);
        if response.is_abandoned() {
            state.responses.remove(position);
            self.now_idle(&mut state, true);
        } else if deadline.is_some_and(|deadline| deadline < state.awaited) {
            // Only then, because a notification for each chunk would poll the connection twice as
            // often.
            self.changed.notify_one();
        }
    }

    fn now_idle(&self, state: &mut State, has_removed: bool) {
        if has_removed && state.responses.is_empty() {
            state.idle_since = Instant::now();
            self.changed.notify_one();
            if let Some(waker) = state.waits_for_idle.take() {
                waker.wake();
            }
        }
    }

    /// Ignores poisoning, because no code that can panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reports the progress of one response to the [`Activity`] of its connection.
///
/// Dropped with the body, or with the service that would have created it.
pub(super) struct ResponseProgress {
    activity: Arc<Activity>,
    exchange: Arc<Exchange>,
    id: u64,
}

impl ResponseProgress {
    pub(super) fn exchange(&self) -> Arc<Exchange> {
        Arc::clone(&self.exchange)
    }

    /// Called when the head of the response is ready.
    pub(super) fn head_ready(&self) {
        self.activity.update(self.id, |response| {
            response.unread_since = Some(Instant::now());
        });
    }

    /// Called when hyper receives a chunk.
    pub(super) fn chunk_ready(&self, is_empty: bool) -> ChunkProgress {
        self.activity.update(self.id, |response| {
            response.chunks += usize::from(!is_empty);
            response.unread_since.get_or_insert_with(Instant::now);
        });
        ChunkProgress {
            activity: Arc::clone(&self.activity),
            id: self.id,
            has_ended: is_empty,
        }
    }

    /// Called when hyper has received the last chunk.
    pub(super) fn completed(&self) {
        self.activity
            .update(self.id, |response| response.is_complete = true);
    }
}

impl Drop for ResponseProgress {
    fn drop(&mut self) {
        self.activity.update(self.id, |response| {
            response.is_dropped = true;
            response.unread_since.get_or_insert_with(Instant::now);
        });
    }
}

/// Reports the progress of one chunk of a response.
pub(super) struct ChunkProgress {
    activity: Arc<Activity>,
    id: u64,
    has_ended: bool,
}

impl ChunkProgress {
    /// Called when hyper has written a part of the chunk, or copied it to its write buffer.
    ///
    /// The end of the chunk is noticed here and not when it is dropped, because HTTP/2 keeps a
    /// chunk that is written.
    pub(super) fn advanced(&mut self, is_end: bool) {
        self.has_ended |= is_end;
        self.activity.update(self.id, |response| {
            response.chunks -= usize::from(is_end);
            response.unread_since = Some(Instant::now());
        });
    }
}

impl Drop for ChunkProgress {
    fn drop(&mut self) {
        if !self.has_ended {
            self.activity.update(self.id, |response| {
                response.chunks -= 1;
                response.is_broken = true;
            });
        }
    }
}

impl Display for Overrun {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Overrun::FirstRequest(limit) => {
                write!(f, "the client did not send a request within {limit:?}")
            }
            Overrun::NextRequest => f.write_str("the client did not send a further request"),
            Overrun::Unread(limit) => {
                write!(
                    f,
                    "the client did not read anything of a response for {limit:?}"
                )
            }
            Overrun::Response(limit) => {
                write!(f, "a response was not finished {limit:?} after its request")
            }
            Overrun::Requests => write!(
                f,
                "the client sent {MAX_RESPONSES} requests without reading their responses"
            ),
            Overrun::Evicted => f.write_str("another client needed the connection"),
        }
    }
}

/// The time for a TLS handshake and the first request, which a client sends as soon as it has
/// connected. Further requests have the whole `client_timeout`, because clients keep connections
/// open between two scrapes.
const FIRST_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Limit on the responses of a connection that are not written. HTTP/2 allows more than its streams:
/// a stream ends when its client cancels it, although its answer without a body is not written.
const MAX_RESPONSES: usize = 64;
const YEAR: Duration = Duration::from_hours(365 * 24);
