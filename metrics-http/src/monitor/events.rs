//! [`EventQueue`]: passes events to the program's handler.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
};

use super::event::ServerEvent;
use crate::error::catch_panic;

/// The program's function that receives events.
pub(crate) type EventHandler = Arc<dyn Fn(&ServerEvent) + Send + Sync>;

/// A bounded queue between the server and a thread that calls the handler.
///
/// A handler usually writes to a log, which may block. The server never waits for it: when the
/// queue is full, further events are left out.
pub(super) struct EventQueue {
    sender: SyncSender<ServerEvent>,
    /// Events that were left out since the last one that was queued.
    omitted: AtomicU64,
}

impl EventQueue {
    /// Starts the thread, which ends when the queue is dropped.
    ///
    /// If the thread cannot be started, all events are left out.
    pub(super) fn new(handler: EventHandler) -> EventQueue {
        let (sender, events) = mpsc::sync_channel(QUEUED_EVENTS);
        let thread = thread::Builder::new().name("metrics-http-events".to_owned());
        // Without the thread, the receiver is dropped, so that sending fails.
        let _ = thread.spawn(move || handle(&events, &handler));
        EventQueue {
            sender,
            omitted: AtomicU64::new(0),
        }
    }

    pub(super) fn send(&self, mut event: ServerEvent) {
        event.omitted = self.omitted.swap(0, Ordering::Relaxed);
        let omitted = event.omitted + 1;
        if self.sender.try_send(event).is_err() {
            self.omitted.fetch_add(omitted, Ordering::Relaxed);
        }
    }
}

fn handle(events: &Receiver<ServerEvent>, handler: &EventHandler) {
    for event in events {
        // A handler that panics for one event receives the next one nevertheless. The panic hook
        // has reported the panic.
        let _ = catch_panic(|| handler(&event));
    }
}

/// Holds what a burst of failures produces while a handler writes to a log.
const QUEUED_EVENTS: usize = 256;

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::{super::event::EventCause, *};

    fn event(message: &str) -> ServerEvent {
        ServerEvent::new(EventCause::Login, None, message)
    }

    #[test]
    fn a_handler_that_panics_receives_the_next_event() {
        let (sender, received) = mpsc::channel();
        let sender = Mutex::new(sender);
        let queue = EventQueue::new(Arc::new(move |event: &ServerEvent| {
            let _ = sender.lock().unwrap().send(event.to_string());
            assert!(event.to_string() != "first", "the handler fails");
        }));
        queue.send(event("first"));
        assert_eq!(received.recv().unwrap(), "first");
        // The sender's mutex is not poisoned, because its guard is dropped before the panic.
        queue.send(event("second"));
        assert_eq!(received.recv().unwrap(), "second");
    }

    #[test]
    fn events_that_a_slow_handler_misses_are_counted_in_the_next_one() {
        let (release, blocked) = mpsc::channel::<()>();
        let (sender, received) = mpsc::channel();
        let channels = Mutex::new((blocked, sender));
        let queue = EventQueue::new(Arc::new(move |event: &ServerEvent| {
            let channels = channels.lock().unwrap();
            let _ = channels.0.recv();
            let _ = channels.1.send(event.omitted());
        }));
        // One event may be with the handler while the queue is full.
        for _ in 0..QUEUED_EVENTS + 5 {
            queue.send(event("failed"));
        }
        drop(release);
        let queued = received.iter().take(QUEUED_EVENTS).sum::<u64>();
        assert_eq!(queued, 0);
        let sent = QUEUED_EVENTS as u64 + 5;
        queue.send(event("later"));
        // The event that was with the handler may come before the later one.
        let omitted = received.iter().find(|omitted| *omitted > 0);
        let with_handler = sent - QUEUED_EVENTS as u64 - omitted.unwrap();
        assert!(
            with_handler <= 1,
            "{with_handler} events were neither passed nor counted"
        );
    }
}
